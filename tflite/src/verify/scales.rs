//! Scales of quantized tensors, where a kernel ends the process if it cannot calculate with them.

use super::ModelProblem;
use super::error::Fault;
use super::operands::At::{In, Out};
use super::operands::Operands;
use super::tensor::Facts;
use crate::tensor::TensorType;

type Result<T = ()> = std::result::Result<T, Fault>;

/// Kernels round multipliers to 31 bits; those behind this would become 1.
const BELOW_ONE: f64 = 1.0 - 1.0 / (1_u64 << 31) as f64;

/// How a kernel multiplies.
#[derive(Clone, Copy)]
enum Kernel {
    Add,
    Sub,
    SquaredDifference,
    /// Comparisons multiply by the scales themselves.
    Compare,
}

pub(super) fn verify(name: &str, operands: Operands<'_, '_>) -> Result {
    let kernel = match name {
        "ADD" => Kernel::Add,
        "SUB" => Kernel::Sub,
        "SQUARED_DIFFERENCE" => Kernel::SquaredDifference,
        "EQUAL" | "NOT_EQUAL" | "GREATER" | "GREATER_EQUAL" | "LESS" | "LESS_EQUAL" => {
            Kernel::Compare
        }
        _ => return Ok(()),
    };
    let (Some(one), Some(other), Some(output)) = (
        operands.get(In(0)),
        operands.get(In(1)),
        operands.get(Out(0)),
    ) else {
        return Ok(());
    };
    if !kernel.multiplies(one, name) {
        return Ok(());
    }
    let is_short = one.dtype == TensorType::Int16;
    if kernel.accepts(one.scale, other.scale, output.scale, is_short) {
        return Ok(());
    }
    Err(ModelProblem::Scales {
        inputs: format!("{} and {}", one.scale, other.scale),
        output: output.scale.to_string(),
    }
    .into())
}

impl Kernel {
    /// Whether it is the quantized kernel that runs. Both inputs have the same type: the runtime
    /// checks that first.
    fn multiplies(self, input: &Facts<'_>, name: &str) -> bool {
        match (self, input.dtype) {
            (_, TensorType::Int8) => true,
            (Self::SquaredDifference, _) => false,
            (_, TensorType::UInt8) => true,
            (Self::Sub, TensorType::Int16) => true,
            (Self::Add, TensorType::Int16) => input.is_quantized,
            (Self::Compare, TensorType::Int16) => {
                input.is_quantized && matches!(name, "EQUAL" | "NOT_EQUAL")
            }
            _ => false,
        }
    }

    /// Calculates in the same types as the kernel, so that the same overflows.
    fn accepts(self, one: f32, other: f32, output: f32, is_short: bool) -> bool {
        let below_one = |multiplier: f64| multiplier > 0.0 && multiplier <= BELOW_ONE;
        let above_one = |multiplier: f64| multiplier > 1.0 && multiplier.is_finite();
        // Numbers below the normal ones may be taken for 0, as the processor is set.
        if !one.is_normal() || !other.is_normal() {
            return false;
        }
        if matches!(self, Self::Compare) {
            return [one, other]
                .map(f64::from)
                .into_iter()
                .all(|scale| below_one(scale) || above_one(scale));
        }
        let twice = f64::from(2.0 * one.max(other));
        if !below_one(f64::from(one) / twice) || !below_one(f64::from(other) / twice) {
            return false;
        }
        let (shift, product) = match self {
            Self::SquaredDifference => (14, twice * twice),
            _ if is_short => (15, twice),
            _ => (20, twice),
        };
        let multiplier = product / f64::from((1_u32 << shift) as f32 * output);
        below_one(multiplier) || (matches!(self, Self::Sub) && above_one(multiplier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_scales_are_accepted() {
        for kernel in [
            Kernel::Add,
            Kernel::Sub,
            Kernel::SquaredDifference,
            Kernel::Compare,
        ] {
            assert!(kernel.accepts(0.01, 0.02, 0.03, false));
            assert!(kernel.accepts(1.5, 0.5, 2.0, false));
        }
    }

    #[test]
    fn scales_that_end_the_process_are_refused() {
        for kernel in [Kernel::Add, Kernel::Sub, Kernel::SquaredDifference] {
            assert!(!kernel.accepts(0.0, 0.02, 0.03, false));
            assert!(!kernel.accepts(0.01, 0.02, 0.0, false));
            assert!(!kernel.accepts(3e38, 3e38, 1.0, false));
            assert!(!kernel.accepts(0.0, 0.0, 0.0, false));
        }
        // The output's scale is a millionth of the inputs'.
        assert!(!Kernel::Add.accepts(1.0, 1.0, 1e-6, false));
        assert!(Kernel::Sub.accepts(1.0, 1.0, 1e-6, false));
        // Neither below nor above one.
        assert!(!Kernel::Compare.accepts(1.0, 0.5, 0.0, false));
        assert!(!Kernel::Compare.accepts(0.0, 0.5, 0.0, false));
        assert!(Kernel::Compare.accepts(0.5, 1.5, 0.0, false));
    }
}
