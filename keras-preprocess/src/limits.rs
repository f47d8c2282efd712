//! What a picture may cost.

use crate::error::{Error, Unit};

/// The default of [`Limits::max_bytes`]: 10 MB, more than a phone's camera writes.
pub const DEFAULT_MAX_BYTES: usize = 10_000_000;

/// The default of [`Limits::max_pixels`]: 50 megapixels.
///
/// That admits the pictures of today's phone cameras (48 and 50 megapixels). A decoded picture
/// takes three bytes a pixel, a progressive JPEG six more while it is decoded: 450 MB, which fits
/// a function with 1,024 MB.
pub const DEFAULT_MAX_PIXELS: u64 = 50_000_000;

/// The default of [`Limits::max_side`], far more than JPEG (65,535) and WebP (16,383) can express.
pub const DEFAULT_MAX_SIDE: u32 = 1_000_000;

/// What a picture may cost. All are checked before memory is taken.
///
/// There is none for frames: only the first is decoded, however many follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest encoded picture, in bytes.
    pub max_bytes: usize,
    /// The largest decoded picture, in pixels (width times height).
    pub max_pixels: u64,
    /// The longest side of a decoded picture, in pixels.
    pub max_side: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            max_pixels: DEFAULT_MAX_PIXELS,
            max_side: DEFAULT_MAX_SIDE,
        }
    }
}

impl Limits {
    /// Refuses more than `max_bytes`. `what` begins the message: "the picture", for instance.
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

    /// The error for something that passes `max_bytes`, for a caller that finds out for itself:
    /// because the length is not known before the end, for instance.
    pub fn too_many_bytes(&self, what: String) -> Error {
        Error::TooLarge {
            what,
            limit: self.max_bytes as u64,
            unit: Unit::Bytes,
        }
    }

    /// Refuses more than `max_pixels` or `max_side`, and pictures without any pixel. `format` is
    /// the name for messages.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], and [`Error::Invalid`] for a picture without pixels.
    pub fn check_size(&self, format: &'static str, width: u32, height: u32) -> Result<(), Error> {
        if width == 0 || height == 0 {
            return Err(Error::Invalid {
                format,
                reason: format!("its size is {width} x {height} pixels"),
            });
        }
        let too_large = |limit, unit| Error::TooLarge {
            what: format!("the {format} picture of {width} x {height} pixels"),
            limit,
            unit,
        };
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(too_large(self.max_pixels, Unit::Pixels));
        }
        if width.max(height) > self.max_side {
            return Err(too_large(self.max_side.into(), Unit::Side));
        }
        Ok(())
    }
}
