//! From a picture to the model's input, as the Python package `keras_image_helper` does it.

mod mode;

pub use mode::Mode;

use crate::{
    decode::{self, Format, Want},
    error::Error,
    limits::Limits,
    picture::Picture,
    resize::{Filter, nearest, resample},
};

/// Fills an input tensor of shape `[1, height, width, 3]`.
///
/// ```
/// use keras_preprocess::{Filter, Limits, Mode, Preprocessor};
///
/// // A GIF with one white pixel.
/// let gif = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// let preprocessor = Preprocessor::new(2, 2, Mode::Tf).filter(Filter::Bilinear);
/// let input = preprocessor.run(gif, &Limits::default())?;
/// assert_eq!(input, [1.0; 12]);
/// # Ok::<(), keras_preprocess::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessor {
    width: u32,
    height: u32,
    filter: Filter,
    upright: bool,
    reduced: bool,
    order: [usize; 3],
    table: [[f32; 256]; 3],
}

/// A picture that is decoded as far as a [`Preprocessor`] needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// What the file is.
    pub format: Format,
    /// The width of the file's picture in pixels.
    pub width: u32,
    /// The height of the file's picture in pixels.
    pub height: u32,
    /// What is left of it: the same pixels, or fewer where the others do not count. Only for the
    /// [`Preprocessor::fill`] of the preprocessor that decoded it.
    pub picture: Picture,
}

impl Preprocessor {
    /// Prepares for a model whose input has `width` times `height` pixels, each at least 1, with
    /// the filter of `keras_image_helper`: nearest.
    pub fn new(width: u32, height: u32, mode: Mode) -> Self {
        Self {
            width,
            height,
            filter: Filter::Nearest,
            upright: false,
            reduced: false,
            order: mode.order(),
            table: mode.table(),
        }
    }

    /// Resizes with another filter.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Whether [`Preprocessor::decode`] turns the picture as its EXIF data ask for, as Pillow's
    /// `ImageOps.exif_transpose` does. Off by default, as in `keras_image_helper`.
    ///
    /// TIFF pictures are always turned, since Pillow does so on its own.
    #[must_use]
    pub fn exif_orientation(self, on: bool) -> Self {
        Self {
            upright: on,
            ..self
        }
    }

    /// Whether [`Preprocessor::decode`] may decode a JPEG at a half, a quarter or an eighth of
    /// its size, but not smaller than the model's input. Faster for large pictures, and not equal
    /// to `keras_image_helper`: the pixels are means of those that it would choose from. Off by
    /// default.
    ///
    /// The decoded pixels are those of Pillow's `draft`.
    #[must_use]
    pub fn reduced_jpeg(self, on: bool) -> Self {
        Self {
            reduced: on,
            ..self
        }
    }

    /// How many numbers [`Preprocessor::fill`] writes.
    pub fn len(&self) -> usize {
        self.width as usize * self.height as usize * 3
    }

    /// Whether there is nothing to fill: a model without pixels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decodes a picture as far as [`Preprocessor::fill`] needs it. With the nearest filter most
    /// of a large JPEG is never looked at, and the result is the same.
    ///
    /// # Errors
    ///
    /// As [`decode`](crate::decode::decode()).
    pub fn decode(&self, bytes: &[u8], limits: &Limits) -> Result<Decoded, Error> {
        let want = Want {
            size: (self.width, self.height),
            nearest: self.filter == Filter::Nearest,
            upright: self.upright,
            reduced: self.reduced,
        };
        decode::decode_for(bytes, limits, Some(&want))
    }

    /// Decodes a picture and returns the input tensor, `[1, height, width, 3]`.
    ///
    /// # Errors
    ///
    /// As [`Preprocessor::decode`].
    pub fn run(&self, bytes: &[u8], limits: &Limits) -> Result<Vec<f32>, Error> {
        let decoded = self.decode(bytes, limits)?;
        let mut input = vec![0.0; self.len()];
        self.fill(&decoded.picture, &mut input);
        Ok(input)
    }

    /// Resizes the whole picture, converts it to RGB and writes it into `input`, without a float
    /// picture in between.
    ///
    /// # Panics
    ///
    /// If `input` has not [`Preprocessor::len`] elements.
    pub fn fill(&self, picture: &Picture, input: &mut [f32]) {
        assert_eq!(input.len(), self.len(), "the input tensor has another size");
        if self.is_empty() {
            return;
        }
        if self.filter != Filter::Nearest {
            let pixels = resample(picture, self.width, self.height, self.filter);
            return self.convert(pixels.as_chunks().0, input);
        }
        let row_length = self.width as usize * 3;
        let is_same_width = picture.width() == self.width;
        let columns: Vec<u32> = nearest(picture.width(), self.width).collect();
        let mut line = vec![[0; 3]; self.width as usize];
        let rows = nearest(picture.height(), self.height);
        for (y, row) in rows.zip(input.chunks_exact_mut(row_length)) {
            match picture.rgb_row(y) {
                Some(source) if is_same_width => {
                    self.convert(source, row);
                    continue;
                }
                Some(source) => {
                    for (pixel, &x) in line.iter_mut().zip(&columns) {
                        *pixel = source[x as usize];
                    }
                }
                None => {
                    for (pixel, &x) in line.iter_mut().zip(&columns) {
                        *pixel = picture.rgb(x, y);
                    }
                }
            }
            self.convert(&line, row);
        }
    }

    fn convert(&self, pixels: &[[u8; 3]], input: &mut [f32]) {
        let [first, second, third] = &self.table;
        let [one, two, three] = self.order;
        for (pixel, numbers) in pixels.iter().zip(input.as_chunks_mut::<3>().0) {
            *numbers = [
                first[usize::from(pixel[one])],
                second[usize::from(pixel[two])],
                third[usize::from(pixel[three])],
            ];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Samples;

    #[test]
    fn rows_columns_and_channels_are_in_order() {
        let bytes = vec![0, 51, 102, 153, 204, 255];
        let picture = Picture::new(1, 2, Samples::Rgb8, bytes).unwrap();
        let mut input = vec![f32::NAN; 12];
        Preprocessor::new(2, 2, Mode::Tf).fill(&picture, &mut input);
        let expected = [
            -1.0, -0.6, -0.2, -1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 0.2, 0.6, 1.0,
        ];
        for (value, expected) in input.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{input:?}");
        }
        Preprocessor::new(1, 2, Mode::Caffe).fill(&picture, &mut input[..6]);
        assert_eq!(input[0], 102.0 - 103.939);
        assert_eq!(input[5], 153.0 - 123.68);
    }
}
