//! Neither a body without end nor JSON with many values takes much memory. Alone in its process, so that the peak is its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
};

use lambda_fn::{
    Event, Request,
    fetch::{AllowAll, Fetcher, Options},
};
use peak::peak;
use serde::Deserialize;

#[path = "../../keras-preprocess/tests/memory/peak.rs"]
mod peak;

#[test]
fn the_peak_stays_low() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let chunk = vec![0; 1 << 16];
        while stream.write_all(&chunk).is_ok() {}
    });
    let fetcher = Fetcher::new(Options {
        guard: Arc::new(AllowAll),
        ..Options::default()
    })
    .unwrap();
    let before = peak();

    let error = runtime.block_on(fetcher.fetch(&url, None)).unwrap_err();
    assert_eq!(error.error_type(), "TooLarge");
    let fetched = peak() - before;
    // 10 MB, up to twice as much in the vector, and both while it grows.
    assert!(
        fetched < 40_000,
        "leaving an endless body took {fetched} kB"
    );

    // Six million values, of 32 bytes each.
    let text = format!("{{\"urls\": [{}0]}}", "0,".repeat(6_000_000));
    let before = peak();
    let event = Event::deserialize(&mut serde_json::Deserializer::from_str(&text)).unwrap();
    let error = Request::from_event(event, 16).unwrap_err();
    assert_eq!(error.error_type(), "TooLarge");
    let parsed = peak() - before;
    assert!(parsed < 40_000, "refusing many values took {parsed} kB");
}
