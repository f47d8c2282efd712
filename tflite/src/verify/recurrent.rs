//! Recurrent operators: states, recurrent weights, and integers that the kernel scales.

use super::ModelProblem;
use super::error::Fault;
use super::kernels::expect;
use super::operands::At::{self, In, Mid, Out};
use super::operands::Operands;
use crate::tensor::TensorType;

type Result<T = ()> = std::result::Result<T, Fault>;

/// How many inputs the simpler kernel of `LSTM` has.
const BASIC_INPUTS: usize = 5;

/// Inputs that it writes.
const BASIC_STATES: [usize; 2] = [1, 4];

const FIRST_RECURRENT_WEIGHTS: usize = 5;

pub(super) fn verify(name: &str, operands: Operands<'_, '_>) -> Result {
    if is_basic(name, operands) {
        return verify_basic(operands);
    }
    if matches!(name, "LSTM" | "UNIDIRECTIONAL_SEQUENCE_LSTM") {
        verify_recurrent_weights(name, operands)?;
        if operands.is_input(0, TensorType::Int8) {
            verify_scales(operands)?;
        }
    }
    Ok(())
}

/// Whether it is the simpler kernel of `LSTM` that runs.
pub(super) fn is_basic(name: &str, operands: Operands<'_, '_>) -> bool {
    name == "LSTM" && operands.inputs.len() == BASIC_INPUTS
}

/// The kernel gives them memory of their own.
fn verify_basic(operands: Operands<'_, '_>) -> Result {
    let is_constant = |position: &usize| {
        (operands.get(In(*position))).is_some_and(|state| state.constant.is_some())
    };
    if BASIC_STATES.iter().any(is_constant) {
        let problem = "the state of the operator is a constant";
        return Err(ModelProblem::Contradiction(problem).into());
    }
    Ok(())
}

/// They have the type of the other weights. For sequences they may be a vector instead of a matrix:
/// it is a diagonal, and always of floats.
fn verify_recurrent_weights(name: &str, operands: Operands<'_, '_>) -> Result {
    let Some(expected) = operands.dtype(In(4)) else {
        return Ok(());
    };
    let is_sequence = name == "UNIDIRECTIONAL_SEQUENCE_LSTM";
    for at in (FIRST_RECURRENT_WEIGHTS..).take(4).map(In) {
        let Some(weights) = operands.get(at) else {
            continue;
        };
        let is_diagonal = is_sequence && weights.shape.len() == 1;
        let expected = if is_diagonal {
            TensorType::Float32
        } else {
            expected
        };
        expect(at, weights.dtype, vec![expected])?;
        // The rank of what is computed is known later.
        if is_sequence && expected != TensorType::Float32 && !weights.has_fixed_shape {
            let problem = "the rank of quantized recurrent weights is not fixed";
            return Err(ModelProblem::Contradiction(problem).into());
        }
    }
    Ok(())
}

/// Of integers, the kernel takes the first scale without asking whether there is one, and divides by
/// it.
fn verify_scales(operands: Operands<'_, '_>) -> Result {
    let intermediates = operands.intermediates.len();
    let is_normalized = operands.has_input(21);
    let used = match intermediates {
        5 if !is_normalized => 4..5,
        _ => 0..intermediates,
    };
    for at in used.map(Mid).chain([In(18), In(19), Out(0)]) {
        expect_scale(operands, at)?;
    }
    Ok(())
}

/// Whether there is a scale, the same for the whole tensor.
pub(super) fn expect_scale(operands: Operands<'_, '_>, at: At) -> Result {
    if operands.get(at).is_some_and(|facts| facts.scale > 0.0) {
        return Ok(());
    }
    let (field, position) = at.parts();
    Err(ModelProblem::Quantization {
        field,
        position,
        expected: "one scale above 0",
    }
    .into())
}
