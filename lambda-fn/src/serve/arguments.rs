//! The command line of `bootstrap`.

use std::{ffi::OsString, net::IpAddr, time::Duration};

use lexopt::{Arg, Parser, ValueExt};

use super::Options;

/// What `--help` prints.
pub const USAGE: &str = "\
Classifies pictures with a TensorFlow Lite model.

Usage: bootstrap                  as AWS Lambda starts it
       bootstrap serve [OPTIONS]  an HTTP server: POST /predict, GET /health, GET /
       bootstrap pack-weights FILE  writes the packed weights of the model

Options:
  --port PORT       where to listen [default: $PORT, or 8080]
  --host ADDRESS    and at which address [default: 127.0.0.1; 0.0.0.0 for all]
  --concurrency N   requests that are answered at the same time; more get 429 [default: 16]
  --timeout SECONDS the longest time for one answer [default: 30]
  --help, --version
";

/// The command line cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}; --help tells what there is")]
pub struct ArgumentError(String);

impl From<lexopt::Error> for ArgumentError {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Nothing: answer the events of Lambda.
    Lambda,
    /// `serve`.
    Serve(Options),
    /// `--help`.
    Help,
    /// `--version`.
    Version,
}

impl Command {
    /// Reads the arguments behind the program's name. `port` is the variable `PORT`.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] names what cannot be used.
    pub fn parse(
        arguments: impl IntoIterator<Item = OsString>,
        port: Option<&str>,
    ) -> Result<Self, ArgumentError> {
        let mut parser = Parser::from_args(arguments);
        match parser.next()? {
            None => Ok(Self::Lambda),
            Some(Arg::Long("help") | Arg::Short('h')) => Ok(Self::Help),
            Some(Arg::Long("version")) => Ok(Self::Version),
            Some(Arg::Value(name)) if name == "serve" => serve(parser, port),
            Some(other) => Err(other.unexpected().into()),
        }
    }
}

fn serve(mut parser: Parser, port: Option<&str>) -> Result<Command, ArgumentError> {
    let mut options = Options::default();
    if let Some(text) = port {
        let port = text
            .parse()
            .map_err(|_| ArgumentError(format!("PORT={text:?} is not a port")))?;
        options.address.set_port(port);
    }
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("port") | Arg::Short('p') => {
                options.address.set_port(parser.value()?.parse()?);
            }
            Arg::Long("host") => {
                let host: IpAddr = parser.value()?.parse()?;
                options.address.set_ip(host);
            }
            Arg::Long("concurrency") => {
                options.concurrency = from_one(parser.value()?.parse()?, 4096)?;
            }
            Arg::Long("timeout") => {
                let seconds = from_one(parser.value()?.parse()?, 3600)?;
                options.timeout = Duration::from_secs(seconds as u64);
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Serve(options))
}

fn from_one(number: usize, max: usize) -> Result<usize, ArgumentError> {
    if (1..=max).contains(&number) {
        Ok(number)
    } else {
        Err(ArgumentError(format!("{number} is not from 1 to {max}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, port: Option<&str>) -> Result<Command, ArgumentError> {
        Command::parse(line.split_whitespace().map(OsString::from), port)
    }

    fn address(line: &str, port: Option<&str>) -> String {
        match parse(line, port).unwrap() {
            Command::Serve(options) => options.address.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_port_comes_from_the_option_or_the_variable() {
        assert_eq!(parse("", Some("9")).unwrap(), Command::Lambda);
        assert_eq!(address("serve", None), "127.0.0.1:8080");
        assert_eq!(address("serve", Some("9000")), "127.0.0.1:9000");
        assert_eq!(address("serve --port 0", Some("9000")), "127.0.0.1:0");
        assert_eq!(address("serve --host 0.0.0.0 -p 80", None), "0.0.0.0:80");
        assert_eq!(address("serve --host=::1", None), "[::1]:8080");
        assert_eq!(parse("--help", None).unwrap(), Command::Help);
        assert_eq!(parse("serve --help", None).unwrap(), Command::Help);
        assert_eq!(parse("--version", None).unwrap(), Command::Version);
    }

    #[test]
    fn nonsense_is_refused() {
        for (line, part) in [
            ("run", "run"),
            ("serve here", "here"),
            ("serve --port", "--port"),
            ("serve --port 65536", "65536"),
            ("serve --host example.com", "example.com"),
            ("serve --concurrency 0", "1 to 4096"),
            ("serve --timeout 1h", "1h"),
            ("--verbose", "--verbose"),
        ] {
            let message = parse(line, None).unwrap_err().to_string();
            assert!(message.contains(part), "{line}: {message}");
            assert!(message.ends_with("--help tells what there is"), "{message}");
        }
        let message = parse("serve", Some("http")).unwrap_err().to_string();
        assert!(message.contains("PORT=\"http\""), "{message}");
    }
}
