//! The enumerations of the schema.

use tflite_sys as sys;

use crate::tensor::TensorType;

/// The operators that are numbered.
pub(crate) mod builtin {
    pub(crate) const AVERAGE_POOL_2D: i32 = 1;
    pub(crate) const CONV_2D: i32 = 3;
    pub(crate) const DEPTHWISE_CONV_2D: i32 = 4;
    pub(crate) const DEQUANTIZE: i32 = 6;
    pub(crate) const FULLY_CONNECTED: i32 = 9;
    pub(crate) const L2_POOL_2D: i32 = 12;
    pub(crate) const LSTM: i32 = 16;
    pub(crate) const MAX_POOL_2D: i32 = 17;
    pub(crate) const RESHAPE: i32 = 22;
    pub(crate) const SVDF: i32 = 27;
    pub(crate) const CALL: i32 = 31;
    pub(crate) const CUSTOM: i32 = 32;
    pub(crate) const PAD: i32 = 34;
    pub(crate) const SQUEEZE: i32 = 43;
    pub(crate) const UNIDIRECTIONAL_SEQUENCE_LSTM: i32 = 44;
    pub(crate) const BIDIRECTIONAL_SEQUENCE_RNN: i32 = 46;
    pub(crate) const SPLIT: i32 = 49;
    pub(crate) const BIDIRECTIONAL_SEQUENCE_LSTM: i32 = 52;
    pub(crate) const PADV2: i32 = 60;
    pub(crate) const TRANSPOSE_CONV: i32 = 67;
    pub(crate) const EXPAND_DIMS: i32 = 70;
    pub(crate) const IF: i32 = 118;
    pub(crate) const WHILE: i32 = 119;
    pub(crate) const DENSIFY: i32 = 124;
    pub(crate) const BATCH_MATMUL: i32 = 126;
    pub(crate) const CALL_ONCE: i32 = 129;
    pub(crate) const CONV_3D: i32 = 132;
    pub(crate) const CONV_3D_TRANSPOSE: i32 = 141;
    pub(crate) const STABLEHLO_CUSTOM_CALL: i32 = 173;
    pub(crate) const STABLEHLO_REDUCE: i32 = 174;
    pub(crate) const STABLEHLO_SCATTER: i32 = 190;
    pub(crate) const STABLEHLO_REDUCE_WINDOW: i32 = 198;
    pub(crate) const STABLEHLO_SORT: i32 = 199;
    pub(crate) const STABLEHLO_WHILE: i32 = 200;
    pub(crate) const STABLEHLO_COMPOSITE: i32 = 206;
    pub(crate) const STABLEHLO_CASE: i32 = 209;
}

/// The name of a numbered operator, such as `CONV_2D`.
pub(crate) fn operator_name(code: i32) -> Option<&'static str> {
    NAMES.split(' ').nth(usize::try_from(code).ok()?)
}

/// The type of a tensor's elements. The file numbers types in another way than the C API.
pub(crate) fn tensor_type(number: i8) -> TensorType {
    let types = [
        sys::kTfLiteFloat32,
        sys::kTfLiteFloat16,
        sys::kTfLiteInt32,
        sys::kTfLiteUInt8,
        sys::kTfLiteInt64,
        sys::kTfLiteString,
        sys::kTfLiteBool,
        sys::kTfLiteInt16,
        sys::kTfLiteComplex64,
        sys::kTfLiteInt8,
        sys::kTfLiteFloat64,
        sys::kTfLiteComplex128,
        sys::kTfLiteUInt64,
        sys::kTfLiteResource,
        sys::kTfLiteVariant,
        sys::kTfLiteUInt32,
        sys::kTfLiteUInt16,
        sys::kTfLiteInt4,
        sys::kTfLiteBFloat16,
        sys::kTfLiteInt2,
        sys::kTfLiteUInt4,
    ];
    usize::try_from(number)
        .ok()
        .and_then(|number| types.get(number))
        .map_or(TensorType::Unknown(number.cast_unsigned().into()), |&raw| {
            TensorType::from_raw(raw)
        })
}

/// How many bits an element takes; `None` if that is not the same for all.
pub(crate) fn element_bits(dtype: TensorType) -> Option<u64> {
    Some(match dtype {
        TensorType::Int2 => 2,
        TensorType::Int4 | TensorType::UInt4 => 4,
        TensorType::Int8 | TensorType::UInt8 | TensorType::Bool => 8,
        TensorType::Int16 | TensorType::UInt16 | TensorType::Float16 | TensorType::BFloat16 => 16,
        TensorType::Int32 | TensorType::UInt32 | TensorType::Float32 => 32,
        TensorType::Int64 | TensorType::UInt64 | TensorType::Float64 | TensorType::Complex64 => 64,
        TensorType::Complex128 => 128,
        _ => return None,
    })
}

/// In the order of their numbers, 0 to 209, with blanks between.
const NAMES: &str = "\
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE \
    EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D \
    LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 \
    RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS \
    SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER \
    BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE \
    UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT \
    LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG \
    PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE \
    EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD \
    REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV \
    REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU \
    SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE \
    RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE \
    NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM \
    BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D \
    IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL \
    CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS \
    RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE \
    RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 \
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD \
    STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP \
    STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE \
    STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE \
    STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM STABLEHLO_NEGATE \
    STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT STABLEHLO_SELECT \
    STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT \
    STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA \
    STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE \
    STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW \
    STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_have_the_schemas_numbers() {
        for (code, name) in [
            (builtin::CUSTOM, "CUSTOM"),
            (
                builtin::UNIDIRECTIONAL_SEQUENCE_LSTM,
                "UNIDIRECTIONAL_SEQUENCE_LSTM",
            ),
            (builtin::TRANSPOSE_CONV, "TRANSPOSE_CONV"),
            (builtin::DENSIFY, "DENSIFY"),
            (builtin::CALL_ONCE, "CALL_ONCE"),
            (builtin::CONV_3D_TRANSPOSE, "CONV_3D_TRANSPOSE"),
            (builtin::STABLEHLO_CASE, "STABLEHLO_CASE"),
        ] {
            assert_eq!(operator_name(code), Some(name));
        }
        assert_eq!(operator_name(210), None);
        assert_eq!(operator_name(-1), None);
    }

    #[test]
    fn types_that_nobody_knows_keep_their_number() {
        assert_eq!(tensor_type(9), TensorType::Int8);
        assert_eq!(tensor_type(20), TensorType::UInt4);
        assert_eq!(tensor_type(21), TensorType::Unknown(21));
        assert_eq!(tensor_type(-1), TensorType::Unknown(255));
    }
}
