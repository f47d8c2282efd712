//! Shapes of inputs that kernels look into before they know how many dimensions there are, or that
//! they divide by. Shapes that the runtime computes are checked again when it has.

use super::ModelProblem;
use super::error::Fault;
use super::tensor::Facts;
use crate::schema::enums::builtin;
use crate::schema::field::tensor::SHAPE;
use crate::schema::table::Vector;

type Result<T = ()> = std::result::Result<T, Fault>;

/// How many dimensions `BATCH_MATMUL` multiplies.
const MATMUL_RANKS: std::ops::RangeInclusive<usize> = 2..=5;

pub(super) fn verify(code: i32, inputs: Vector<'_, i32>, tensors: &[Facts<'_>]) -> Result {
    match code {
        builtin::CONV_2D => verify_groups(inputs, tensors),
        builtin::BATCH_MATMUL => verify_ranks(inputs, tensors),
        _ => Ok(()),
    }
}

/// The kernel reads the last two dimensions of both.
fn verify_ranks(inputs: Vector<'_, i32>, tensors: &[Facts<'_>]) -> Result {
    for input in inputs.iter() {
        let facts = usize::try_from(input)
            .ok()
            .and_then(|input| tensors.get(input));
        let rank = facts.map_or(2, |facts| facts.shape.len());
        if !MATMUL_RANKS.contains(&rank) {
            return Err(ModelProblem::Count {
                field: SHAPE.1,
                count: rank,
                minimum: *MATMUL_RANKS.start(),
                maximum: *MATMUL_RANKS.end(),
            }
            .into());
        }
    }
    Ok(())
}

/// With fewer channels in the filter than in the input, the convolution is done in groups. The
/// kernel divides the output channels among them, and then divides by what each group gets.
fn verify_groups(inputs: Vector<'_, i32>, tensors: &[Facts<'_>]) -> Result {
    let channels = |input: usize, dim: usize| {
        let index = usize::try_from(inputs.get(input)?).ok()?;
        let shape = tensors.get(index)?.shape;
        shape.get(dim).filter(|_| shape.len() == 4)
    };
    let (Some(source), Some(filter), Some(outputs)) =
        (channels(0, 3), channels(1, 3), channels(1, 0))
    else {
        return Ok(());
    };
    // Where this does not come out even, the kernel refuses.
    let (Some(groups), Some(0)) = (source.checked_div(filter), source.checked_rem(filter)) else {
        return Ok(());
    };
    if outputs.checked_rem(groups).unwrap_or(0) == 0 {
        return Ok(());
    }
    Err(ModelProblem::Contents {
        what: "the groups of the convolution do not divide its output channels",
        value: groups.into(),
        expected: outputs.into(),
    }
    .into())
}
