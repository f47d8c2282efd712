//! Hostile pictures do not take much memory. Alone in its process, so that the peak is its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::fs;

use keras_preprocess::{Error, Limits, decode};

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
    let before = peak();

    for bytes in [enormous_png(), far_frame_gif()] {
        let error = decode(&bytes, &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
    let decoded = peak() - before;
    assert!(decoded < 2_000, "refusing pictures took {decoded} kB");
}
