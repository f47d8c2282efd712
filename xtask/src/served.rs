//! `bootstrap serve`, with a real Chromium and with schemathesis as its clients.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::checks::Outcome;
use crate::run::{Result, root, said, target};
use crate::web::{Page, Server};
use crate::{demo, python, setup};

/// What drives the browser.
const PLAYWRIGHT: &str = "playwright==1.65.2";
/// What reads the OpenAPI document and makes requests of it.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// What the sample picture shows.
const LABEL: &str = "pants";

/// A running `bootstrap serve`, ended on drop.
pub(crate) struct Served {
    child: Child,
    url: String,
}

impl Served {
    /// Starts it at a free port, with nothing in its environment but the repository's model.
    pub(crate) fn start(options: &[&str]) -> Result<Self> {
        let bootstrap = demo::build()?;
        let mut child = Command::new(&bootstrap)
            .args(["serve", "--port", "0"])
            .args(options)
            .env_clear()
            .env("ALLOW_PRIVATE_URLS", "1")
            .envs(demo::model())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", bootstrap.display()))?;
        let log = child.stderr.take();
        let mut served = Self {
            child,
            url: String::new(),
        };
        let mut log = BufReader::new(log.ok_or("bootstrap has no log")?);
        served.url = address(&mut log)?;
        // Nobody reads the rest, but it must go somewhere.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(served)
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        address_of(&self.url).ok_or_else(|| format!("{} is no address", self.url))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log as far as the line that says where the server listens.
fn address(log: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    let mut all = String::new();
    while log.read_line(&mut line).is_ok_and(|length| length > 0) {
        let fields: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = fields["address"].as_str() {
            return Ok(format!("http://{address}"));
        }
        all.push_str(&line);
        line.clear();
    }
    let _ = log.read_to_string(&mut all);
    Err(format!("bootstrap serve does not listen:\n{all}"))
}

/// A server with the sample picture, for requests that name one.
pub(crate) fn pictures() -> Result<Server> {
    let sample = demo::sample();
    let picture = fs::read(&sample).map_err(|error| format!("{}: {error}", sample.display()))?;
    Server::start(BTreeMap::from([(
        "/trousers.jpg",
        Page::File("image/jpeg", picture),
    )]))
}

/// Uses the page in Chromium. The screenshots are in `target/page`.
pub(crate) fn page() -> Result<Outcome> {
    if !demo::model().iter().all(|(_, path)| path.is_file()) {
        return Ok(Outcome::Skipped("the repository has no model".to_owned()));
    }
    setup::ensure(setup::CHROMIUM)?;
    let python = python::environment("python-playwright", "Playwright", &[PLAYWRIGHT])?;
    let (served, pictures) = (Served::start(&[])?, pictures()?);
    let out = target().join("page");
    let mut check = python::script(&python, "lambda-fn/tests/page/check.py");
    check
        .args(["--chromium", "chromium", "--label", LABEL])
        .args(["--page", &format!("{}/", served.url)])
        .args(["--link", &pictures.url("/trousers.jpg")])
        .args(["--broken", &pictures.url("/missing.jpg")])
        .arg("--picture")
        .arg(demo::sample())
        .arg("--out")
        .arg(&out);
    let output = said(&mut check)?;
    let last = output.lines().last().unwrap_or_default();
    Ok(Outcome::Counted(last.to_owned()))
}

/// Sends requests that schemathesis makes of the OpenAPI document, and compares the answers with it.
pub(crate) fn contract() -> Result<Outcome> {
    if !demo::model().iter().all(|(_, path)| path.is_file()) {
        return Ok(Outcome::Skipped("the repository has no model".to_owned()));
    }
    let python = python::environment("python-schemathesis", "schemathesis", &[SCHEMATHESIS])?;
    let (served, pictures) = (Served::start(&[])?, pictures()?);
    let folder = root().join("lambda-fn/tests/contract");
    let output = said(
        Command::new(python.with_file_name("schemathesis"))
            .arg("--config-file")
            .arg(folder.join("schemathesis.toml"))
            .arg("run")
            .arg(format!("{}/openapi.json", served.url))
            .args(["--url", &served.url])
            .args(["--phases", "examples,coverage,fuzzing"])
            .args(["--max-examples", "200", "--continue-on-failure"])
            // The same requests each time: a finding must not come and go.
            .args(["--seed", "1", "--no-color"])
            .current_dir(work_folder()?)
            .env("PICTURES", pictures.url(""))
            .env("PICTURE", demo::sample())
            .env("SCHEMATHESIS_HOOKS", folder.join("hooks.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )?;
    let cases = output
        .lines()
        .find(|line| line.contains(" generated"))
        .ok_or_else(|| format!("schemathesis does not say what it did:\n{output}"))?;
    Ok(Outcome::Counted(cases.trim().to_owned()))
}

/// Where schemathesis leaves its notes.
fn work_folder() -> Result<PathBuf> {
    let folder = target().join("contract");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Where a server listens whose address is a URL without a path.
fn address_of(url: &str) -> Option<SocketAddr> {
    let rest = url.strip_prefix("http://")?;
    let host = rest.split('/').next()?;
    host.replace("localhost", "127.0.0.1").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_url() {
        let address = address_of("http://localhost:8080/2015-03-31/functions");
        assert_eq!(address, Some(SocketAddr::from(([127, 0, 0, 1], 8080))));
        assert_eq!(
            address_of("http://127.0.0.1:9").map(|it| it.port()),
            Some(9)
        );
    }
}
