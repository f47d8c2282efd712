//! Owned copies of tensors' elements, of whatever type.

#![forbid(unsafe_code)]

use super::element::sealed::Sealed;
use super::packed::Packing;
use super::{Tensor, TensorElement};
use crate::error::Result;

/// A Rust type that the elements of a tensor can be copied to.
///
/// That is each [`TensorElement`], with `i8` also for packed types (int4, uint4, int2), then `bool`
/// for booleans and `Vec<u8>` for strings. The trait is sealed.
pub trait TensorValue: Sealed + Clone + Sized + 'static {
    /// Copies all elements, in row-major order.
    #[doc(hidden)]
    fn copy_from(tensor: &Tensor<'_>) -> Result<Vec<Self>>;
}

macro_rules! elements {
    ($($element:ty),*) => {
        $(impl TensorValue for $element {
            fn copy_from(tensor: &Tensor<'_>) -> Result<Vec<Self>> {
                copy(tensor)
            }
        })*
    };
}

elements!(f32, f64, i16, i32, i64, u8, u16, u32, u64);

#[cfg(feature = "half")]
elements!(half::f16, half::bf16);

#[cfg(feature = "num-complex")]
elements!(num_complex::Complex<f32>, num_complex::Complex<f64>);

fn copy<T: TensorElement>(tensor: &Tensor<'_>) -> Result<Vec<T>> {
    tensor.data().map(<[T]>::to_vec)
}

impl TensorValue for i8 {
    fn copy_from(tensor: &Tensor<'_>) -> Result<Vec<Self>> {
        match Packing::of(tensor.dtype()) {
            Some(_) => tensor.unpack(),
            None => copy(tensor),
        }
    }
}

impl Sealed for bool {}

impl TensorValue for bool {
    fn copy_from(tensor: &Tensor<'_>) -> Result<Vec<Self>> {
        tensor.to_bools()
    }
}

impl Sealed for Vec<u8> {}

impl TensorValue for Vec<u8> {
    fn copy_from(tensor: &Tensor<'_>) -> Result<Vec<Self>> {
        let strings = tensor.strings()?;
        Ok(strings.into_iter().map(<[u8]>::to_vec).collect())
    }
}

impl Tensor<'_> {
    /// A copy of the elements, in row-major order. Other than [`data`](Self::data), it can also be
    /// had for booleans, strings and packed integers.
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) if `T` is not for
    /// [`dtype`](Self::dtype); else as [`data`](Self::data) and [`strings`](Self::strings).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/strings.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.write_strings(&["yes", "no", "ja"])?;
    /// interpreter.invoke()?;
    /// assert_eq!(interpreter.output(0)?.to_vec::<bool>()?, [true, false, false]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn to_vec<T: TensorValue>(&self) -> Result<Vec<T>> {
        T::copy_from(self)
    }
}
