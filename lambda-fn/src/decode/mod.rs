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

use crate::{error::Error, picture::Picture};

/// The default of `MAX_IMAGE_BYTES`: 10 MB, more than a phone's camera writes.
pub const DEFAULT_MAX_BYTES: usize = 10_000_000;

/// The default of `MAX_IMAGE_PIXELS`: 50 megapixels.
///
/// That admits the pictures of today's phone cameras (48 and 50 megapixels). A decoded picture
/// takes three bytes a pixel, a progressive JPEG six more while it is decoded: 450 MB, which fits
/// a function with 1,024 MB.
pub const DEFAULT_MAX_PIXELS: u64 = 50_000_000;

/// What a picture may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest encoded picture, in bytes.
    pub max_bytes: usize,
    /// The largest decoded picture, in pixels (width times height).
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            max_pixels: DEFAULT_MAX_PIXELS,
        }
    }
}

impl Limits {
    /// Refuses more than `max_bytes`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`].
    pub fn check_bytes(&self, what: &str, bytes: u64) -> Result<(), Error> {
        if bytes <= self.max_bytes as u64 {
            return Ok(());
        }
        Err(self.too_many_bytes(format!("{what} ({bytes} bytes)")))
    }

    /// The error for a body that passes the limit, when its size is not known.
    pub(crate) fn too_many_bytes(&self, what: String) -> Error {
        Error::TooLarge {
            what,
            limit: format!("{} bytes (MAX_IMAGE_BYTES)", self.max_bytes),
        }
    }

    /// Refuses more than `max_pixels`, and pictures without any.
    fn check_size(&self, format: Format, width: u32, height: u32) -> Result<(), Error> {
        if width == 0 || height == 0 {
            return Err(Error::InvalidImage {
                format: format.name(),
                reason: format!("its size is {width} x {height} pixels"),
            });
        }
        if u64::from(width) * u64::from(height) <= self.max_pixels {
            return Ok(());
        }
        Err(Error::TooLarge {
            what: format!("the {} picture of {width} x {height} pixels", format.name()),
            limit: format!("{} pixels (MAX_IMAGE_PIXELS)", self.max_pixels),
        })
    }
}

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
    /// [`Error::UnsupportedImage`] says what the bytes look like instead.
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
    Error::UnsupportedImage(format!(
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
/// use lambda_fn::decode::{Format, Limits, decode};
///
/// // A GIF with one white pixel.
/// let gif = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// let (format, picture) = decode(gif, &Limits::default())?;
/// assert_eq!((format, picture.width(), picture.height()), (Format::Gif, 1, 1));
/// assert_eq!(picture.rgb(0, 0), [255; 3]);
///
/// let error = decode(b"<html>Not found</html>", &Limits::default()).unwrap_err();
/// assert_eq!(error.error_type(), "UnsupportedImage");
/// # Ok::<(), lambda_fn::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLarge`] before the memory is taken, [`Error::UnsupportedImage`] for another
/// format, [`Error::InvalidImage`] for bytes that are damaged or cut off.
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
        ImageError::Unsupported(reason) => Error::UnsupportedImage(reason.to_string()),
        ImageError::Limits(_) => Error::TooLarge {
            what: format!("what the {} picture needs", format.name()),
            limit: format!("{} pixels (MAX_IMAGE_PIXELS)", limits.max_pixels),
        },
        other => Error::InvalidImage {
            format: format.name(),
            reason: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
