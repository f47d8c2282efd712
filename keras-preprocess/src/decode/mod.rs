//! From bytes to pixels, with the memory bounded before it is taken.
//!
//! The format is told by the first bytes, never by a file name or a header of the server. What
//! comes out is what Pillow's `Image.open` gives: the first frame, without colour management and
//! without regard to the EXIF orientation.

mod gif;
mod jpeg;
mod raster;

use std::io::Cursor;

use image::{
    ImageError, ImageFormat,
    codecs::{bmp::BmpDecoder, png::PngDecoder, webp::WebPDecoder},
};

use crate::{
    error::{Error, Unit},
    limits::Limits,
    picture::Picture,
};

/// The formats that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Windows bitmap.
    Bmp,
    /// GIF; the first frame counts.
    Gif,
    /// JPEG: baseline and progressive; grey, YCbCr, RGB, CMYK and YCCK.
    Jpeg,
    /// PNG with any colour type and depth.
    Png,
    /// WebP, lossy and lossless; the first frame counts.
    WebP,
}

impl Format {
    /// The name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bmp => "BMP",
            Self::Gif => "GIF",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
        }
    }

    /// Tells the format by the first bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] says what the bytes look like instead.
    pub fn detect(bytes: &[u8]) -> Result<Self, Error> {
        match image::guess_format(bytes) {
            Ok(ImageFormat::Bmp) => Ok(Self::Bmp),
            Ok(ImageFormat::Gif) => Ok(Self::Gif),
            Ok(ImageFormat::Jpeg) => Ok(Self::Jpeg),
            Ok(ImageFormat::Png) => Ok(Self::Png),
            Ok(ImageFormat::WebP) => Ok(Self::WebP),
            Ok(other) => Err(unsupported(&format!("the picture's format is {other:?}"))),
            Err(_) => Err(unsupported(&describe(bytes))),
        }
    }
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported(format!(
        "{what}; supported are JPEG, PNG, WebP, GIF and BMP"
    ))
}

/// What bytes are that are no picture. HTML is by far the most usual: a page about the picture.
fn describe(bytes: &[u8]) -> String {
    let text = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    if bytes.is_empty() {
        return "the picture is empty".to_owned();
    }
    if text.starts_with(b"<") {
        return "this is no picture but looks like HTML or XML".to_owned();
    }
    let start = &bytes[..bytes.len().min(8)];
    format!(
        "this is no picture, it starts with \"{}\"",
        start.escape_ascii()
    )
}

/// Decodes a picture.
///
/// ```
/// use keras_preprocess::{Error, Format, Limits, decode};
///
/// // A GIF with one white pixel.
/// let gif = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// let (format, picture) = decode(gif, &Limits::default())?;
/// assert_eq!((format, picture.width(), picture.height()), (Format::Gif, 1, 1));
/// assert_eq!(picture.rgb(0, 0), [255; 3]);
///
/// let error = decode(b"<html>Not found</html>", &Limits::default()).unwrap_err();
/// assert!(matches!(error, Error::Unsupported(_)));
/// # Ok::<(), keras_preprocess::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLarge`] before the memory is taken, [`Error::Unsupported`] for another
/// format, [`Error::Invalid`] for bytes that are damaged or cut off.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<(Format, Picture), Error> {
    limits.check_bytes("the picture", bytes.len() as u64)?;
    let format = Format::detect(bytes)?;
    let picture = match format {
        Format::Jpeg => jpeg::decode(bytes, limits)?,
        Format::Gif => gif::decode(bytes, limits)?,
        Format::Png => {
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), raster::allocations(limits))
                .map_err(|error| from_image(format, limits, &error))?;
            let picture = raster::read(decoder, format, limits)?;
            raster::clip_grey_16(picture, bytes)
        }
        Format::Bmp => {
            let decoder = BmpDecoder::new(Cursor::new(bytes))
                .map_err(|error| from_image(format, limits, &error))?;
            raster::read(decoder, format, limits)?
        }
        Format::WebP => {
            let decoder = WebPDecoder::new(Cursor::new(bytes))
                .map_err(|error| from_image(format, limits, &error))?;
            raster::read(decoder, format, limits)?
        }
    };
    Ok((format, picture))
}

fn from_image(format: Format, limits: &Limits, error: &ImageError) -> Error {
    match error {
        ImageError::Unsupported(reason) => Error::Unsupported(reason.to_string()),
        ImageError::Limits(_) => Error::TooLarge {
            what: format!("what the {} picture needs", format.name()),
            limit: limits.max_pixels,
            unit: Unit::Pixels,
        },
        other => Error::Invalid {
            format: format.name(),
            reason: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
