//! A client that knows what the answer must be.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::run::Result;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A request, and where it goes.
#[derive(Clone)]
pub(super) struct Question {
    address: SocketAddr,
    bytes: Vec<u8>,
}

impl Question {
    pub(super) fn new(address: SocketAddr, path: &str, kind: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: load\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        let bytes = [head.as_bytes(), body].concat();
        Self { address, bytes }
    }
}

/// Status and body.
pub(super) type Answer = (u16, Vec<u8>);

/// A connection that is kept for the next request.
pub(super) struct Client<'a> {
    question: &'a Question,
    stream: Option<BufReader<TcpStream>>,
}

impl<'a> Client<'a> {
    pub(super) fn new(question: &'a Question) -> Self {
        Self {
            question,
            stream: None,
        }
    }

    /// Asks, and says how long the answer took, a new connection included if there was none.
    pub(super) fn ask(&mut self) -> Result<(Answer, Duration)> {
        let start = Instant::now();
        let answer = self
            .exchange()
            .map_err(|error| format!("{}: {error}", self.question.address))?;
        Ok((answer, start.elapsed()))
    }

    fn exchange(&mut self) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.question.address)?),
        };
        stream.get_mut().write_all(&self.question.bytes)?;
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| invalid(&format!("no status in {line:?}")))?;
        let (mut length, mut kept) = (None, true);
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok(),
                "connection" => kept = !value.trim().eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        let mut body = vec![0; length.ok_or_else(|| invalid("no length"))?];
        stream.read_exact(&mut body)?;
        self.stream = kept.then_some(stream);
        Ok((status, body))
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
