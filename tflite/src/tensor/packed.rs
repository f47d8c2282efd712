//! Integers of 4 and 2 bits, several to a byte.

#![forbid(unsafe_code)]

use std::ops::RangeInclusive;

use super::{Tensor, TensorMut, TensorType};
use crate::error::{Error, Result};

/// How a type puts several integers into one byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    bits: usize,
    is_signed: bool,
}

impl Packing {
    /// `None` if each element has at least one byte of its own.
    pub(super) fn of(dtype: TensorType) -> Option<Self> {
        let (bits, is_signed) = match dtype {
            TensorType::Int4 => (4, true),
            TensorType::UInt4 => (4, false),
            TensorType::Int2 => (2, true),
            _ => return None,
        };
        Some(Self { bits, is_signed })
    }

    /// The integers that there are.
    pub(super) fn range(self) -> RangeInclusive<i32> {
        let count = 1 << self.bits;
        if self.is_signed {
            -count / 2..=count / 2 - 1
        } else {
            0..=count - 1
        }
    }

    fn per_byte(self) -> usize {
        8 / self.bits
    }

    /// How many bytes so many integers take: the last one may be used in part.
    fn bytes(self, elements: usize) -> usize {
        elements.div_ceil(self.per_byte())
    }

    /// The integers in these bytes, the first one in the lowest bits.
    pub(super) fn unpack(self, bytes: &[u8]) -> impl Iterator<Item = i8> {
        bytes
            .iter()
            .flat_map(move |&byte| (0..self.per_byte()).map(move |place| self.extract(byte, place)))
    }

    /// One of the integers in these bytes.
    pub(super) fn get(self, bytes: &[u8], index: usize) -> Option<i8> {
        let byte = bytes.get(index / self.per_byte())?;
        Some(self.extract(*byte, index % self.per_byte()))
    }

    fn extract(self, byte: u8, place: usize) -> i8 {
        // The integer at the top of the byte, from where a shift extends the sign.
        let top = byte << (8 - self.bits * (place + 1));
        let down = 8 - self.bits;
        if self.is_signed {
            top.cast_signed() >> down
        } else {
            (top >> down).cast_signed()
        }
    }

    /// The bytes of these integers, each of which is in range. Bits that are left over are 0.
    fn pack(self, integers: &[i8]) -> impl Iterator<Item = u8> {
        let mask = u8::MAX >> (8 - self.bits);
        integers.chunks(self.per_byte()).map(move |chunk| {
            chunk.iter().rev().fold(0, |byte, integer| {
                byte << self.bits | integer.cast_unsigned() & mask
            })
        })
    }
}

impl Tensor<'_> {
    /// The integers of a tensor of int4 (-8 to 7), uint4 (0 to 15) or int2 (-2 to 1), in row-major
    /// order, one to a byte.
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`] for tensors of another type; else as [`data`](Self::data).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/packed.tflite");
    /// // This model quantizes float32 of shape [5] to uint4, with scale 0.5 and zero point 8.
    /// let model = tflite::Model::from_file(path)?;
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.copy_from_slice(&[-4.0_f32, 0.0, 0.5, 3.0, 99.0])?;
    /// interpreter.invoke()?;
    /// let output = interpreter.output(1)?;
    /// assert_eq!(output.dtype(), tflite::TensorType::UInt4);
    /// assert_eq!(output.byte_len(), 3);
    /// assert_eq!(output.unpack()?, [0, 8, 9, 14, 15]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn unpack(&self) -> Result<Vec<i8>> {
        let packing = self.packing()?;
        let bytes = self.bytes()?;
        let elements = self.packed_elements(packing, bytes.len())?;
        Ok(packing.unpack(bytes).take(elements).collect())
    }

    fn packing(&self) -> Result<Packing> {
        Packing::of(self.dtype()).ok_or_else(|| Error::TypeMismatch {
            tensor: self.label(),
            expected: TensorType::Int4,
            actual: self.dtype(),
        })
    }

    /// How many elements there are, if so many bytes hold them.
    fn packed_elements(&self, packing: Packing, bytes: usize) -> Result<usize> {
        let elements = self.shape.elements();
        elements
            .filter(|&elements| packing.bytes(elements) == bytes)
            .ok_or_else(|| Error::SizeMismatch {
                tensor: self.label(),
                shape: self.shape(),
                bytes,
                dtype: self.dtype(),
            })
    }
}

impl TensorMut<'_> {
    /// Writes all integers of a tensor of int4 (-8 to 7), uint4 (0 to 15) or int2 (-2 to 1), in
    /// row-major order.
    ///
    /// # Errors
    ///
    /// [`Error::ValueOutOfRange`] if the type does not have one of the integers: nothing is written
    /// then. [`Error::TypeMismatch`] for tensors of another type; else as
    /// [`copy_from_slice`](Self::copy_from_slice).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/int4.tflite");
    /// // This model casts int4 of shape [5] to float32.
    /// let model = tflite::Model::from_file(path)?;
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.pack_from(&[-8, -1, 0, 1, 7])?;
    /// interpreter.invoke()?;
    /// assert_eq!(interpreter.output(0)?.data::<f32>()?, [-8.0, -1.0, 0.0, 1.0, 7.0]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn pack_from(&mut self, integers: &[i8]) -> Result<()> {
        let packing = self.0.packing()?;
        let elements = self.0.packed_elements(packing, self.byte_len())?;
        if elements != integers.len() {
            return Err(self.length_mismatch(elements, integers.len()));
        }
        let range = packing.range();
        let mut numbered = integers.iter().copied().enumerate();
        if let Some((index, value)) = numbered.find(|&(_, value)| !range.contains(&value.into())) {
            return Err(Error::ValueOutOfRange {
                tensor: self.0.label(),
                dtype: self.dtype(),
                index,
                value,
            });
        }
        self.copy_bytes(packing.bytes(elements), packing.pack(integers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        for dtype in [TensorType::Int4, TensorType::UInt4, TensorType::Int2] {
            let packing = Packing::of(dtype).expect("a packed type");
            let all: Vec<i8> = packing.range().map(|integer| integer as i8).collect();
            // Each position in a byte, and each number of integers in the last byte.
            for start in 0..all.len() {
                for end in start..=all.len() {
                    let bytes: Vec<u8> = packing.pack(&all[start..end]).collect();
                    assert_eq!(bytes.len(), packing.bytes(end - start));
                    let back: Vec<i8> = packing.unpack(&bytes).take(end - start).collect();
                    assert_eq!(back, all[start..end], "{dtype}");
                }
            }
        }
    }

    #[test]
    fn the_first_integer_has_the_lowest_bits() {
        let pack = |dtype, integers: &[i8]| -> Vec<u8> {
            let packing = Packing::of(dtype).expect("a packed type");
            packing.pack(integers).collect()
        };
        assert_eq!(pack(TensorType::Int4, &[1, -1, -8]), [0xf1, 0x08]);
        assert_eq!(pack(TensorType::UInt4, &[1, 15, 8]), [0xf1, 0x08]);
        assert_eq!(
            pack(TensorType::Int2, &[1, 0, -2, -1, -1]),
            [0b1110_0001, 0b11]
        );
        assert!(Packing::of(TensorType::Int8).is_none());
    }
}
