//! Hostile pictures do not take much memory. Alone in its process, so that the peak is its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use keras_preprocess::{Error, Limits, decode};
use peak::peak;

#[path = "memory/peak.rs"]
mod peak;

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

/// A progressive JPEG of 65,500 x 65,500 pixels, whose coefficients would take 26 GB.
fn enormous_jpeg() -> Vec<u8> {
    let mut bytes =
        b"\xff\xd8\xff\xc2\0\x11\x08\xff\xdc\xff\xdc\x03\x01\x11\0\x02\x11\0\x03\x11\0".to_vec();
    bytes.extend(b"\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0\0\0\xff\xd9");
    bytes
}

/// A BMP of 30,000 x 30,000 pixels with 24 bits each.
fn enormous_bmp() -> Vec<u8> {
    let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bytes.extend([30_000_u32.to_le_bytes(), 30_000_u32.to_le_bytes()].concat());
    bytes.extend(b"\x01\0\x18\0");
    bytes.resize(200, 0);
    bytes
}

/// A lossless WebP of 16,383 x 16,383 pixels.
fn enormous_webp() -> Vec<u8> {
    let mut bytes = b"RIFF\x40\0\0\0WEBPVP8L\x34\0\0\0\x2f".to_vec();
    bytes.extend((16_382_u32 | 16_382 << 14).to_le_bytes());
    bytes.resize(72, 0);
    bytes
}

/// A TIFF of 30,000 x 30,000 pixels in one strip.
fn enormous_tiff() -> Vec<u8> {
    let entries: [(u16, u32); 9] = [
        (256, 30_000),
        (257, 30_000),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 30_000),
        (279, 100),
    ];
    let mut bytes = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, value) in entries {
        bytes.extend(tag.to_le_bytes());
        // One number of 32 bits.
        bytes.extend(b"\x04\0\x01\0\0\0");
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 100]);
    bytes
}

#[test]
fn the_peak_stays_low() {
    let before = peak();

    for bytes in [
        enormous_png(),
        far_frame_gif(),
        enormous_jpeg(),
        enormous_bmp(),
        enormous_webp(),
        enormous_tiff(),
    ] {
        let error = decode(&bytes, &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
    let decoded = peak() - before;
    // The pages of the program that run for the first time are about 2 MB of it. The smallest of
    // these pictures has 900 MB of pixels.
    assert!(decoded < 8_000, "refusing pictures took {decoded} kB");
}
