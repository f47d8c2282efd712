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
/// translation if the compiler may use SSE 4.1. Here it may not: matrix products are ruy's, which
/// rounds once, and the other kernels round twice, halves away from zero. The results differ by one
/// quantization step, in about one of a thousand elements: those whose exact value is almost a half.
const HALVES: &str = "a value that is almost a half is rounded to the other side";

const fn halves(model: &'static str, elements: usize) -> Known {
    Known {
        model,
        elements,
        steps: 1,
        why: HALVES,
    }
}

pub(crate) const KNOWN: &[Known] = &[
    halves("conv_same.int8", 2),
    halves("conv_same.uint8", 2),
    halves("conv_same.uint8_io", 2),
    halves("conv_dilated.int8", 2),
    halves("conv_1d.uint8", 1),
    halves("depthwise.int8", 3),
    halves("depthwise.uint8_io", 3),
    halves("depthwise_multiplier.int8", 2),
    halves("depthwise_dilated.int8", 1),
    halves("transposed_conv_same.int8", 1),
    halves("transposed_conv_same.uint8", 4),
    halves("transposed_conv_valid.int8", 2),
    halves("transposed_conv_valid.uint8", 3),
    halves("mobile_block.uint8", 1),
    halves("attention.int8", 1),
    halves("lstm_unrolled.int8", 3),
    Known {
        model: "gru_unrolled.int16x8",
        elements: 3,
        // A step in the state grows over four rounds.
        steps: 2,
        why: HALVES,
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
