//! A server on the loopback that answers each request as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// One answer.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    body: Vec<u8>,
    ranges: bool,
    refuse_ranges: bool,
    send: usize,
    stall: bool,
    tag: Option<&'static str>,
    length: bool,
    hold: Option<Arc<Mutex<Receiver<()>>>>,
}

impl Reply {
    /// The file, or the range of it that is asked for.
    pub(crate) fn file(body: &[u8]) -> Self {
        Self {
            status: 200,
            body: body.to_vec(),
            ranges: true,
            refuse_ranges: false,
            send: usize::MAX,
            stall: false,
            tag: None,
            length: true,
            hold: None,
        }
    }

    /// No body but a status.
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::file(b"")
        }
    }

    /// Ranges are ignored: the whole file is sent.
    pub(crate) fn whole(self) -> Self {
        Self {
            ranges: false,
            ..self
        }
    }

    /// Ranges are answered with 416.
    pub(crate) fn no_ranges(self) -> Self {
        Self {
            refuse_ranges: true,
            ..self
        }
    }

    /// The connection is closed after so many bytes of the body.
    pub(crate) fn cut(self, after: usize) -> Self {
        Self {
            send: after,
            ..self
        }
    }

    /// Nothing more is sent after so many bytes, and the connection stays open.
    pub(crate) fn stall(self, after: usize) -> Self {
        Self {
            send: after,
            stall: true,
            ..self
        }
    }

    pub(crate) fn tag(self, tag: &'static str) -> Self {
        Self {
            tag: Some(tag),
            ..self
        }
    }

    /// No `Content-Length`: the body ends where the connection does.
    pub(crate) fn without_length(self) -> Self {
        Self {
            length: false,
            ..self
        }
    }

    /// The answer waits until something is sent (or the sender is dropped).
    pub(crate) fn held(self) -> (Self, Sender<()>) {
        let (sender, receiver) = channel();
        (
            Self {
                hold: Some(Arc::new(Mutex::new(receiver))),
                ..self
            },
            sender,
        )
    }
}

/// A request as far as the tests care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) range: Option<String>,
}

pub(crate) struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers the first request with the first reply, and so on; the last reply is repeated.
    pub(crate) fn new(replies: impl Into<Vec<Reply>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let mut replies = VecDeque::from(replies.into());
        let thread = thread::spawn({
            let (seen, stop) = (seen.clone(), stop.clone());
            move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let reply = match replies.len() {
                        1 => replies[0].clone(),
                        _ => replies.pop_front().unwrap(),
                    };
                    let (seen, stop) = (seen.clone(), stop.clone());
                    thread::spawn(move || answer(stream.unwrap(), &reply, &seen, &stop));
                }
            }
        });
        Self {
            address,
            seen,
            stop,
            thread: Some(thread),
        }
    }

    /// Base address for a pin's path.
    pub(crate) fn mirror(&self) -> String {
        format!("http://{}/debian", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        self.seen()
            .into_iter()
            .map(|request| request.range)
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(&self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(stream: TcpStream, reply: &Reply, seen: &Mutex<Vec<Request>>, stop: &AtomicBool) {
    let mut request = Request {
        path: String::new(),
        range: None,
    };
    for line in BufReader::new(&stream).lines() {
        let Ok(line) = line else { return };
        if line.is_empty() {
            break;
        } else if let Some(rest) = line.strip_prefix("GET ") {
            request.path = rest.split(' ').next().unwrap().to_owned();
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            request.range = Some(value.trim().to_owned());
        }
    }
    let first = request.range.as_deref().map(|range| {
        range
            .strip_prefix("bytes=")
            .unwrap()
            .trim_end_matches('-')
            .parse::<usize>()
            .unwrap()
    });
    seen.lock().unwrap().push(request);
    if let Some(hold) = &reply.hold {
        let _ = hold.lock().unwrap().recv();
    }
    let total = reply.body.len();
    let (status, body, range) = match first {
        Some(_) if reply.refuse_ranges => (416, &reply.body[..0], None),
        Some(first) if reply.ranges && reply.status == 200 => {
            let range = format!("bytes {first}-{}/{total}", total - 1);
            (206, &reply.body[first..], Some(range))
        }
        _ => (reply.status, &reply.body[..], None),
    };
    let mut head = format!("HTTP/1.1 {status} So\r\nConnection: close\r\n");
    if reply.length {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    if let Some(range) = range {
        head += &format!("Content-Range: {range}\r\n");
    }
    if let Some(tag) = reply.tag {
        head += &format!("ETag: \"{tag}\"\r\n");
    }
    let mut stream = stream;
    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
    let _ = stream.write_all(&body[..reply.send.min(body.len())]);
    while reply.stall && !stop.load(Ordering::SeqCst) {
        thread::sleep(std::time::Duration::from_millis(10));
    }
    let _ = stream.shutdown(Shutdown::Both);
}
