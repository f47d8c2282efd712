//! Rust's types that a tensor's memory can be seen as.

use std::fmt::Debug;

use super::TensorType;

pub(super) mod sealed {
    pub trait Sealed {}
}

/// A Rust type that is exactly one [`TensorType`].
///
/// These are the numbers that Rust has, with the feature `half` also `half::f16` and `half::bf16`,
/// and with the feature `num-complex` also `Complex<f32>` and `Complex<f64>` of that crate.
///
/// `bool` is none of them: a model can write bytes other than 0 and 1 into a boolean tensor. See
/// [`Tensor::to_bools`](super::Tensor::to_bools).
///
/// The trait is sealed, so that no other type can claim to be an element:
///
/// ```compile_fail,E0277
/// struct Mine(&'static str);
/// unsafe impl tflite::TensorElement for Mine {
///     const TYPE: tflite::TensorType = tflite::TensorType::Float32;
/// }
/// ```
///
/// References, booleans, characters and such are no elements either:
///
/// ```compile_fail,E0277
/// fn read(tensor: tflite::Tensor<'_>) -> tflite::Result<&[bool]> {
///     tensor.data::<bool>()
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn read(tensor: tflite::Tensor<'_>) -> tflite::Result<&[&'static str]> {
///     tensor.data::<&'static str>()
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn read(tensor: tflite::Tensor<'_>) -> tflite::Result<&[std::num::NonZeroU8]> {
///     tensor.data::<std::num::NonZeroU8>()
/// }
/// ```
///
/// # Safety
///
/// Every bit pattern is a valid value, there is no padding and no interior mutability, and size
/// and meaning are those of `TYPE` in C.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the element type of any tensor",
    note = "use one of f32, f64, i8, i16, i32, i64, u8, u16, u32, u64",
    note = "the features `half` and `num-complex` add f16, bf16 and complex numbers"
)]
pub unsafe trait TensorElement:
    sealed::Sealed + Copy + Debug + PartialEq + Send + Sync + 'static
{
    /// The type of a tensor with these elements.
    const TYPE: TensorType;
}

macro_rules! elements {
    ($($element:ty => $type:ident),* $(,)?) => {
        $(
            impl sealed::Sealed for $element {}

            // SAFETY: a number of fixed width, or a pair of such: each bit pattern is a value,
            // none of it is padding, and common.h names the same width and meaning.
            unsafe impl TensorElement for $element {
                const TYPE: TensorType = TensorType::$type;
            }
        )*
    };
}

elements! {
    f32 => Float32,
    f64 => Float64,
    i8 => Int8,
    i16 => Int16,
    i32 => Int32,
    i64 => Int64,
    u8 => UInt8,
    u16 => UInt16,
    u32 => UInt32,
    u64 => UInt64,
}

// Both are `repr(transparent)` structs of a `u16`.
#[cfg(feature = "half")]
elements! {
    half::f16 => Float16,
    half::bf16 => BFloat16,
}

// `repr(C)` structs of the real and the imaginary part, as in common.h.
#[cfg(feature = "num-complex")]
elements! {
    num_complex::Complex<f32> => Complex64,
    num_complex::Complex<f64> => Complex128,
}
