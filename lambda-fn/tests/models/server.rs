//! An HTTP server whose answers can be changed while it runs.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What is at a path.
#[derive(Clone)]
pub(crate) enum Page {
    /// A body with an entity tag.
    File(Vec<u8>, &'static str),
    /// A status with a body.
    Status(u16, &'static str),
    /// Each once; the last one stays.
    Then(Vec<Page>),
    /// The first half of a body, and the end of the connection.
    CutOff(Vec<u8>),
    /// A byte every 20 ms.
    Drip(Vec<u8>),
    /// A body without end.
    Endless,
    /// Nothing.
    HangUp,
    /// Credentials, for those who have the token.
    Credentials(&'static str),
}

/// A request that has come: its path with the query, and its headers with lower-case names.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
}

/// Serves until the test process ends.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start<const N: usize>(pages: [(&str, Page); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pages = pages.map(|(path, page)| (path.to_owned(), page));
        let this = Self {
            address: listener.local_addr().unwrap(),
            pages: Arc::new(Mutex::new(HashMap::from(pages))),
            requests: Arc::default(),
        };
        let server = this.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                // An error here is the client's hanging up.
                thread::spawn(move || server.serve(stream).unwrap_or_default());
            }
        });
        this
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn set(&self, path: &str, page: Page) {
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let request = read(&stream)?;
        self.requests.lock().unwrap().push(request.clone());
        let path = request.target.split('?').next().unwrap_or_default();
        let page = {
            let mut pages = self.pages.lock().unwrap();
            match pages.get_mut(path) {
                Some(Page::Then(list)) if list.len() > 1 => Some(list.remove(0)),
                Some(Page::Then(list)) => list.first().cloned(),
                page => page.cloned(),
            }
        };
        let stream = &mut stream;
        let head = |stream: &mut TcpStream, status: &str, length: usize| {
            let close = "Connection: close";
            write!(
                stream,
                "HTTP/1.1 {status}\r\n{close}\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        match page {
            None => head(stream, "404 Not Found", 0),
            Some(Page::File(body, etag)) => {
                if request
                    .headers
                    .get("if-none-match")
                    .is_some_and(|known| known == etag)
                {
                    return head(stream, "304 Not Modified", 0);
                }
                head(stream, &format!("200 OK\r\nETag: {etag}"), body.len())?;
                stream.write_all(&body)
            }
            Some(Page::Status(status, body)) => {
                head(stream, &format!("{status} x"), body.len())?;
                stream.write_all(body.as_bytes())
            }
            Some(Page::CutOff(body)) => {
                head(stream, "200 OK", body.len())?;
                stream.write_all(&body[..body.len() / 2])
            }
            Some(Page::Drip(body)) => {
                head(stream, "200 OK", body.len())?;
                for byte in body {
                    stream.write_all(&[byte])?;
                    thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            }
            Some(Page::Endless) => {
                write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
                let chunk = vec![0; 1 << 16];
                loop {
                    stream.write_all(&chunk)?;
                }
            }
            Some(Page::Credentials(token)) => {
                if request
                    .headers
                    .get("authorization")
                    .is_none_or(|given| given != token)
                {
                    return head(stream, "403 Forbidden", 0);
                }
                let body = r#"{"AccessKeyId": "the-id", "SecretAccessKey": "s", "Token": "t"}"#;
                head(stream, "200 OK", body.len())?;
                stream.write_all(body.as_bytes())
            }
            Some(Page::HangUp | Page::Then(_)) => Ok(()),
        }
    }
}

fn read(stream: &TcpStream) -> io::Result<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let mut headers = HashMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok(Request { target, headers })
}
