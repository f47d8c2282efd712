//! What can be written into an input at once.

#![forbid(unsafe_code)]

use super::element::sealed::Sealed;
use super::packed::Packing;
use super::{OwnedTensor, Shape, Tensor, TensorMut, TensorType};
use crate::error::{Error, Result};

/// What can be given to an input: arrays, slices and vectors of numbers, booleans or strings,
/// `ndarray` arrays and views of these, and tensors.
///
/// It is used as `&dyn TensorSource`, so that each input can be given something else.
pub trait TensorSource {
    /// The shape of what is given; `None` if that is just a sequence, of whatever shape the input
    /// has.
    fn shape(&self) -> Option<Shape>;

    /// Writes all elements.
    ///
    /// # Errors
    ///
    /// If type or number of the elements are not those of the input.
    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()>;
}

/// An element of a [`TensorSource`]: a [`TensorElement`](crate::TensorElement), `bool`, or a string, which is `&str`,
/// `String`, `&[u8]` or `Vec<u8>`. Packed integers (int4, uint4, int2) are given as `i8`.
///
/// The trait is sealed.
pub trait SourceElement: Sealed + Clone {
    #[doc(hidden)]
    fn write(elements: &[Self], input: &mut TensorMut<'_>) -> Result<()>;
}

macro_rules! elements {
    ($($element:ty),*) => {
        $(impl SourceElement for $element {
            fn write(elements: &[Self], input: &mut TensorMut<'_>) -> Result<()> {
                input.copy_from_slice(elements)
            }
        })*
    };
}

elements!(f32, f64, i16, i32, i64, u8, u16, u32, u64);

#[cfg(feature = "half")]
elements!(half::f16, half::bf16);

#[cfg(feature = "num-complex")]
elements!(num_complex::Complex<f32>, num_complex::Complex<f64>);

impl SourceElement for i8 {
    fn write(elements: &[Self], input: &mut TensorMut<'_>) -> Result<()> {
        match Packing::of(input.dtype()) {
            Some(_) => input.pack_from(elements),
            None => input.copy_from_slice(elements),
        }
    }
}

impl SourceElement for bool {
    fn write(elements: &[Self], input: &mut TensorMut<'_>) -> Result<()> {
        input.copy_from_bools(elements)
    }
}

macro_rules! strings {
    ($($string:ty),*) => {
        $(impl SourceElement for $string {
            fn write(elements: &[Self], input: &mut TensorMut<'_>) -> Result<()> {
                input.write_strings(elements)
            }
        })*
    };
}

impl Sealed for &str {}
impl Sealed for &[u8] {}
impl Sealed for String {}

strings!(&str, &[u8], String, Vec<u8>);

impl<T: SourceElement> TensorSource for [T] {
    fn shape(&self) -> Option<Shape> {
        None
    }

    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()> {
        T::write(self, input)
    }
}

impl<T: SourceElement, const N: usize> TensorSource for [T; N] {
    fn shape(&self) -> Option<Shape> {
        None
    }

    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()> {
        T::write(self, input)
    }
}

impl<T: SourceElement> TensorSource for Vec<T> {
    fn shape(&self) -> Option<Shape> {
        None
    }

    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()> {
        T::write(self, input)
    }
}

impl<S: TensorSource + ?Sized> TensorSource for &S {
    fn shape(&self) -> Option<Shape> {
        S::shape(self)
    }

    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()> {
        S::write_to(self, input)
    }
}

#[cfg(feature = "ndarray")]
impl<T, S, D> TensorSource for ndarray::ArrayBase<S, D>
where
    T: SourceElement,
    S: ndarray::Data<Elem = T>,
    D: ndarray::Dimension,
{
    fn shape(&self) -> Option<Shape> {
        Some(Shape::new(self.shape()))
    }

    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()> {
        input.check_shape(self.shape())?;
        let rows = self.as_standard_layout();
        match rows.as_slice() {
            Some(elements) => T::write(elements, input),
            None => T::write(&self.iter().cloned().collect::<Vec<T>>(), input),
        }
    }
}

impl TensorSource for Tensor<'_> {
    fn shape(&self) -> Option<Shape> {
        Some(Tensor::shape(self))
    }

    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()> {
        input.check_shape(&Tensor::shape(self))?;
        let dtype = self.dtype();
        if dtype != input.dtype() {
            return Err(Error::TypeMismatch {
                tensor: input.as_tensor().label(),
                expected: dtype,
                actual: input.dtype(),
            });
        }
        match dtype {
            TensorType::String => input.write_strings(&self.strings()?),
            TensorType::Bool => input.copy_from_bools(&self.to_bools()?),
            _ => input.copy_from_bytes(self.bytes()?),
        }
    }
}

impl TensorSource for OwnedTensor {
    fn shape(&self) -> Option<Shape> {
        Some(OwnedTensor::shape(self).clone())
    }

    fn write_to(&self, input: &mut TensorMut<'_>) -> Result<()> {
        self.as_tensor().write_to(input)
    }
}

impl TensorMut<'_> {
    fn check_shape(&self, shape: &[usize]) -> Result<()> {
        if self.shape() == *shape {
            return Ok(());
        }
        Err(Error::ShapeMismatch {
            tensor: self.as_tensor().label(),
            expected: Box::new(self.shape()),
            actual: Box::new(Shape::new(shape)),
        })
    }
}
