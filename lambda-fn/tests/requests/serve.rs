//! The server by itself: limits, stopping, and what it makes of clients that do not behave.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use lambda_fn::serve::{Options, Server};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    handler::handler,
    model::{Means, SLEEP},
    server::picture,
};

struct Running {
    address: SocketAddr,
    model: Means,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    fn start(concurrency: usize) -> Self {
        let model = Means::default();
        let handler = Arc::new(handler(&model));
        let (stop, stopped) = oneshot::channel();
        let (address, bound) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let mut options = Options::default();
                options.address.set_port(0);
                options.concurrency = concurrency;
                let server = Server::bind(handler, options).await.unwrap();
                address.send(server.address()).unwrap();
                server
                    .run(async { stopped.await.unwrap_or_default() })
                    .await;
            });
        });
        Self {
            address: bound.recv().unwrap(),
            model,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// Sends a request and reads the answer to the end of the connection.
    fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let length = body.len();
        let head = format!(
            "{head} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n"
        );
        stream
            .write_all(format!("{head}Content-Type: image/png\r\n\r\n").as_bytes())
            .unwrap();
        // The server may have answered before it has read everything.
        let _ = stream.write_all(body);
        Answer::read(stream)
    }

    fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(mut stream: TcpStream) -> Self {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let text = String::from_utf8(all).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Self {
            status: head
                .split(' ')
                .nth(1)
                .and_then(|s| s.parse().ok())
                .unwrap_or(0),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[test]
fn all_paths_are_served() {
    let server = Running::start(4);
    let good = server.send("POST /predict?top_k=1", &picture("rgb.png"));
    assert_eq!(good.status, 200, "{good:?}");
    assert_eq!(good.json().as_object().unwrap().len(), 1);
    assert!(good.head.contains("\r\nx-request-id: "), "{}", good.head);
    assert_eq!(server.send("GET /health", b"").json()["status"], "ok");
    assert!(
        server
            .send("GET /", b"")
            .body
            .starts_with("<!doctype html>")
    );
    assert_eq!(
        server.send("GET /openapi.json", b"").json()["openapi"],
        "3.1.0"
    );
    assert_eq!(server.send("GET /favicon.ico", b"").status, 404);
    assert_eq!(server.send("HEAD /health", b"").body, "");
}

#[test]
fn more_than_the_limit_is_told_to_come_back() {
    let server = Running::start(1);
    server.model.next.store(SLEEP, Ordering::SeqCst);
    thread::scope(|scope| {
        let slow = scope.spawn(|| server.send("POST /predict", &picture("rgb.png")));
        // Until the model has begun to sleep.
        while server.model.next.load(Ordering::SeqCst) == SLEEP {
            thread::sleep(Duration::from_millis(5));
        }
        let refused = server.send("POST /predict", &picture("rgb.png"));
        assert_eq!(refused.status, 429, "{refused:?}");
        assert!(
            refused.head.contains("\r\nretry-after: 1"),
            "{}",
            refused.head
        );
        assert_eq!(refused.json()["errorType"], "TooManyRequests");
        // Nor does a long body keep the answer from arriving.
        let refused = server.send("POST /predict", &vec![0; 4_000_000]);
        assert_eq!(refused.status, 429, "{refused:?}");
        // Only what takes its time is limited.
        assert_eq!(server.send("GET /health", b"").status, 200);
        assert_eq!(slow.join().unwrap().status, 200);
    });
    assert_eq!(
        server.send("POST /predict", &picture("rgb.png")).status,
        200
    );
}

#[test]
fn bodies_are_limited_whatever_they_say_of_their_length() {
    let server = Running::start(4);
    let mut stream = server.connect();
    stream
        .write_all(b"POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n")
        .unwrap();
    assert_eq!(Answer::read(stream).status, 413);

    let mut stream = server.connect();
    stream
        .write_all(b"POST /predict HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = [&b"10000\r\n"[..], &[0; 1 << 16], b"\r\n"].concat();
    // A gigabyte, if nobody stops it.
    let sent = (0..1 << 14)
        .take_while(|_| stream.write_all(&chunk).is_ok())
        .count();
    assert!(sent < 1000, "{sent} chunks were taken");

    // Where no body is expected, none is waited for.
    let mut stream = server.connect();
    stream
        .write_all(
            b"POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n",
        )
        .unwrap();
    assert_eq!(Answer::read(stream).status, 405);
    assert_eq!(server.send("GET /health", b"").status, 200);
}

#[test]
fn requests_that_are_none_do_not_disturb_others() {
    let server = Running::start(4);
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: t\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz",
    ] {
        let mut stream = server.connect();
        stream.write_all(nonsense).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let answer = Answer::read(stream);
        assert!([0, 400, 415].contains(&answer.status), "{nonsense:?}: {answer:?}");
        assert_eq!(server.send("POST /predict", &picture("rgb.png")).status, 200);
    }
}

#[test]
fn stopping_waits_for_the_requests_at_hand() {
    let mut server = Running::start(4);
    server.model.next.store(SLEEP, Ordering::SeqCst);
    let idle = server.connect();
    let (address, next) = (server.address, Arc::clone(&server.model.next));
    let slow = thread::spawn({
        let body = picture("rgb.png");
        move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let length = body.len();
            let head = format!(
                "POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
            Answer::read(stream)
        }
    });
    while next.load(Ordering::SeqCst) == SLEEP {
        thread::sleep(Duration::from_millis(5));
    }
    let start = Instant::now();
    server.stop();
    assert_eq!(slow.join().unwrap().status, 200);
    server.thread.take().unwrap().join().unwrap();
    server.thread = Some(thread::spawn(|| ()));
    // Neither the connection that was kept open nor the idle one is waited for.
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert!(TcpStream::connect(address).is_err());
    drop(idle);
}
