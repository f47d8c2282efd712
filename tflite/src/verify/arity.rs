//! How many inputs and outputs operators have.
//!
//! The kernels check most of this, but XNNPACK looks at some tensors before, without asking how
//! many there are.

use std::ops::RangeInclusive;

use crate::schema::enums::operator_name;

/// Any number from this one on.
const fn from(minimum: usize) -> RangeInclusive<usize> {
    minimum..=usize::MAX
}

/// Inputs and outputs of a numbered operator; `None` if it is one that kernels check well.
pub(super) fn arity(builtin: i32) -> Option<(RangeInclusive<usize>, RangeInclusive<usize>)> {
    let name = operator_name(builtin)?;
    Some(match name {
        "CALL_ONCE" => (0..=0, 0..=0),
        "VAR_HANDLE" | "HASHTABLE" => (0..=0, 1..=1),
        "ASSIGN_VARIABLE" => (2..=2, 0..=0),
        "IF" | "STABLEHLO_CASE" => (from(1), from(0)),
        "CONCATENATION" | "ADD_N" | "PACK" => (from(1), 1..=1),
        "UNPACK" => (1..=1, from(1)),
        "SPLIT" => (2..=2, from(1)),
        "SPLIT_V" => (3..=3, from(1)),
        "TOPK_V2" => (2..=2, 2..=2),
        "UNIQUE" => (1..=1, 2..=2),
        "RESHAPE" => (1..=2, 1..=1),
        "CONV_2D" | "CONV_3D" | "PAD" | "PADV2" => (2..=3, 1..=1),
        // The kernels read a bias whether there is one or not.
        "DEPTHWISE_CONV_2D" => (3..=3, 1..=1),
        "FULLY_CONNECTED" => (2..=3, 1..=2),
        "TRANSPOSE_CONV" | "CONV_3D_TRANSPOSE" => (3..=4, 1..=1),
        _ if UNARY.split(' ').any(|unary| unary == name) => (1..=1, 1..=1),
        _ if BINARY.split(' ').any(|binary| binary == name) => (2..=2, 1..=1),
        _ if TERNARY.split(' ').any(|ternary| ternary == name) => (3..=3, 1..=1),
        _ if QUATERNARY.split(' ').any(|four| four == name) => (4..=4, 1..=1),
        _ => return None,
    })
}

const UNARY: &str = "\
    ABS AVERAGE_POOL_2D BITCAST BUCKETIZE CAST CEIL COMPLEX_ABS COS DENSIFY DEPTH_TO_SPACE \
    DEQUANTIZE ELU EXP FAKE_QUANT FLOOR GELU HARD_SWISH HASHTABLE_SIZE IMAG L2_NORMALIZATION \
    L2_POOL_2D LEAKY_RELU LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_NOT LOGISTIC LOG_SOFTMAX \
    MATRIX_DIAG MAX_POOL_2D NEG QUANTIZE RANK READ_VARIABLE REAL RELU RELU6 RELU_0_TO_1 \
    RELU_N1_TO_1 ROUND RSQRT SHAPE SIGN SIN SKIP_GRAM SOFTMAX SPACE_TO_DEPTH SQRT SQUARE SQUEEZE \
    TANH WHERE ZEROS_LIKE";

const BINARY: &str = "\
    ADD ARG_MAX ARG_MIN ATAN2 BATCH_MATMUL BITWISE_XOR BROADCAST_ARGS BROADCAST_TO CUMSUM DIV \
    EMBEDDING_LOOKUP EQUAL EXPAND_DIMS FILL FLOOR_DIV FLOOR_MOD GATHER GATHER_ND GREATER \
    GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR MATRIX_SET_DIAG MAXIMUM MEAN MINIMUM \
    MIRROR_PAD MUL MULTINOMIAL NOT_EQUAL POW PRELU REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN \
    REDUCE_PROD RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_SEQUENCE REVERSE_V2 RFFT2D \
    RIGHT_SHIFT SEGMENT_SUM SQUARED_DIFFERENCE STABLEHLO_ADD STABLEHLO_MAXIMUM STABLEHLO_MINIMUM \
    STABLEHLO_MULTIPLY STABLEHLO_PAD SUB SUM TILE TRANSPOSE";

const TERNARY: &str = "\
    BATCH_TO_SPACE_ND DYNAMIC_UPDATE_SLICE HASHTABLE_FIND RANGE SCATTER_ND SELECT SELECT_V2 SLICE \
    SPACE_TO_BATCH_ND UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD \
    UNSORTED_SEGMENT_SUM";

const QUATERNARY: &str = "ONE_HOT SPARSE_TO_DENSE STRIDED_SLICE";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_the_schemas() {
        let known: Vec<_> = (0..).map_while(operator_name).collect();
        for list in [UNARY, BINARY, TERNARY, QUATERNARY] {
            for name in list.split(' ') {
                assert!(known.contains(&name), "{name}");
            }
        }
    }
}
