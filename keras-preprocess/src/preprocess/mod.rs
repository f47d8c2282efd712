//! From a picture to the model's input, as the Python package `keras_image_helper` does it.

mod resize;

pub use resize::nearest;

use crate::picture::Picture;

/// How a channel value from 0 to 255 becomes a number of the model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// `x / 127.5 - 1`, from -1 to 1, in the order red, green, blue. Keras calls it `tf`;
    /// Xception, Inception and MobileNet use it.
    #[default]
    Tf,
}

impl Mode {
    /// All 256 results, each step rounded to `f32` as numpy does it in place.
    fn table(self) -> [f32; 256] {
        std::array::from_fn(|value| match self {
            Self::Tf => value as f32 / 127.5 - 1.0,
        })
    }
}

/// Fills an input tensor of shape `[1, height, width, 3]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessor {
    width: u32,
    height: u32,
    table: [f32; 256],
}

impl Preprocessor {
    /// Prepares for a model whose input has `width` times `height` pixels, each at least 1.
    pub fn new(width: u32, height: u32, mode: Mode) -> Self {
        Self {
            width,
            height,
            table: mode.table(),
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

    /// Resizes the whole picture to the nearest pixels, converts it to RGB and writes it into
    /// `input`, without a float picture in between.
    ///
    /// # Panics
    ///
    /// If `input` has not [`Preprocessor::len`] elements.
    pub fn fill(&self, picture: &Picture, input: &mut [f32]) {
        assert_eq!(input.len(), self.len(), "the input tensor has another size");
        if self.is_empty() {
            return;
        }
        let columns: Vec<u32> = nearest(picture.width(), self.width).collect();
        let rows = nearest(picture.height(), self.height);
        for (y, row) in rows.zip(input.chunks_exact_mut(self.width as usize * 3)) {
            let pixels = columns.iter().zip(row.as_chunks_mut::<3>().0);
            match picture.rgb_row(y) {
                Some(source) => {
                    pixels.for_each(|(&x, pixel)| *pixel = self.convert(source[x as usize]));
                }
                None => pixels.for_each(|(&x, pixel)| *pixel = self.convert(picture.rgb(x, y))),
            }
        }
    }

    fn convert(&self, rgb: [u8; 3]) -> [f32; 3] {
        rgb.map(|value| self.table[usize::from(value)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Samples;

    #[test]
    fn the_ends_of_the_range() {
        let table = Mode::Tf.table();
        assert_eq!(table[0], -1.0);
        assert_eq!(table[255], 1.0);
        // numpy: np.float32(128) / np.float32(127.5) - np.float32(1)
        assert_eq!(table[128].to_bits(), 0.003_921_628_f32.to_bits());
    }

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
    }
}
