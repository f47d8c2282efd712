//! The types of elements.

use std::fmt;

use tflite_sys as sys;

macro_rules! tensor_types {
    ($($(#[$doc:meta])* $variant:ident = $raw:ident, $name:literal;)*) => {
        /// What a tensor holds: `TfLiteType`.
        ///
        /// New versions of the runtime add types. One that this crate does not know stays
        /// [`Unknown`](Self::Unknown) with its number.
        ///
        /// ```
        /// use tflite::TensorType;
        ///
        /// assert_eq!(TensorType::Float32.to_string(), "float32");
        /// assert!(TensorType::Int4.is_plain());
        /// assert!(!TensorType::String.is_plain());
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum TensorType {
            $($(#[$doc])* $variant,)*
            /// A type that this crate does not know.
            Unknown(u32),
        }

        impl TensorType {
            pub(crate) fn from_raw(raw: sys::TfLiteType) -> Self {
                match raw {
                    $(sys::$raw => Self::$variant,)*
                    unknown => Self::Unknown(unknown),
                }
            }

            /// The name that NumPy and the Python runtime use, such as `float32`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(_) => "unknown",
                }
            }
        }
    };
}

tensor_types! {
    /// No type is set.
    NoType = kTfLiteNoType, "notype";
    /// `f32`.
    Float32 = kTfLiteFloat32, "float32";
    /// `i32`.
    Int32 = kTfLiteInt32, "int32";
    /// `u8`.
    UInt8 = kTfLiteUInt8, "uint8";
    /// `i64`.
    Int64 = kTfLiteInt64, "int64";
    /// Strings of bytes, each of its own length.
    String = kTfLiteString, "string";
    /// One byte each, 0 or 1.
    Bool = kTfLiteBool, "bool";
    /// `i16`.
    Int16 = kTfLiteInt16, "int16";
    /// Two `f32`, real and imaginary part.
    Complex64 = kTfLiteComplex64, "complex64";
    /// `i8`.
    Int8 = kTfLiteInt8, "int8";
    /// IEEE 754 half precision.
    Float16 = kTfLiteFloat16, "float16";
    /// `f64`.
    Float64 = kTfLiteFloat64, "float64";
    /// Two `f64`, real and imaginary part.
    Complex128 = kTfLiteComplex128, "complex128";
    /// `u64`.
    UInt64 = kTfLiteUInt64, "uint64";
    /// A handle of a variable or a table.
    Resource = kTfLiteResource, "resource";
    /// A C++ object.
    Variant = kTfLiteVariant, "variant";
    /// `u32`.
    UInt32 = kTfLiteUInt32, "uint32";
    /// `u16`.
    UInt16 = kTfLiteUInt16, "uint16";
    /// Two signed numbers a byte, the first in the low half.
    Int4 = kTfLiteInt4, "int4";
    /// The upper half of an `f32`.
    BFloat16 = kTfLiteBFloat16, "bfloat16";
    /// Four signed numbers a byte, the first in the lowest bits.
    Int2 = kTfLiteInt2, "int2";
    /// Two unsigned numbers a byte, the first in the low half.
    UInt4 = kTfLiteUInt4, "uint4";
}

impl TensorType {
    /// Whether the memory holds numbers or booleans, and nothing else: no offsets, no handles,
    /// no objects.
    pub fn is_plain(self) -> bool {
        !matches!(
            self,
            Self::NoType | Self::String | Self::Resource | Self::Variant | Self::Unknown(_)
        )
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(raw) => write!(f, "type {raw}"),
            known => f.write_str(known.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_header_is_known_and_others_are_kept() {
        for raw in 0..=sys::kTfLiteUInt4 {
            assert!(
                !matches!(TensorType::from_raw(raw), TensorType::Unknown(_)),
                "{raw}"
            );
        }
        assert_eq!(TensorType::from_raw(99), TensorType::Unknown(99));
        assert!(!TensorType::Unknown(99).is_plain());
        assert_eq!(TensorType::Unknown(99).to_string(), "type 99");
        assert_eq!(TensorType::BFloat16.to_string(), "bfloat16");
    }

    #[test]
    fn names_are_those_of_the_runtime() {
        for raw in 0..=sys::kTfLiteUInt4 {
            // SAFETY: any number is allowed; common.h promises a string that stays.
            let name = unsafe { sys::TfLiteTypeGetName(raw) };
            // SAFETY: as before.
            let name = unsafe { std::ffi::CStr::from_ptr(name) };
            let ours = TensorType::from_raw(raw).name();
            assert_eq!(name.to_string_lossy().to_lowercase(), ours, "{raw}");
        }
    }
}
