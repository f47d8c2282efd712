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
    sys::OPERATOR_NAMES
        .get(usize::try_from(code).ok()?)
        .copied()
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
