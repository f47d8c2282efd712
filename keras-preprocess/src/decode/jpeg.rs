//! JPEG, with Pillow's idea of what is whole and of what CMYK means.

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use super::{Format, Limits};
use crate::{
    error::Error,
    picture::{Picture, Samples},
};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Error> {
    // A lenient decoder: like libjpeg it goes on after damaged data. It would also fill up what
    // is cut off, hence the check below.
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder
        .decode_headers()
        .map_err(|error| from_zune(&error))?;
    let (width, height, components) = decoder
        .info()
        .map(|info| {
            (
                u32::from(info.width),
                u32::from(info.height),
                info.components,
            )
        })
        .ok_or_else(|| invalid("there is no frame header"))?;
    limits.check_size(Format::Jpeg.name(), width, height)?;
    if !is_complete(bytes) {
        return Err(invalid("the file is cut off: its end marker is missing"));
    }

    let space = decoder
        .input_colorspace()
        .ok_or_else(|| invalid("there is no frame header"))?;
    let (output, samples) = match (components, space) {
        (1, _) => (ColorSpace::Luma, Samples::Grey8),
        // Three components that Adobe's marker leaves untransformed are RGB, whatever the
        // decoder calls them at this point.
        (3, _) => (ColorSpace::RGB, Samples::Rgb8),
        (4, ColorSpace::YCCK) => (ColorSpace::YCCK, Samples::InvertedYcck8),
        (4, _) => (ColorSpace::CMYK, Samples::InvertedCmyk8),
        _ => {
            return Err(Error::Unsupported(format!(
                "JPEG pictures with {components} components are not supported"
            )));
        }
    };
    decoder.set_options(options.jpeg_set_out_colorspace(output));

    let length = width as usize * height as usize * samples.pixel_bytes();
    let mut pixels = vec![0; length];
    decoder
        .decode_into(&mut pixels)
        .map_err(|error| from_zune(&error))?;
    Picture::new(width, height, samples, pixels)
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

fn from_zune(error: &DecodeErrors) -> Error {
    match error {
        DecodeErrors::Unsupported(scheme) => Error::Unsupported(format!(
            "JPEG pictures of this kind are not supported: {scheme:?}"
        )),
        other => invalid(&other.to_string()),
    }
}
