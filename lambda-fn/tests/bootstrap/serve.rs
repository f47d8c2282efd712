//! `bootstrap serve`: the command line, the log, and SIGTERM.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::process::{bootstrap, model, signal};

struct Served {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Served {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut served = Self {
            child,
            log,
            address: String::new(),
        };
        assert_eq!(served.line()["message"], "started");
        served.address = served.line()["address"].as_str().unwrap().to_owned();
        served
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.log.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_serves_until_it_is_asked_to_stop() {
    let Some(model) = model() else { return };
    for name in ["TERM", "INT"] {
        let mut command = bootstrap();
        // Lambda's own variables are of no interest here.
        command
            .env_clear()
            .env("MODEL_PATH", &model)
            .env("PORT", "1");
        let mut served = Served::start(command.args(["serve", "--port", "0"]));
        assert!(served.address.starts_with("127.0.0.1:"));
        let health = served.ask("GET /health");
        assert!(health.starts_with("HTTP/1.1 200 OK\r\n"), "{health}");
        assert_eq!(served.line()["path"], "/health");
        signal(served.child.id(), name);
        assert!(served.child.wait().unwrap().success());
    }
}

#[test]
fn command_lines_that_cannot_be_used() {
    for (arguments, part) in [
        (&["serve", "--port", "http"][..], "http"),
        (&["serve", "--prot", "1"], "--prot"),
        (&["run"], "run"),
    ] {
        let output = bootstrap().args(arguments).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(message.starts_with("bootstrap: "), "{message}");
        assert!(message.contains(part), "{message}");
    }
    let help = bootstrap().arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(
        String::from_utf8(help.stdout)
            .unwrap()
            .contains("--concurrency")
    );
}

#[test]
fn an_address_that_is_taken() {
    let Some(model) = model() else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = bootstrap()
        .env("MODEL_PATH", model)
        .args(["serve", "--port", &port])
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    let last = message.lines().last().unwrap();
    assert!(
        last.starts_with("bootstrap: 127.0.0.1:") && last.contains(&port),
        "{message}"
    );
}
