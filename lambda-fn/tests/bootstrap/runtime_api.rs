//! The part of Lambda that the binary talks to: it hands out events and takes answers.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

/// What came back for an event.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// The answer's bytes.
    Response(String),
    /// The error's `errorType` and `errorMessage`.
    Error(String, String),
}

/// A running `bootstrap`, ended on drop.
pub(crate) struct Function {
    child: Child,
    events: Sender<Vec<u8>>,
    outcomes: Receiver<Outcome>,
}

impl Function {
    pub(crate) fn start(command: &mut Command) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (events, next_event) = mpsc::channel();
        let (outcome, outcomes) = mpsc::channel();
        thread::spawn(move || serve(&listener, next_event, &outcome));
        let child = command
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            events,
            outcomes,
        }
    }

    /// Sends an event and waits for what comes back.
    pub(crate) fn invoke(&mut self, event: impl AsRef<[u8]>) -> Outcome {
        self.send(event);
        self.next()
    }

    /// Sends an event.
    pub(crate) fn send(&mut self, event: impl AsRef<[u8]>) {
        self.events.send(event.as_ref().to_vec()).unwrap();
    }

    /// What comes back next, for whichever event.
    pub(crate) fn next(&mut self) -> Outcome {
        self.outcomes
            .recv_timeout(Duration::from_secs(60))
            .expect("no answer in a minute")
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// The exit code, once it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap()?.code()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(listener: &TcpListener, events: Receiver<Vec<u8>>, outcomes: &Sender<Outcome>) {
    // The client may use a new connection for each request, or one for all.
    let events = Arc::new(Mutex::new(events));
    for stream in listener.incoming().flatten() {
        let (events, outcomes) = (Arc::clone(&events), outcomes.clone());
        // Ends when either side is gone.
        thread::spawn(move || while exchange(&stream, &events, &outcomes).is_some() {});
    }
}

/// Reads one request and answers it.
fn exchange(
    mut stream: &TcpStream,
    events: &Mutex<Receiver<Vec<u8>>>,
    outcomes: &Sender<Outcome>,
) -> Option<()> {
    let (path, body) = read(stream)?;
    if path.ends_with("/invocation/next") {
        let event = events.lock().unwrap().recv().ok()?;
        let deadline = SystemTime::now() + Duration::from_secs(30);
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let length = event.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\
             Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
             Lambda-Runtime-Deadline-Ms: {deadline}\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:test\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n\r\n"
        )
        .ok()?;
        return stream.write_all(&event).ok();
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let outcome = if path.ends_with("/response") {
        Outcome::Response(text)
    } else {
        let error: Value = serde_json::from_str(&text).unwrap_or_default();
        let field = |name: &str| error[name].as_str().unwrap_or("(none)").to_owned();
        Outcome::Error(field("errorType"), field("errorMessage"))
    };
    stream
        .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        .ok()?;
    outcomes.send(outcome).ok()
}

/// The path and the body of a request.
fn read(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    // The client sends nothing after a request before its answer, so that the buffer holds no more
    // than this request.
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "transfer-encoding" => chunked = true,
            _ => {}
        }
    }
    assert!(!chunked, "this server cannot read chunks");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}
