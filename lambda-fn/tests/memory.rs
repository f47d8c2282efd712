//! Hostile pictures do not take much memory. Alone in its process, so that the peak is its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
};

use lambda_fn::{
    decode::{self, Limits},
    fetch::{Fetcher, Options},
};

/// The largest resident size so far, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// A PNG that announces 30,000 x 30,000 pixels with 8 bytes each: 7.2 GB.
fn enormous_png() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(30_000_u32.to_be_bytes());
    header.extend(30_000_u32.to_be_bytes());
    header.extend([16, 6, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&header);
    bytes.extend(crc32fast::hash(&header).to_be_bytes());
    bytes.extend(b"\0\0\x10\0IDAT\x78\x9c");
    bytes
}

/// A GIF whose only frame of one pixel lies in the last corner of the largest screen.
fn far_frame_gif() -> Vec<u8> {
    b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\xfe\xff\xfe\xff\x01\0\x01\0\0\x02\x02D\x01\0;"
        .to_vec()
}

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
    let fetcher = Fetcher::new(Options::default()).unwrap();
    let before = peak();

    for bytes in [enormous_png(), far_frame_gif()] {
        let error = decode::decode(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(error.error_type(), "TooLarge");
    }
    let decoded = peak() - before;
    assert!(decoded < 2_000, "refusing pictures took {decoded} kB");

    let error = runtime.block_on(fetcher.fetch(&url, None)).unwrap_err();
    assert_eq!(error.error_type(), "TooLarge");
    let fetched = peak() - before;
    // 10 MB, up to twice as much in the vector, and both while it grows.
    assert!(
        fetched < 40_000,
        "leaving an endless body took {fetched} kB"
    );
}
