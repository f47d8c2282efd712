//! `bootstrap serve` as a process, clients that wait for it, and servers that it asks.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    process::{file, signal},
    table,
};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A small model, so that also a debug build is quick.
pub(super) const MODEL: &str = "../tflite/tests/parity/data/mobile_block.float32.tflite";

pub(super) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(super) fn picture(name: &str) -> Vec<u8> {
    fs::read(repository("../keras-preprocess/tests/golden/pictures").join(name)).unwrap()
}

/// A running `bootstrap serve`, ended on drop.
pub(super) struct Served {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Served {
    /// With the small model, and pictures from loopback that have a second to come.
    pub(super) fn start(options: &[&str]) -> Self {
        Self::with(options, &[])
    }

    pub(super) fn with(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
        command.args(["serve", "--port", "0"]).args(options);
        command
            .env_clear()
            .env("MODEL_PATH", repository(MODEL))
            .env("LABELS_PATH", file("faults.labels.txt", b"a\nb\nc\nd\ne\n"))
            .env("ALLOW_PRIVATE_URLS", "1")
            .env("FETCH_TIMEOUT_SECONDS", "1")
            .envs(variables.iter().copied());
        Self::launch(&mut command)
    }

    pub(super) fn launch(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let begin = said.len();
            assert_ne!(log.read_line(&mut said).unwrap(), 0, "{said}");
            let line: Value = serde_json::from_str(&said[begin..]).unwrap_or_default();
            if let Some(address) = line["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        // Nobody reads the rest, but it must go somewhere.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, address }
    }

    pub(super) fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Asks about a picture by its address.
    pub(super) fn ask(&self, url: &str) -> Answer {
        let body = json!({ "url": url }).to_string();
        self.post("application/json", body.as_bytes())
    }

    /// Asks about a picture that comes along.
    pub(super) fn upload(&self, picture: &[u8]) -> Answer {
        self.post("application/octet-stream", picture)
    }

    fn post(&self, kind: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(head(kind, body.len()).as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Answer::read(stream).unwrap()
    }

    /// A good request.
    pub(super) fn good(&self) -> Answer {
        let answer = self.upload(&picture("rgb.png"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    pub(super) fn terminate(&self) {
        signal(self.child.id(), "TERM");
    }

    /// The exit code, which must come soon.
    pub(super) fn exit_code(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The head of a request about a picture. The connection ends with the answer.
pub(super) fn head(kind: &str, length: usize) -> String {
    format!(
        "POST /predict HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// Reads to the end of the connection. `None` if there is no whole answer.
    pub(super) fn read(mut stream: TcpStream) -> Option<Self> {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).ok()?;
        let text = String::from_utf8(all).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))?;
        (length.parse() == Ok(body.len())).then_some(())?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = body.to_owned();
        Some(Self { status, body })
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As the table has it.
    pub(super) fn told(&self, server: SocketAddr) -> String {
        table::told(self.status, &self.body, &server.to_string())
    }
}

/// Answers each request for a path with `serve`, until the process ends. What `serve` returns is of no
/// interest: its errors are the client's going away.
pub(super) fn server<T>(
    serve: impl Fn(&str, &mut TcpStream) -> T + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = std::sync::Arc::new(serve);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let serve = std::sync::Arc::clone(&serve);
            thread::spawn(move || {
                let mut first = String::new();
                let mut lines = BufReader::new(Unread(&stream));
                let _ = lines.read_line(&mut first);
                drop(lines);
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                serve(&path, &mut stream);
            });
        }
    });
    address
}

/// Reads a stream byte by byte, so that what follows a line stays in the kernel: a connection that is
/// closed with something unread is reset.
struct Unread<'a>(&'a TcpStream);

impl Read for Unread<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut stream = self.0;
        let end = buffer.len().min(1);
        stream.read(&mut buffer[..end])
    }
}

/// Reads what is left of a request's head.
pub(super) fn read_head(stream: &TcpStream) {
    for line in BufReader::new(stream).lines() {
        if line.is_ok_and(|line| line.is_empty()) {
            break;
        }
    }
}

/// A whole and honest answer.
pub(super) fn respond(stream: &mut TcpStream, more: &str, body: &[u8]) -> std::io::Result<()> {
    read_head(stream);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)
}
