//! From bytes to pixels, with the memory bounded before it is taken.
//!
//! The format is told by the first bytes, never by a file name or a header of the server. What
//! comes out is what Pillow's `Image.open` gives: the first frame, without colour management and
//! without regard to the EXIF orientation, unless a [`Preprocessor`](crate::Preprocessor) is told
//! to look at it.

mod gif;
mod jpeg;
mod raster;
mod tiff;

use std::io::Cursor;

use image::{
    ImageError, ImageFormat,
    codecs::{bmp::BmpDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};

use crate::{
    error::{Error, Unit},
    limits::Limits,
    picture::Picture,
    preprocess::Decoded,
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
    /// TIFF, uncompressed, LZW, deflate or PackBits, in one plane; the first page counts.
    Tiff,
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
            Self::Tiff => "TIFF",
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
            Ok(ImageFormat::Tiff) => Ok(Self::Tiff),
            Ok(ImageFormat::WebP) => Ok(Self::WebP),
            Ok(other) => Err(unsupported(&format!("the picture's format is {other:?}"))),
            Err(_) => Err(unsupported(&describe(bytes))),
        }
    }
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported(format!(
        "{what}; supported are JPEG, PNG, WebP, GIF, BMP and TIFF"
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
    let decoded = decode_for(bytes, limits, None)?;
    Ok((decoded.format, decoded.picture))
}

/// What is done with the picture, as far as it spares work in decoding.
pub(crate) struct Want {
    /// The width and height that the picture is resized to.
    pub(crate) size: (u32, u32),
    /// Whether that takes the nearest pixels.
    pub(crate) nearest: bool,
    /// Whether the EXIF orientation counts.
    pub(crate) upright: bool,
    /// Whether a JPEG may be decoded at a fraction of its size.
    pub(crate) reduced: bool,
}

/// A picture, and how it must be turned if that counts.
struct Source {
    width: u32,
    height: u32,
    picture: Picture,
    orientation: Orientation,
}

impl Source {
    fn upright(picture: Picture) -> Self {
        Self {
            width: picture.width(),
            height: picture.height(),
            picture,
            orientation: Orientation::NoTransforms,
        }
    }
}

/// [`decode`], but without what is not wanted.
pub(crate) fn decode_for(
    bytes: &[u8],
    limits: &Limits,
    want: Option<&Want>,
) -> Result<Decoded, Error> {
    limits.check_bytes("the picture", bytes.len() as u64)?;
    let format = Format::detect(bytes)?;
    let source = match format {
        Format::Jpeg => jpeg::decode(bytes, limits, want)?,
        Format::Gif => Source::upright(gif::decode(bytes, limits)?),
        Format::Png => {
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), raster::allocations(limits))
                .map_err(|error| from_image(format, limits, &error))?;
            let mut source = raster::read(decoder, format, limits)?;
            source.picture = raster::clip_grey_16(source.picture, bytes);
            source
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
        Format::Tiff => tiff::decode(bytes, limits)?,
    };
    // Pillow turns TIFF pictures by itself.
    let turn = format == Format::Tiff || want.is_some_and(|want| want.upright);
    let Source {
        mut width,
        mut height,
        mut picture,
        orientation,
    } = source;
    if turn && orientation != Orientation::NoTransforms {
        if swaps(orientation) {
            (width, height) = (height, width);
        }
        picture = picture.turned(orientation);
    }
    Ok(Decoded {
        format,
        width,
        height,
        picture,
    })
}

/// Whether turning a picture exchanges its width and height.
fn swaps(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
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
