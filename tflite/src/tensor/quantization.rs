//! What a quantized tensor's integers mean.

use std::ops::RangeInclusive;

use super::packed::Packing;
use super::{Shape, Tensor, TensorElement, TensorMut, TensorType, narrow};
use crate::error::{Error, Result};

/// One scale: a real number is `scale * (integer - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The distance between two neighbouring integers. Never 0.
    pub scale: f32,
    /// The integer that stands for 0.0.
    pub zero_point: i32,
}

impl Quantization {
    /// The real number that an integer stands for.
    ///
    /// ```
    /// let quantization = tflite::Quantization { scale: 0.5, zero_point: -1 };
    /// assert_eq!(quantization.dequantize(3), 2.0);
    /// ```
    pub fn dequantize(self, integer: i32) -> f32 {
        // As the runtime does: the product of two numbers that are exact, rounded once.
        let distance = i64::from(integer) - i64::from(self.zero_point);
        (f64::from(self.scale) * distance as f64) as f32
    }

    /// The integer in `range` that stands for the number that is nearest to `real`; halves go away
    /// from zero. NaN is taken for 0.0.
    ///
    /// ```
    /// let quantization = tflite::Quantization { scale: 0.5, zero_point: -1 };
    /// assert_eq!(quantization.quantize(2.0, -128..=127), 3);
    /// assert_eq!(quantization.quantize(1e9, -128..=127), 127);
    /// ```
    pub fn quantize(self, real: f32, range: RangeInclusive<i32>) -> i32 {
        // Casting saturates, and makes 0 of NaN.
        let steps = (real / self.scale).round() as i32;
        let integer = steps.saturating_add(self.zero_point);
        integer.min(*range.end()).max(*range.start())
    }
}

/// One scale for the whole tensor, or one for each index of a dimension (a channel).
#[derive(Clone, Debug, PartialEq)]
pub struct AffineQuantization {
    /// One for each channel, or just one.
    channels: Vec<Quantization>,
    dimension: usize,
}

impl AffineQuantization {
    /// From C: `None` if the numbers contradict each other or the shape.
    pub(crate) fn new(
        scales: &[f32],
        zero_points: &[i32],
        dimension: i32,
        shape: &Shape,
    ) -> Option<Self> {
        let dimension = usize::try_from(dimension).ok()?;
        let fits = scales.len() == 1 || shape.get(dimension) == Some(&scales.len());
        // There may be one zero point for all channels.
        let zero_points_fit = matches!(zero_points.len(), 1) || zero_points.len() == scales.len();
        if !fits || !zero_points_fit || scales.contains(&0.0) {
            return None;
        }
        let zero_points = zero_points.iter().cycle();
        let channels = scales
            .iter()
            .zip(zero_points)
            .map(|(&scale, &zero_point)| Quantization { scale, zero_point })
            .collect();
        Some(Self {
            channels,
            dimension,
        })
    }

    /// One for each channel; just one if it is for the whole tensor.
    pub fn channels(&self) -> &[Quantization] {
        &self.channels
    }

    /// Along which dimension the channels are counted; of no meaning if there is just one.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// For each element in row-major order.
    fn elements(&self, shape: &Shape) -> impl Iterator<Item = Quantization> {
        // So many neighbours belong to the same channel.
        let stride = match self.channels.len() {
            1 => usize::MAX,
            _ => shape
                .iter()
                .skip(self.dimension + 1)
                .product::<usize>()
                .max(1),
        };
        self.channels
            .iter()
            .flat_map(move |&channel| std::iter::repeat_n(channel, stride))
            .cycle()
    }
}

impl Tensor<'_> {
    /// The real numbers that the integers stand for, in row-major order: of int8, uint8, int16,
    /// int32, int4, uint4 and int2 with a scale. Numbers in float16 and bfloat16, which need none,
    /// are widened.
    ///
    /// # Errors
    ///
    /// [`Error::NotQuantized`] if there is no scale, or if the type is another one; else as
    /// [`data`](Self::data).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/int8_dense.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.quantize_from(&[0.5; 8])?;
    /// interpreter.invoke()?;
    /// let scores: Vec<f32> = interpreter.output(0)?.dequantize()?;
    /// assert_eq!(scores.len(), 4);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn dequantize(&self) -> Result<Vec<f32>> {
        match self.dtype() {
            TensorType::Int8 => self.dequantize_as::<i8>(),
            TensorType::UInt8 => self.dequantize_as::<u8>(),
            TensorType::Int16 => self.dequantize_as::<i16>(),
            TensorType::Int32 => self.dequantize_as::<i32>(),
            TensorType::Int4 | TensorType::UInt4 | TensorType::Int2 => {
                let quantization = self.quantized()?;
                Ok(self.scale(&self.unpack()?, &quantization))
            }
            TensorType::Float16 => self.widen(narrow::from_f16),
            TensorType::BFloat16 => self.widen(narrow::from_bf16),
            _ => Err(self.not_quantized()),
        }
    }

    fn dequantize_as<T: TensorElement + Into<i32>>(&self) -> Result<Vec<f32>> {
        let quantization = self.quantized()?;
        Ok(self.scale(self.data::<T>()?, &quantization))
    }

    fn scale<T: Copy + Into<i32>>(
        &self,
        integers: &[T],
        quantization: &AffineQuantization,
    ) -> Vec<f32> {
        let elements = integers.iter().zip(quantization.elements(&self.shape));
        elements
            .map(|(&integer, quantization)| quantization.dequantize(integer.into()))
            .collect()
    }

    fn widen(&self, widen: impl Fn(u16) -> f32) -> Result<Vec<f32>> {
        let (numbers, _) = self.bytes()?.as_chunks::<2>();
        Ok(numbers
            .iter()
            .map(|&bytes| widen(u16::from_ne_bytes(bytes)))
            .collect())
    }

    fn not_quantized(&self) -> Error {
        Error::NotQuantized {
            tensor: self.label(),
        }
    }

    fn quantized(&self) -> Result<AffineQuantization> {
        self.affine_quantization()
            .ok_or_else(|| self.not_quantized())
    }
}

impl TensorMut<'_> {
    /// Writes the integers that stand for these real numbers, in row-major order: the nearest
    /// ones, halves away from zero, as the runtime's own kernel rounds. What is beyond the type's
    /// range becomes its end. In float16 and bfloat16 it is the nearest number that there is, of
    /// two the even one.
    ///
    /// # Errors
    ///
    /// As [`Tensor::dequantize`], and [`Error::LengthMismatch`] and [`Error::ReadOnly`].
    pub fn quantize_from(&mut self, reals: &[f32]) -> Result<()> {
        match self.dtype() {
            TensorType::Int8 => self.quantize_as(reals, -128..=127, |integer| integer as i8),
            TensorType::UInt8 => self.quantize_as(reals, 0..=255, |integer| integer as u8),
            TensorType::Int16 => self.quantize_as(reals, -32768..=32767, |integer| integer as i16),
            TensorType::Int32 => self.quantize_as(reals, i32::MIN..=i32::MAX, |integer| integer),
            TensorType::Float16 => self.narrow(reals, narrow::to_f16),
            TensorType::BFloat16 => self.narrow(reals, narrow::to_bf16),
            dtype => match Packing::of(dtype) {
                Some(packing) => self.quantize_packed(reals, packing),
                None => Err(self.0.not_quantized()),
            },
        }
    }

    fn quantize_packed(&mut self, reals: &[f32], packing: Packing) -> Result<()> {
        let quantization = self.0.quantized()?;
        let range = packing.range();
        let elements = reals.iter().zip(quantization.elements(&self.0.shape));
        let integers: Vec<i8> = elements
            .map(|(&real, quantization)| quantization.quantize(real, range.clone()) as i8)
            .collect();
        self.pack_from(&integers)
    }

    fn narrow(&mut self, reals: &[f32], narrow: impl Fn(f32) -> u16) -> Result<()> {
        let bytes = reals.iter().flat_map(|&real| narrow(real).to_ne_bytes());
        let expected = self.byte_len() / 2;
        if expected != reals.len() {
            return Err(self.length_mismatch(expected, reals.len()));
        }
        self.copy_bytes(2 * reals.len(), bytes)
    }

    /// `range` is that of the type, so that `cast` loses nothing.
    fn quantize_as<T: TensorElement>(
        &mut self,
        reals: &[f32],
        range: RangeInclusive<i32>,
        cast: impl Fn(i32) -> T,
    ) -> Result<()> {
        // One scale is looked at where it is; a list of them is copied.
        let (one, many) = match self.0.quantization() {
            Some(quantization) => (Some(quantization), None),
            None => (None, Some(self.0.quantized()?)),
        };
        let shape = self.shape();
        let data = self.data_mut::<T>()?;
        if data.len() != reals.len() {
            let (expected, actual) = (data.len(), reals.len());
            return Err(self.length_mismatch(expected, actual));
        }
        let one = one.into_iter().cycle();
        let many = many.iter().flat_map(|channels| channels.elements(&shape));
        let elements = reals.iter().zip(one.chain(many));
        for (to, (&real, quantization)) in data.iter_mut().zip(elements) {
            *to = cast(quantization.quantize(real, range.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_saturate() {
        let quantization = Quantization {
            scale: 1e-3,
            zero_point: i32::MIN,
        };
        assert_eq!(quantization.quantize(f32::INFINITY, -128..=127), -1);
        assert_eq!(quantization.quantize(f32::NEG_INFINITY, -128..=127), -128);
        let quantization = Quantization {
            scale: 0.25,
            zero_point: 3,
        };
        assert_eq!(quantization.quantize(f32::INFINITY, -128..=127), 127);
        assert_eq!(quantization.quantize(f32::NAN, -128..=127), 3);
        assert_eq!(
            quantization.dequantize(i32::MIN),
            -536_870_912.75_f64 as f32
        );
    }

    #[test]
    fn channels_must_fit_the_shape() {
        let shape = Shape::new(&[2, 3]);
        let new = |scales: &[f32], zeros: &[i32], dimension| {
            AffineQuantization::new(scales, zeros, dimension, &shape)
        };
        assert!(new(&[0.5], &[0], 0).is_some());
        assert!(new(&[0.5; 2], &[0; 2], 0).is_some());
        assert!(new(&[0.5; 3], &[0], 1).is_some());
        assert!(new(&[0.5; 3], &[0; 3], 0).is_none(), "three for two");
        assert!(new(&[0.5; 2], &[0; 2], 2).is_none(), "no such dimension");
        assert!(new(&[0.5; 2], &[0; 2], -1).is_none());
        assert!(
            new(&[0.5; 3], &[0; 2], 1).is_none(),
            "two zero points for three scales"
        );
        assert!(new(&[], &[], 0).is_none());
        assert!(new(&[0.0], &[0], 0).is_none(), "not quantized");
    }

    #[test]
    fn each_element_has_the_scale_of_its_channel() {
        let scales = |shape: &[usize], dimension, count: usize| -> Vec<f32> {
            let shape = Shape::new(shape);
            let scales: Vec<f32> = (1..=count).map(|number| number as f32).collect();
            let quantization = AffineQuantization::new(&scales, &[0], dimension, &shape);
            let elements = shape.elements().expect("small");
            let quantization = quantization.expect("fits");
            quantization
                .elements(&shape)
                .map(|q| q.scale)
                .take(elements)
                .collect()
        };
        assert_eq!(scales(&[2, 3], 0, 2), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        assert_eq!(scales(&[2, 3], 1, 3), [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
        assert_eq!(
            scales(&[2, 2, 2], 1, 2),
            [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]
        );
        assert_eq!(scales(&[2, 2], 0, 1), [1.0; 4]);
    }
}
