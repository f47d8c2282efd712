//! Types that kernels give to what they compute, whatever the file says.
//!
//! The other rules look at the types in the file. They hold for the running model only if those
//! are the kernels' own.

use super::ModelProblem;
use super::error::Fault;
use super::operands::At::{In, Out};
use super::operands::Operands;
use crate::tensor::TensorType;

type Result<T = ()> = std::result::Result<T, Fault>;

/// The type of an output.
enum Rule {
    /// That of an input, by position.
    Like(usize),
    Is(TensorType),
    /// float32 if the first input is; for other types the kernel looks itself.
    Float,
}

/// The rule for the first output.
fn rule(name: &str) -> Option<Rule> {
    let is_in = |list: &str| list.split(' ').any(|other| other == name);
    Some(match name {
        "FILL" | "SCATTER_ND" | "SELECT" | "SELECT_V2" => Rule::Like(1),
        "SPARSE_TO_DENSE" | "ONE_HOT" => Rule::Like(2),
        "BUCKETIZE" | "RANK" | "NON_MAX_SUPPRESSION_V4" | "NON_MAX_SUPPRESSION_V5" => {
            Rule::Is(TensorType::Int32)
        }
        "DEQUANTIZE" => Rule::Is(TensorType::Float32),
        "RFFT2D" => Rule::Is(TensorType::Complex64),
        "WHERE" => Rule::Is(TensorType::Int64),
        _ if is_in(FLOAT) => Rule::Float,
        _ if is_in(LIKE_FIRST) => Rule::Like(0),
        _ if is_in(BOOLEAN) => Rule::Is(TensorType::Bool),
        _ => return None,
    })
}

const LIKE_FIRST: &str = "\
    ADD ADD_N BITWISE_XOR CEIL DENSIFY DIV DYNAMIC_UPDATE_SLICE ELU EXP EXPAND_DIMS FAKE_QUANT \
    FLOOR FLOOR_DIV FLOOR_MOD GATHER GATHER_ND MATRIX_DIAG MATRIX_SET_DIAG MAXIMUM MINIMUM NEG POW \
    RANGE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RIGHT_SHIFT ROUND SQUARED_DIFFERENCE \
    STABLEHLO_SHIFT_LEFT SUB TOPK_V2 ZEROS_LIKE";

/// Some of these write float32 into whatever the output is.
const FLOAT: &str = "\
    AVERAGE_POOL_2D CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED GELU HARD_SWISH L2_NORMALIZATION \
    L2_POOL_2D LEAKY_RELU LOCAL_RESPONSE_NORMALIZATION LOGISTIC LOG_SOFTMAX MAX_POOL_2D PRELU RELU \
    RELU6 RELU_0_TO_1 RELU_N1_TO_1 SOFTMAX TANH";

const BOOLEAN: &str = "\
    EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_NOT LOGICAL_OR NOT_EQUAL";

/// Compares the type of the first output with the kernel's.
pub(super) fn verify(name: &str, operands: Operands<'_, '_>) -> Result {
    let input = |position: usize| operands.dtype(In(position));
    // What these kernels do not look at themselves.
    let unfit = match name {
        "FAKE_QUANT" => input(0)
            .filter(|&dtype| dtype != TensorType::Float32)
            .map(|dtype| (dtype, "the input of this operator")),
        "TRANSPOSE_CONV" => input(1)
            .filter(|&dtype| !has_transposed_kernel(input(2), dtype))
            .map(|dtype| (dtype, "the weights of this operator")),
        _ => None,
    };
    if let Some((dtype, place)) = unfit {
        return Err(ModelProblem::Type { dtype, place }.into());
    }
    let expected = match rule(name) {
        Some(Rule::Like(position)) => input(position),
        Some(Rule::Is(dtype)) => Some(dtype),
        Some(Rule::Float) => input(0).filter(|&dtype| dtype == TensorType::Float32),
        None => return Ok(()),
    };
    match (operands.dtype(Out(0)), expected) {
        (Some(dtype), Some(expected)) if dtype != expected => {
            Err(ModelProblem::OutputType { dtype, expected }.into())
        }
        _ => Ok(()),
    }
}

/// Whether there is a transposed convolution for an input and weights of these types. The kernel
/// takes weights that it has no code for as what it has.
fn has_transposed_kernel(input: Option<TensorType>, weights: TensorType) -> bool {
    match input {
        Some(TensorType::Float32) => matches!(weights, TensorType::Float32 | TensorType::Int8),
        Some(TensorType::Int16) => weights == TensorType::Int8,
        Some(input) => weights == input,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::enums::operator_name;

    #[test]
    fn the_names_are_the_schemas() {
        let known: Vec<_> = (0..).map_while(operator_name).collect();
        for list in [LIKE_FIRST, BOOLEAN, FLOAT] {
            for name in list.split(' ') {
                assert!(known.contains(&name), "{name}");
                assert!(rule(name).is_some());
            }
        }
    }
}
