//! An HTTP server that misbehaves on request.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

pub(crate) fn picture(name: &str) -> Vec<u8> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../keras-preprocess/tests/golden/pictures");
    fs::read(folder.join(name)).unwrap()
}

/// Serves until the test process ends.
pub(crate) struct Server {
    address: SocketAddr,
    /// Body bytes that the endless answer has written.
    pub(crate) sent: Arc<AtomicU64>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&sent);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                // An error here is the client's hanging up, which is what many tests are about.
                thread::spawn(move || serve(stream, &counter).unwrap_or_default());
            }
        });
        Self { address, sent }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Reads the head of a request and gives its path without the query.
fn read_request(stream: &TcpStream) -> std::io::Result<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    Ok(target.split('?').next().unwrap_or_default().to_owned())
}

fn respond(stream: &mut TcpStream, head: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)
}

fn redirect(stream: &mut TcpStream, location: &str) -> std::io::Result<()> {
    respond(stream, &format!("302 Found\r\nLocation: {location}"), b"")
}

fn serve(mut stream: TcpStream, sent: &AtomicU64) -> std::io::Result<()> {
    let path = read_request(&stream)?;
    let stream = &mut stream;
    if let Some(hops) = path.strip_prefix("/hops/") {
        return match hops.parse::<u32>() {
            Ok(0) => redirect(stream, "/rgb.png"),
            Ok(hops) => redirect(stream, &format!("{}", hops - 1)),
            Err(_) => respond(stream, "400 Bad Request", b""),
        };
    }
    match path.as_str() {
        "/html" => respond(
            stream,
            "200 OK\r\nContent-Type: text/html",
            b"<!doctype html><p>A page</p>",
        ),
        "/empty" => respond(stream, "200 OK", b""),
        "/truncated.jpg" => {
            let bytes = picture("420.jpg");
            respond(
                stream,
                "200 OK\r\nContent-Type: image/jpeg",
                &bytes[..bytes.len() / 2],
            )
        }
        "/204" => respond(stream, "204 No Content", b""),
        "/403" => respond(stream, "403 Forbidden", b"no"),
        "/500" => respond(stream, "500 Internal Server Error", b"oops"),
        "/302-without-location" => respond(stream, "302 Found", b""),
        "/loop" => redirect(stream, "/loop"),
        "/to-file" => redirect(stream, "file:///etc/passwd"),
        "/to-nonsense" => redirect(stream, "http://["),
        "/to-other-host" => redirect(stream, "http://forbidden.test/"),
        "/endless" => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"
            )?;
            stream.write_all(b"\xff\xd8\xff")?;
            let chunk = vec![0; 1 << 16];
            // A gigabyte, if nobody stops it.
            for _ in 0..1 << 14 {
                stream.write_all(&chunk)?;
                sent.fetch_add(chunk.len() as u64, Ordering::SeqCst);
            }
            Ok(())
        }
        "/says-1-gb" => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
            )?;
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        "/says-more-than-it-sends" => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort"
            )
        }
        "/hang" => {
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        "/drip" => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")?;
            for _ in 0..200 {
                stream.write_all(b".")?;
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        "/hang-up" => Ok(()),
        "/no-http" => stream.write_all(b"220 ready for mail\r\n"),
        name if name.ends_with(".png") || name.ends_with(".jpg") => {
            match name.trim_start_matches('/') {
                "missing.png" => respond(stream, "404 Not Found", b"<html>not here</html>"),
                name => respond(stream, "200 OK\r\nContent-Type: image/png", &picture(name)),
            }
        }
        _ => respond(stream, "404 Not Found", b""),
    }
}
