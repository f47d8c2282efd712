//! Random inputs that are the same everywhere.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use tflite::{TensorMut, TensorType};

/// SplitMix64: the state grows by the same odd number each time, and its bits are mixed.
pub(crate) struct Random(SplitMix64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    /// 64 random bits.
    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// At least -1 and below 1, a multiple of a power of two: exact in a type with so many digits.
    fn real(&mut self, digits: u32) -> f64 {
        let integer = self.next() >> (64 - digits);
        integer as f64 / f64::from(1_u32 << (digits - 1)) - 1.0
    }

    /// Fills an input, element by element: see [`GENERATOR`].
    pub(crate) fn fill(&mut self, tensor: &mut TensorMut<'_>) -> tflite::Result<()> {
        let elements = tensor.shape().iter().product::<usize>();
        let mut bytes = Vec::new();
        match tensor.dtype() {
            TensorType::Bool => {
                let bools: Vec<_> = (0..elements).map(|_| self.next() >> 63 == 1).collect();
                return tensor.copy_from_bools(&bools);
            }
            TensorType::String => {
                let letters: Vec<_> = (0..elements).map(|_| self.letters()).collect();
                return tensor.write_strings(&letters);
            }
            TensorType::Int4 => {
                return tensor.pack_from(&self.integers(elements, 60, -8));
            }
            TensorType::UInt4 => {
                return tensor.pack_from(&self.integers(elements, 60, 0));
            }
            TensorType::Int2 => {
                return tensor.pack_from(&self.integers(elements, 62, -2));
            }
            dtype => {
                for _ in 0..elements {
                    self.push(dtype, &mut bytes);
                }
            }
        }
        tensor.copy_from_bytes(&bytes)
    }

    /// The highest bits of each number, from `low` on.
    fn integers(&mut self, elements: usize, shift: u32, low: i8) -> Vec<i8> {
        let integer = |_| low + (self.next() >> shift) as i8;
        (0..elements).map(integer).collect()
    }

    fn letters(&mut self) -> [u8; 8] {
        self.next().to_le_bytes().map(|byte| b'a' + byte % 26)
    }

    /// One element as bytes. Types without numbers get none.
    fn push(&mut self, dtype: TensorType, bytes: &mut Vec<u8>) {
        match dtype {
            TensorType::Float64 => bytes.extend(self.real(32).to_ne_bytes()),
            TensorType::Complex128 => {
                bytes.extend(self.real(32).to_ne_bytes());
                bytes.extend(self.real(32).to_ne_bytes());
            }
            TensorType::Float32 => bytes.extend((self.real(24) as f32).to_ne_bytes()),
            TensorType::Complex64 => {
                bytes.extend((self.real(24) as f32).to_ne_bytes());
                bytes.extend((self.real(24) as f32).to_ne_bytes());
            }
            TensorType::Float16 => bytes.extend(half(self.real(11) as f32).to_ne_bytes()),
            TensorType::BFloat16 => {
                // The upper half of a float32, the lower half of which is 0 for so few digits.
                let upper = (self.real(8) as f32).to_bits() >> 16;
                bytes.extend((upper as u16).to_ne_bytes());
            }
            // -128 to 127, and 0 to 127 for types without a sign.
            TensorType::Int8 => bytes.extend(self.byte().to_ne_bytes()),
            TensorType::Int16 => bytes.extend(i16::from(self.byte()).to_ne_bytes()),
            TensorType::Int32 => bytes.extend(i32::from(self.byte()).to_ne_bytes()),
            TensorType::Int64 => bytes.extend(i64::from(self.byte()).to_ne_bytes()),
            TensorType::UInt8 => bytes.extend([(self.next() >> 57) as u8]),
            TensorType::UInt16 => bytes.extend(((self.next() >> 57) as u16).to_ne_bytes()),
            TensorType::UInt32 => bytes.extend(((self.next() >> 57) as u32).to_ne_bytes()),
            TensorType::UInt64 => bytes.extend((self.next() >> 57).to_ne_bytes()),
            _ => (),
        }
    }

    fn byte(&mut self) -> i8 {
        (self.next() >> 56) as i8
    }
}

/// IEEE 754 half precision of a number that it has, of at least 2^-14 or 0.
fn half(real: f32) -> u16 {
    let bits = real.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    if real == 0.0 {
        return sign;
    }
    let exponent_and_digits = (bits & 0x7fff_ffff) >> 13;
    // The exponents of the two types are 127 and 15 too high.
    sign | (exponent_and_digits - ((127 - 15) << 10)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference implementation's first numbers, of its author's C program.
    #[test]
    fn it_is_splitmix64() {
        let mut random = Random::new(1_234_567);
        let numbers: Vec<_> = (0..5).map(|_| random.next()).collect();
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn reals_are_in_range_and_on_both_sides_of_zero() {
        let mut random = Random::new(0);
        let reals: Vec<_> = (0..10_000).map(|_| random.real(24)).collect();
        assert!(reals.iter().all(|real| (-1.0..1.0).contains(real)));
        let mean = reals.iter().sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        // All of the digits are there.
        assert!(
            reals
                .iter()
                .any(|real| (real * f64::from(1 << 22)).fract() != 0.0)
        );
        assert!(reals.iter().all(|&real| f64::from(real as f32) == real));
    }

    #[test]
    fn halves_are_exact() {
        for (real, bits) in [
            (0.0, 0),
            (1.0, 0x3c00),
            (-1.0, 0xbc00),
            (0.5, 0x3800),
            (-0.099_609_375, 0xae60),
            (1.0 / 1024.0, 0x1400),
        ] {
            assert_eq!(half(real), bits, "{real}");
        }
    }
}
