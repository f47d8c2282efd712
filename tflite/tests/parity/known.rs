//! Differences from the Python runtime that are looked into and explained.

use crate::compare::Difference;

/// Up to how many elements of a model may differ, all invocations of a mode together, and why.
pub(crate) struct Known {
    pub(crate) model: &'static str,
    elements: usize,
    steps: u64,
    pub(crate) why: &'static str,
}

/// How a 32-bit sum is scaled down to 8 bits. On x86-64, the Python library's kernels round twice,
/// the second time halves upwards, as the kernels' code for Arm's NEON does, which is used in
/// translation if the compiler may use SSE 4.1. Here it may not, and kernels round halves away from
/// zero. The results differ by one quantization step, in about one of a thousand elements: those
/// whose exact value is almost a half. With SSE 4.1 (`RUSTFLAGS=-Ctarget-cpu=x86-64-v2`) they are
/// equal.
const HALVES: &str = "a value that is almost a half is rounded to the other side";

/// As before, but in matrix products, which are gemmlowp's there and ruy's here. Ruy rounds once,
/// with SSE 4.1 or without.
const PRODUCTS: &str = "a product that is almost a half is rounded once, not twice";

const fn halves(model: &'static str, elements: usize) -> Known {
    Known {
        model,
        elements: if cfg!(target_feature = "sse4.1") {
            0
        } else {
            elements
        },
        steps: 1,
        why: HALVES,
    }
}

const fn product(model: &'static str, elements: usize) -> Known {
    Known {
        model,
        elements,
        steps: 1,
        why: PRODUCTS,
    }
}

pub(crate) const KNOWN: &[Known] = &[
    product("conv_same.int8", 2),
    product("conv_same.uint8", 2),
    product("conv_same.uint8_io", 2),
    product("conv_dilated.int8", 2),
    product("conv_1d.uint8", 1),
    product("attention.int8", 1),
    product("lstm_unrolled.int8", 3),
    halves("depthwise.int8", 3),
    halves("depthwise.uint8_io", 3),
    halves("depthwise_multiplier.int8", 2),
    halves("depthwise_dilated.int8", 1),
    halves("transposed_conv_same.int8", 1),
    halves("transposed_conv_same.uint8", 4),
    halves("transposed_conv_valid.int8", 2),
    halves("transposed_conv_valid.uint8", 3),
    halves("mobile_block.uint8", 1),
    Known {
        // A step in the state grows over four rounds.
        steps: 2,
        ..halves("gru_unrolled.int16x8", 3)
    },
];

impl Known {
    pub(crate) fn find(model: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.model == model)
    }

    /// Whether it explains this difference, or that there is none to be seen.
    pub(crate) fn explains(&self, result: &Result<Difference, String>) -> bool {
        let Ok(difference) = result else {
            return false;
        };
        difference.unequal <= self.elements && difference.is_within(self.steps)
    }
}
