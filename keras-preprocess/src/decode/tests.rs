use std::{fs, path::PathBuf};

use super::*;

fn pictures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures")
}

fn read(name: &str) -> Vec<u8> {
    fs::read(pictures().join(name)).unwrap()
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::TooLarge { .. } => "TooLarge",
        Error::Unsupported(_) => "Unsupported",
        Error::Invalid { .. } => "Invalid",
        other => panic!("{other}"),
    }
}

fn error_type(bytes: &[u8]) -> &'static str {
    kind(&decode(bytes, &Limits::default()).unwrap_err())
}

/// The start of a PNG file that claims a size.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&header);
    bytes.extend(crc32fast::hash(&header).to_be_bytes());
    // Some data must follow, or the file ends before the size counts.
    bytes.extend(b"\0\0\x10\0IDAT\x78\x9c");
    bytes
}

#[test]
fn what_is_no_picture_is_unsupported() {
    let cases = [
        (
            &b"\xef\xbb\xbf\n <!DOCTYPE html><p>"[..],
            "this is no picture but looks like HTML or XML",
        ),
        (b"", "the picture is empty"),
        (b"hello", "this is no picture, it starts with \"hello\""),
        (
            b"\0\xff\0\0\0\0\0\0\0",
            "this is no picture, it starts with \"\\x00\\xff\\x00\\x00\\x00\\x00\\x00\\x00\"",
        ),
        (b"\0\0\x01\0\x01\0\0\0", "the picture's format is Ico"),
    ];
    for (bytes, reason) in cases {
        let error = decode(bytes, &Limits::default()).unwrap_err();
        assert_eq!(kind(&error), "Unsupported");
        let supported = "supported are JPEG, PNG, WebP, GIF, BMP and TIFF";
        assert_eq!(error.to_string(), format!("{reason}; {supported}"));
    }
}

#[test]
fn a_header_alone_is_invalid() {
    for bytes in [
        &b"\xff\xd8\xff"[..],
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"BM\0\0\0\0",
        b"RIFF\x10\0\0\0WEBPVP8L",
    ] {
        assert_eq!(error_type(bytes), "Invalid", "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_picture_cut_off_anywhere_is_invalid() {
    for name in [
        "420.jpg",
        "progressive.jpg",
        "rgb.png",
        "plain.gif",
        "rgb.bmp",
        "lossless.webp",
        "lossy.webp",
    ] {
        let bytes = read(name);
        for part in [20, 50, 90] {
            assert_eq!(
                error_type(&bytes[..bytes.len() * part / 100]),
                "Invalid",
                "{name}"
            );
        }
    }
    // Pillow, too, wants the end marker.
    let bytes = read("420.jpg");
    assert_eq!(error_type(&bytes[..bytes.len() - 1]), "Invalid");
}

#[test]
fn the_size_is_checked_before_the_memory_is_taken() {
    let error = decode(&png_header(30_000, 30_000), &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the PNG picture of 30000 x 30000 pixels is too large: \
         the limit is 50000000 pixels"
    );
    assert_eq!(
        error_type(&png_header(u32::MAX >> 1, u32::MAX >> 1)),
        "TooLarge"
    );
    assert_eq!(error_type(&png_header(1, 50_000_001)), "TooLarge");
    assert_eq!(error_type(&png_header(0, 5)), "Invalid");
}

#[test]
fn every_format_obeys_the_limits() {
    for name in [
        "420.jpg",
        "cmyk.jpg",
        "rgb.png",
        "plain.gif",
        "rgb.bmp",
        "lossless.webp",
    ] {
        let bytes = read(name);
        let (_, picture) = decode(&bytes, &Limits::default()).unwrap();
        let pixels = u64::from(picture.width()) * u64::from(picture.height());

        let exact = Limits {
            max_bytes: bytes.len(),
            max_pixels: pixels,
            ..Limits::default()
        };
        assert_eq!(decode(&bytes, &exact).unwrap().1, picture);
        for tight in [
            Limits {
                max_bytes: bytes.len() - 1,
                ..exact
            },
            Limits {
                max_pixels: pixels - 1,
                ..exact
            },
        ] {
            assert_eq!(
                kind(&decode(&bytes, &tight).unwrap_err()),
                "TooLarge",
                "{name}"
            );
        }
    }
}

/// Marsaglia's xorshift: the same damage in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn damaged_pictures_never_panic() {
    let limits = Limits {
        max_pixels: 1_000_000,
        ..Limits::default()
    };
    let mut noise = Noise(88_172_645_463_325_252);
    let (mut good, mut bad) = (0, 0);
    for entry in fs::read_dir(pictures()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".rgb.png") {
            continue;
        }
        let whole = fs::read(&path).unwrap();
        for _ in 0..40 {
            let mut bytes = whole.clone();
            for _ in 0..=noise.below(4) {
                // Mostly in the headers, where the damage is worst.
                let end = if noise.below(2) == 0 {
                    bytes.len().min(200)
                } else {
                    bytes.len()
                };
                bytes[noise.below(end)] = noise.below(256) as u8;
            }
            match decode(&bytes, &limits) {
                Ok(_) => good += 1,
                Err(_) => bad += 1,
            }
        }
    }
    // Otherwise the damage is too little or too much to show anything.
    assert!(good > 100 && bad > 100, "{good} decoded, {bad} refused");
}
