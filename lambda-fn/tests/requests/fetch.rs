//! The fetcher alone.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use keras_preprocess::Limits;
use lambda_fn::{
    Error,
    fetch::{AllowAll, Fetcher, Forbidden, Guard, MAX_REDIRECTS, Options},
};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::server::{Server, picture};

fn fetcher(options: Options) -> Fetcher {
    Fetcher::new(options).unwrap()
}

/// The servers of the tests are on the loopback interface.
fn open() -> Options {
    Options {
        guard: Arc::new(AllowAll),
        ..Options::default()
    }
}

async fn fetch(server: &Server, path: &str) -> Result<Vec<u8>, Error> {
    fetcher(open()).fetch(&server.url(path), None).await
}

#[tokio::test]
async fn a_picture_arrives() {
    let server = Server::start();
    assert_eq!(
        fetch(&server, "/rgb.png").await.unwrap(),
        picture("rgb.png")
    );
}

#[tokio::test]
async fn other_statuses_than_200_are_errors() {
    let server = Server::start();
    for (path, status) in [
        ("/missing.png", 404),
        ("/204", 204),
        ("/403", 403),
        ("/500", 500),
        ("/302-without-location", 302),
    ] {
        let url = server.url(path);
        assert_eq!(
            fetch(&server, path).await,
            Err(Error::HttpStatus { url, status })
        );
    }
}

#[tokio::test]
async fn five_redirects_are_followed_and_no_more() {
    assert_eq!(MAX_REDIRECTS, 5);
    let server = Server::start();
    assert_eq!(fetch(&server, "/hops/4").await.unwrap(), picture("rgb.png"));
    for path in ["/hops/5", "/loop"] {
        let url = server.url(path);
        assert_eq!(
            fetch(&server, path).await,
            Err(Error::TooManyRedirects { url, limit: 5 })
        );
    }
}

#[tokio::test]
async fn redirects_obey_the_rules_too() {
    let server = Server::start();
    let error = fetch(&server, "/to-file").await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidUrl");
    assert!(error.to_string().contains("file:///etc/passwd"), "{error}");
    assert_eq!(
        fetch(&server, "/to-nonsense")
            .await
            .unwrap_err()
            .error_type(),
        "InvalidUrl"
    );
}

#[tokio::test]
async fn urls_that_cannot_be_fetched_are_refused() {
    let long = format!("http://host/{}", "a".repeat(9000));
    for url in [
        "",
        "no url",
        "/a/b.jpg",
        "file:///etc/passwd",
        "ftp://host/a.jpg",
        "http://",
        &long,
    ] {
        let error = fetcher(open()).fetch(url, None).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidUrl", "{url}");
        assert!(error.to_string().len() < 400, "{error}");
    }
}

#[tokio::test]
async fn secrets_do_not_reach_the_message() {
    let server = Server::start();
    let address = server.address();
    for path in ["missing.png", "hang-up", "loop", "to-nonsense"] {
        let url = format!("http://user:hunter2@{address}/{path}?token=hunter2#hunter2");
        let error = fetcher(open()).fetch(&url, None).await.unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn an_endless_body_is_left_at_the_limit() {
    let server = Server::start();
    let error = fetch(&server, "/endless").await.unwrap_err();
    assert_eq!(error.error_type(), "TooLarge");
    assert!(
        error
            .to_string()
            .contains("10000000 bytes (MAX_IMAGE_BYTES)"),
        "{error}"
    );
    // What is on its way in the sockets' buffers comes on top.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sent = server.sent.load(Ordering::SeqCst);
    assert!((10_000_000..50_000_000).contains(&sent), "{sent} bytes");
}

#[tokio::test]
async fn the_length_is_a_reason_to_refuse_but_not_to_trust() {
    let server = Server::start();
    let start = Instant::now();
    let error = fetch(&server, "/says-1-gb").await.unwrap_err();
    assert_eq!(error.error_type(), "TooLarge");
    assert!(start.elapsed() < Duration::from_secs(5));

    let error = fetch(&server, "/says-more-than-it-sends")
        .await
        .unwrap_err();
    assert_eq!(error.error_type(), "FetchFailed");
}

#[tokio::test]
async fn the_limit_itself_is_allowed() {
    let server = Server::start();
    let length = picture("rgb.png").len();
    for (max_bytes, fits) in [(length, true), (length - 1, false)] {
        let limits = Limits {
            max_bytes,
            ..Limits::default()
        };
        let result = fetcher(Options { limits, ..open() })
            .fetch(&server.url("/rgb.png"), None)
            .await;
        assert_eq!(result.is_ok(), fits, "{result:?}");
    }
}

#[tokio::test]
async fn broken_connections_are_errors() {
    let server = Server::start();
    for path in ["/hang-up", "/no-http"] {
        assert_eq!(
            fetch(&server, path).await.unwrap_err().error_type(),
            "FetchFailed",
            "{path}"
        );
    }
    // A port that was free a moment ago.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}/");
    let error = fetcher(open()).fetch(&url, None).await.unwrap_err();
    assert_eq!(error.error_type(), "FetchFailed");
    assert!(
        error
            .to_string()
            .to_lowercase()
            .contains("connection refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_reset_connection_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // Closed with the request unread: the kernel answers with a reset.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::sleep(Duration::from_millis(50));
            drop(stream);
        }
    });
    let error = fetcher(open()).fetch(&url, None).await.unwrap_err();
    assert_eq!(error.error_type(), "FetchFailed");
    assert!(error.to_string().contains("reset"), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_is_a_timeout() {
    let server = Server::start();
    let timeout = Duration::from_millis(300);
    let fetcher = fetcher(Options { timeout, ..open() });
    for path in ["/hang", "/drip"] {
        let start = Instant::now();
        let error = fetcher.fetch(&server.url(path), None).await.unwrap_err();
        let what = format!("fetching {}", server.url(path));
        assert_eq!(
            error,
            Error::Timeout {
                what,
                after: timeout
            }
        );
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn the_deadline_of_the_invocation_counts_too() {
    let server = Server::start();
    let start = Instant::now();
    let deadline = Some(start + Duration::from_millis(200));
    let error = fetcher(open())
        .fetch(&server.url("/hang"), deadline)
        .await
        .unwrap_err();
    assert_eq!(error.error_type(), "Timeout");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Knows one host and forbids another.
struct OneHost(SocketAddr);

impl Guard for OneHost {
    fn check(&self, url: &Url) -> Result<(), Forbidden> {
        match url.host_str() {
            Some("forbidden.test") => Err(Forbidden("this host is not allowed".to_owned())),
            _ => Ok(()),
        }
    }

    fn resolver(&self) -> Option<Arc<dyn Resolve>> {
        Some(Arc::new(Resolver(self.0)))
    }
}

struct Resolver(SocketAddr);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let address = self.0;
        Box::pin(async move {
            if name.as_str() != "pictures.test" {
                return Err("no such host".into());
            }
            let addresses: Addrs = Box::new(std::iter::once(address));
            Ok(addresses)
        })
    }
}

#[tokio::test]
async fn the_guard_sees_every_url_and_resolves_names() {
    let server = Server::start();
    let guard = Arc::new(OneHost(server.address()));
    let fetcher = fetcher(Options { guard, ..open() });
    let port = server.address().port();
    let fetch = |path: &str| {
        let url = format!("http://pictures.test:{port}{path}");
        let fetcher = fetcher.clone();
        async move { fetcher.fetch(&url, None).await }
    };
    assert_eq!(fetch("/rgb.png").await.unwrap(), picture("rgb.png"));

    let error = fetch("/to-other-host").await.unwrap_err();
    assert_eq!(error.error_type(), "ForbiddenAddress");
    assert!(
        error.to_string().ends_with("this host is not allowed"),
        "{error}"
    );

    let error = fetcher.fetch("http://other.test/", None).await.unwrap_err();
    assert_eq!(error.error_type(), "FetchFailed");
    assert!(error.to_string().contains("no such host"), "{error}");
}
