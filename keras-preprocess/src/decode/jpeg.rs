//! JPEG, with Pillow's idea of what is whole and of what CMYK means.

use image::metadata::Orientation;

use super::{Format, Limits, Source, Want, swaps};
use crate::{
    error::Error,
    jpeg::{Decoder, Fault, Kind, Pixels},
    picture::{Picture, Samples},
    resize::nearest,
};

pub(super) fn decode(bytes: &[u8], limits: &Limits, want: Option<&Want>) -> Result<Source, Error> {
    let decoder = Decoder::new(bytes).map_err(fault)?;
    let (width, height) = decoder.size();
    limits.check_size(Format::Jpeg.name(), width, height)?;
    if !is_complete(bytes) {
        return Err(invalid("the file is cut off: its end marker is missing"));
    }
    let orientation = decoder.exif().and_then(Orientation::from_exif_chunk);
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let turns = want.is_some_and(|want| want.upright) && orientation != Orientation::NoTransforms;
    let size = match want {
        Some(want) if want.reduced => {
            let (mut across, mut down) = want.size;
            if turns && swaps(orientation) {
                (across, down) = (down, across);
            }
            reduced(width / across.max(1), height / down.max(1))
        }
        _ => 8,
    };
    let choose = |width: u32, height: u32| {
        let want = want.filter(|want| want.nearest && !turns)?;
        let (across, down) = want.size;
        // Otherwise pixels would be written several times, here and in the input.
        (across <= width && down <= height).then(|| {
            (
                nearest(width, across).collect(),
                nearest(height, down).collect(),
            )
        })
    };
    let pixels = decoder.decode(size, choose).map_err(fault)?;
    Ok(Source {
        width,
        height,
        picture: picture(pixels)?,
        orientation,
    })
}

/// The scale in eighths for a picture that is `across` and `down` times as large as what it is
/// resized to, rounded down. Pillow's `draft` chooses the same.
fn reduced(across: u32, down: u32) -> usize {
    match across.min(down) {
        8.. => 1,
        4.. => 2,
        2.. => 4,
        _ => 8,
    }
}

fn picture(pixels: Pixels) -> Result<Picture, Error> {
    let samples = match pixels.kind {
        Kind::Grey => Samples::Grey8,
        Kind::Rgb => Samples::Rgb8,
        Kind::Cmyk => Samples::InvertedCmyk8,
        Kind::Ycck => Samples::InvertedYcck8,
    };
    Picture::new(pixels.width, pixels.height, samples, pixels.bytes)
}

/// Whether the end marker follows the start of the first scan.
///
/// Inside a scan a byte 0xFF is followed by zero or by a marker, so 0xFF 0xD9 is nothing but the
/// end of the image. Before the scan it may be part of a thumbnail; hence the walk over the
/// segments.
fn is_complete(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];
    let mut at = 2;
    loop {
        let Some(&[first, marker]) = bytes.get(at..at + 2) else {
            return false;
        };
        if first != 0xFF {
            // Stray bytes before a marker.
            at += 1;
            continue;
        }
        match marker {
            // A fill byte: the marker's 0xFF is the next one.
            0xFF => at += 1,
            START_OF_SCAN => {
                // From the back: in a whole file the marker is at the end.
                return bytes[at..]
                    .windows(2)
                    .rev()
                    .any(|pair| pair == END_OF_IMAGE);
            }
            // Markers without a length, and a stuffed byte in stray data.
            0x00 | 0x01 | 0xD0..=0xD9 => at += 2,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
}

fn invalid(reason: &str) -> Error {
    Error::Invalid {
        format: Format::Jpeg.name(),
        reason: reason.to_owned(),
    }
}

fn fault(fault: Fault) -> Error {
    match fault {
        Fault::Invalid(reason) => invalid(reason),
        Fault::Unsupported(reason) => Error::Unsupported(reason),
    }
}
