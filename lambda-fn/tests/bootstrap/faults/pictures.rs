//! Servers of pictures that do not do as they should.

use std::{
    io::{self, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::server::{Served, picture, read_head, respond, server};
use crate::table;

const TEN_GB: u64 = 10_000_000_000;

/// The path, what is wrong there, the status and the `errorType`.
const CASES: [(&str, &str, u16, &str); 12] = [
    (
        "/silence",
        "the picture's server never answers",
        504,
        "Timeout",
    ),
    ("/drip", "it sends a byte now and then", 504, "Timeout"),
    (
        "/hang-up",
        "it closes the connection without an answer",
        502,
        "FetchFailed",
    ),
    ("/reset", "it resets the connection", 502, "FetchFailed"),
    (
        "/reset-later",
        "it resets it in the middle of the picture",
        502,
        "FetchFailed",
    ),
    (
        "/short",
        "it says that the picture is longer than it is",
        502,
        "FetchFailed",
    ),
    (
        "/long",
        "it says that the picture is shorter than it is",
        422,
        "InvalidImage",
    ),
    (
        "/says-10-gb",
        "it says that the picture has 10 GB",
        413,
        "TooLarge",
    ),
    (
        "/sends-10-gb",
        "it sends 10 GB without saying so",
        413,
        "TooLarge",
    ),
    (
        "/chunks-of-10-gb",
        "it sends 10 GB in chunks",
        413,
        "TooLarge",
    ),
    (
        "/head",
        "its answer's head does not end",
        502,
        "FetchFailed",
    ),
    ("/mail", "it does not speak HTTP", 502, "FetchFailed"),
];

fn serve(path: &str, stream: &mut TcpStream, sent: &AtomicU64) -> io::Result<()> {
    let jpeg = picture("420.jpg");
    let ok = "HTTP/1.1 200 OK\r\n";
    match path {
        "/good" => return respond(stream, "", &picture("rgb.png")),
        // The head is still unread.
        "/reset" => return Ok(()),
        "/reset-later" => {
            write!(stream, "{ok}Content-Length: {}\r\n\r\n", jpeg.len())?;
            stream.write_all(&jpeg[..100])?;
            thread::sleep(Duration::from_millis(200));
            return Ok(());
        }
        _ => read_head(stream),
    }
    match path {
        "/silence" => thread::sleep(Duration::from_secs(20)),
        "/drip" => {
            write!(stream, "{ok}Content-Length: {}\r\n\r\n", jpeg.len())?;
            for byte in jpeg {
                stream.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(50));
            }
        }
        "/short" => {
            write!(stream, "{ok}Content-Length: {}\r\n\r\n", jpeg.len() + 1)?;
            stream.write_all(&jpeg)?;
        }
        "/long" => {
            write!(stream, "{ok}Content-Length: {}\r\n\r\n", jpeg.len() / 2)?;
            stream.write_all(&jpeg)?;
        }
        "/says-10-gb" => {
            write!(stream, "{ok}Content-Length: {TEN_GB}\r\n\r\n")?;
            thread::sleep(Duration::from_secs(20));
        }
        "/sends-10-gb" => {
            write!(stream, "{ok}\r\n")?;
            endless(stream, sent, b"", b"")?;
        }
        "/chunks-of-10-gb" => {
            write!(stream, "{ok}Transfer-Encoding: chunked\r\n\r\n")?;
            endless(stream, sent, b"10000\r\n", b"\r\n")?;
        }
        "/head" => {
            write!(stream, "{ok}")?;
            for index in 0..1_000_000 {
                write!(stream, "X-{index}: {index}\r\n")?;
            }
        }
        "/mail" => stream.write_all(b"220 ready for mail\r\n")?,
        _ => {}
    }
    Ok(())
}

fn endless(
    stream: &mut TcpStream,
    sent: &AtomicU64,
    before: &[u8],
    after: &[u8],
) -> io::Result<()> {
    let chunk = vec![0xff; 1 << 16];
    while sent.load(Ordering::SeqCst) < TEN_GB {
        stream.write_all(before)?;
        stream.write_all(&chunk)?;
        stream.write_all(after)?;
        sent.fetch_add(chunk.len() as u64, Ordering::SeqCst);
    }
    Ok(())
}

#[test]
fn a_server_of_pictures_with_faults_costs_its_own_request() {
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let pictures = server(move |path, stream| serve(path, stream, &counter));
    let served = Served::start(&[]);
    let url = |path: &str| format!("http://{pictures}{path}");
    let expected = served.good();
    for (path, fault, status, error_type) in CASES {
        sent.store(0, Ordering::SeqCst);
        let start = Instant::now();
        let answer = served.ask(&url(path));
        assert!(start.elapsed() < Duration::from_secs(5), "{fault}");
        assert_eq!(answer.status, status, "{fault}: {answer:?}");
        assert_eq!(answer.json()["errorType"], error_type, "{fault}");
        // The limit is 10 MB; what is on its way in the sockets' buffers comes on top.
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < 50_000_000, "{fault}: {sent} bytes");
        let next = served.ask(&url("/good"));
        assert_eq!(next, expected, "after: {fault}");
        table::row(fault, &answer.told(pictures), &next.told(pictures));
    }
}
