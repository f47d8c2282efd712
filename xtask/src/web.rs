//! A small web server on loopback, for the pictures that the demo and the tests have fetched.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::run::Result;

/// What the server does for one path.
pub(crate) enum Page {
    /// Answers 200 with this type and content.
    File(&'static str, Vec<u8>),
    /// Redirects to this path or address.
    Redirect(String),
    /// Answers 200 and sends zeros, up to this many bytes, for as long as somebody reads.
    Zeros(u64),
    /// Accepts the request and never answers.
    Silence,
}

/// A running server. It ends with the process.
pub(crate) struct Server {
    base: String,
}

impl Server {
    /// Serves the pages; every other path is answered with 404.
    pub(crate) fn start(pages: BTreeMap<&'static str, Page>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(|error| format!("no port is free: {error}"))?;
        let port = listener
            .local_addr()
            .map_err(|error| error.to_string())?
            .port();
        let pages = Arc::new(pages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = Arc::clone(&pages);
                // A reader that goes away is its own affair.
                thread::spawn(move || drop(answer(&stream, &pages)));
            }
        });
        Ok(Self {
            base: format!("http://127.0.0.1:{port}"),
        })
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn answer(mut stream: &TcpStream, pages: &BTreeMap<&'static str, Page>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    match pages.get(path) {
        None => write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        Some(Page::File(kind, content)) => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                content.len()
            )?;
            stream.write_all(content)
        }
        Some(Page::Redirect(to)) => write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        Some(Page::Zeros(count)) => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {count}\r\nConnection: close\r\n\r\n"
            )?;
            io::copy(&mut io::Read::take(io::repeat(0), *count), &mut stream).map(drop)
        }
        Some(Page::Silence) => {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
    }
}
