//! A decoded picture in the samples that its file has, and each pixel of it as RGB.
//!
//! Nearest-neighbour resizing looks at few of the pixels, so only those are converted.

use image::metadata::Orientation;

use crate::{error::Error, jpeg::ycc_to_rgb};

/// 256 colours. An index that the file's palette does not have is a shade of grey, as in Pillow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette(Box<[[u8; 3]; 256]>);

impl Palette {
    /// Index `i` is the grey `[i, i, i]`.
    pub fn grey() -> Self {
        Self(Box::new(std::array::from_fn(|index| [index as u8; 3])))
    }

    /// Takes colours from `[R, G, B, R, G, B, …]`.
    pub fn from_rgb(colours: &[u8]) -> Self {
        let mut palette = Self::grey();
        for (entry, colour) in palette.0.iter_mut().zip(colours.as_chunks::<3>().0) {
            *entry = *colour;
        }
        palette
    }
}

/// What the bytes of a pixel mean. Samples of 16 bits are in the machine's byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Samples {
    /// One byte.
    Grey8,
    /// Grey and alpha.
    GreyAlpha8,
    /// Red, green and blue.
    Rgb8,
    /// Red, green, blue and alpha.
    Rgba8,
    /// One sample of 16 bits.
    Grey16,
    /// Grey and alpha, 16 bits each.
    GreyAlpha16,
    /// 16-bit grey in `stride` bytes a pixel whose values above 255 are white: Pillow's `I;16`.
    ClippedGrey16 {
        /// Bytes a pixel: 2, or 4 with an alpha that is not looked at.
        stride: usize,
    },
    /// Red, green and blue, 16 bits each.
    Rgb16,
    /// Red, green, blue and alpha, 16 bits each.
    Rgba16,
    /// An index into a palette.
    Indexed(Palette),
    /// Ink by Adobe's convention: 255 is none. Cyan, magenta, yellow and black.
    InvertedCmyk8,
    /// As `InvertedCmyk8`, with the three colours as YCbCr of their complement.
    InvertedYcck8,
}

impl Samples {
    /// Bytes a pixel.
    pub fn pixel_bytes(&self) -> usize {
        match self {
            Self::Grey8 | Self::Indexed(_) => 1,
            Self::GreyAlpha8 | Self::Grey16 => 2,
            Self::Rgb8 => 3,
            Self::Rgba8 | Self::GreyAlpha16 | Self::InvertedCmyk8 | Self::InvertedYcck8 => 4,
            Self::Rgb16 => 6,
            Self::Rgba16 => 8,
            Self::ClippedGrey16 { stride } => *stride,
        }
    }

    /// A pixel of [`Samples::pixel_bytes`] bytes as Pillow's `convert("RGB")` makes it: alpha
    /// dropped, grey in all three channels, the high byte of 16 bits.
    fn rgb(&self, pixel: &[u8]) -> [u8; 3] {
        match self {
            Self::Grey8 | Self::GreyAlpha8 => [pixel[0]; 3],
            Self::Rgb8 | Self::Rgba8 => [pixel[0], pixel[1], pixel[2]],
            Self::Grey16 | Self::GreyAlpha16 => [high_byte(pixel, 0); 3],
            Self::ClippedGrey16 { .. } => [sample_16(pixel, 0).min(255) as u8; 3],
            Self::Rgb16 | Self::Rgba16 => std::array::from_fn(|channel| high_byte(pixel, channel)),
            Self::Indexed(palette) => palette.0[usize::from(pixel[0])],
            Self::InvertedCmyk8 => inverted_cmyk_to_rgb([pixel[0], pixel[1], pixel[2]], pixel[3]),
            Self::InvertedYcck8 => inverted_cmyk_to_rgb(
                ycc_to_rgb([pixel[0], pixel[1], pixel[2]]).map(|sample| 255 - sample),
                pixel[3],
            ),
        }
    }
}

fn sample_16(pixel: &[u8], channel: usize) -> u16 {
    u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]])
}

fn high_byte(pixel: &[u8], channel: usize) -> u8 {
    (sample_16(pixel, channel) >> 8) as u8
}

/// Pillow's conversion: `255 - black - ink * (255 - black) / 255`, rounded to the nearest.
fn inverted_cmyk_to_rgb(inverted: [u8; 3], inverted_black: u8) -> [u8; 3] {
    let light = u32::from(inverted_black);
    inverted.map(|inverted_ink| {
        let product = u32::from(255 - inverted_ink) * light + 128;
        let ink = ((product >> 8) + product) >> 8;
        light.saturating_sub(ink) as u8
    })
}

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    samples: Samples,
    bytes: Vec<u8>,
}

impl Picture {
    /// Rows from top to bottom, pixels from left to right, nothing between the rows.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if `bytes` is not as long as the size demands, or the size is empty.
    pub fn new(width: u32, height: u32, samples: Samples, bytes: Vec<u8>) -> Result<Self, Error> {
        let expected = u64::from(width) * u64::from(height) * samples.pixel_bytes() as u64;
        if bytes.len() as u64 != expected || expected == 0 {
            return Err(Error::Length {
                width,
                height,
                actual: bytes.len(),
                expected,
            });
        }
        Ok(Self {
            width,
            height,
            samples,
            bytes,
        })
    }

    /// The width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// What the bytes mean.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The pixel in column `x` and row `y` as red, green and blue.
    ///
    /// # Panics
    ///
    /// If the picture has no such pixel.
    pub fn rgb(&self, x: u32, y: u32) -> [u8; 3] {
        assert!(x < self.width && y < self.height, "no pixel ({x}, {y})");
        let bytes = self.samples.pixel_bytes();
        let at = (y as usize * self.width as usize + x as usize) * bytes;
        self.samples.rgb(&self.bytes[at..at + bytes])
    }

    /// Row `y` as red, green and blue, where the bytes are just that: the usual case, faster than
    /// [`Picture::rgb`] for each pixel.
    ///
    /// # Panics
    ///
    /// If the picture has no such row.
    pub fn rgb_row(&self, y: u32) -> Option<&[[u8; 3]]> {
        assert!(y < self.height, "no row {y}");
        let width = self.width as usize;
        match self.samples {
            Samples::Rgb8 => Some(&self.bytes.as_chunks().0[y as usize * width..][..width]),
            _ => None,
        }
    }

    /// The picture as the orientation demands it to be shown.
    pub(crate) fn turned(self, orientation: Orientation) -> Self {
        let (width, height) = (self.width as usize, self.height as usize);
        // For each row and column of the turned picture the position in this one.
        let position = |row: usize, column: usize| match orientation {
            Orientation::NoTransforms => (row, column),
            Orientation::FlipHorizontal => (row, width - 1 - column),
            Orientation::FlipVertical => (height - 1 - row, column),
            Orientation::Rotate180 => (height - 1 - row, width - 1 - column),
            Orientation::Rotate90 => (height - 1 - column, row),
            Orientation::Rotate270 => (column, width - 1 - row),
            Orientation::Rotate90FlipH => (column, row),
            Orientation::Rotate270FlipH => (height - 1 - column, width - 1 - row),
        };
        let swaps = matches!(
            orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        let (columns, rows) = if swaps {
            (height, width)
        } else {
            (width, height)
        };
        let length = self.samples.pixel_bytes();
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
        {
            let (y, x) = position(row, column);
            bytes.extend_from_slice(&self.bytes[(y * width + x) * length..][..length]);
        }
        Self {
            width: columns as u32,
            height: rows as u32,
            samples: self.samples,
            bytes,
        }
    }

    /// The same 16-bit grey, clipped instead of scaled.
    pub(crate) fn clipped(self) -> Self {
        let stride = self.samples.pixel_bytes();
        Self {
            samples: Samples::ClippedGrey16 { stride },
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_is_an_error() {
        for (width, height, length) in [(2, 2, 3), (2, 2, 5), (0, 1, 0), (u32::MAX, u32::MAX, 1)] {
            assert!(Picture::new(width, height, Samples::Grey8, vec![0; length]).is_err());
        }
    }

    #[test]
    fn rows_are_the_pixels() {
        let picture = Picture::new(2, 3, Samples::Rgb8, (0..18).collect()).unwrap();
        for y in 0..3 {
            let row = picture.rgb_row(y).unwrap();
            assert_eq!(row, [picture.rgb(0, y), picture.rgb(1, y)]);
        }
        let grey = Picture::new(2, 3, Samples::Grey8, vec![0; 6]).unwrap();
        assert_eq!(grey.rgb_row(0), None);
    }

    #[test]
    fn adobe_inks() {
        // No ink at all is white, black ink alone is black, full cyan lacks red.
        assert_eq!(inverted_cmyk_to_rgb([255; 3], 255), [255; 3]);
        assert_eq!(inverted_cmyk_to_rgb([255; 3], 0), [0; 3]);
        assert_eq!(inverted_cmyk_to_rgb([0, 255, 255], 255), [0, 255, 255]);
    }

    #[test]
    fn an_index_outside_the_palette_is_grey() {
        let palette = Palette::from_rgb(&[1, 2, 3, 4, 5, 6]);
        let picture = Picture::new(3, 1, Samples::Indexed(palette), vec![0, 1, 200]).unwrap();
        assert_eq!(picture.rgb(0, 0), [1, 2, 3]);
        assert_eq!(picture.rgb(1, 0), [4, 5, 6]);
        assert_eq!(picture.rgb(2, 0), [200; 3]);
    }
}
