//! Floating-point numbers of 16 bits, as numbers of 32.

#![forbid(unsafe_code)]

/// The number that IEEE 754 half precision writes like this.
pub(super) fn from_f16(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits) & 0x3ff;
    let magnitude = match exponent {
        // Multiples of the smallest number, 2^-24. An f32 holds them exactly.
        0 => (fraction as f32 * 2.0_f32.powi(-24)).to_bits(),
        0x1f => 0x7f80_0000 | fraction << 13,
        // The bias of the exponent is 127 instead of 15.
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// The nearest number in IEEE 754 half precision, of two the even one. Too large ones are infinite.
pub(super) fn to_f16(number: f32) -> u16 {
    let sign = high(number.to_bits() & 0x8000_0000);
    let magnitude = number.abs();
    let bits = magnitude.to_bits();
    if magnitude.is_nan() {
        return sign | 0x7e00;
    }
    // Half way between the largest number and what would be the next one.
    if magnitude >= 65_520.0 {
        return sign | 0x7c00;
    }
    if magnitude < 2.0_f32.powi(-14) {
        // At most 2^10, which is how the smallest number with an exponent is written.
        return sign | (magnitude * 2.0_f32.powi(24)).round_ties_even() as u16;
    }
    let rebiased = bits - (112 << 23);
    // What is cut off decides, and if it is exactly one half, the last bit that stays. A carry
    // goes into the exponent, as it should.
    let rounded = rebiased + 0xfff + (rebiased >> 13 & 1);
    sign | high(rounded << 3)
}

/// The number whose upper half this is.
pub(super) fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// The nearest number that is an upper half, of two the even one.
pub(super) fn to_bf16(number: f32) -> u16 {
    let bits = number.to_bits();
    if number.is_nan() {
        // Still one when the lower half is gone.
        return high(bits) | 0x40;
    }
    high(bits + 0x7fff + (bits >> 16 & 1))
}

fn high(bits: u32) -> u16 {
    (bits >> 16) as u16
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;

    fn same(ours: f32, theirs: f32) -> bool {
        ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan()
    }

    #[test]
    fn every_number_is_what_the_crate_half_says() {
        for bits in 0..=u16::MAX {
            assert!(
                same(from_f16(bits), f16::from_bits(bits).to_f32()),
                "{bits:#x}"
            );
            assert!(
                same(from_bf16(bits), bf16::from_bits(bits).to_f32()),
                "{bits:#x}"
            );
        }
    }

    #[test]
    fn every_number_is_rounded_as_the_crate_half_does() {
        // Each number with 16 bits, with lower bits that are just below, at and above one half of
        // what f16 and bf16 cut off.
        let mut compared = 0;
        for upper in 0..=u16::MAX {
            for lower in [
                0, 1, 0xfff, 0x1000, 0x1001, 0x2000, 0x7fff, 0x8000, 0x8001, 0xffff,
            ] {
                let number = f32::from_bits(u32::from(upper) << 16 | lower);
                let (half, brain) = (to_f16(number), to_bf16(number));
                if number.is_nan() {
                    assert!(from_f16(half).is_nan() && from_bf16(brain).is_nan());
                    continue;
                }
                assert_eq!(half, f16::from_f32(number).to_bits(), "{number:e}");
                assert_eq!(brain, bf16::from_f32(number).to_bits(), "{number:e}");
                compared += 1;
            }
        }
        assert!(compared > 600_000);
    }
}
