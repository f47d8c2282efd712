//! Writing inputs.

use std::borrow::Cow;
use std::fmt;
use std::slice;

use tflite_sys as sys;

use super::{Quantization, Shape, Tensor, TensorElement, TensorType};
use crate::error::{Error, Result};

/// An input, to write. The interpreter is borrowed exclusively meanwhile.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
/// # let model = tflite::Model::from_file(path)?;
/// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
/// let mut input: tflite::TensorMut<'_> = interpreter.input_mut(0)?;
/// input.copy_from_slice(&[1.0_f32, 2.0, 3.0])?;
/// input.data_mut::<f32>()?[2] = 4.0;
/// assert_eq!(input.data::<f32>()?, [1.0, 2.0, 4.0]);
/// // The very type, and as many as there are.
/// assert!(input.copy_from_slice(&[1_i32, 2, 3]).is_err());
/// assert!(input.copy_from_slice(&[1.0_f32]).is_err());
/// # Ok::<(), tflite::Error>(())
/// ```
pub struct TensorMut<'a>(
    /// Never handed out with this lifetime: its slices would live beside the mutable ones.
    pub(super) Tensor<'a>,
);

impl<'a> TensorMut<'a> {
    /// The interpreter must be borrowed exclusively for `'a`.
    pub(crate) fn new(tensor: Tensor<'a>) -> Self {
        Self(tensor)
    }

    /// The same tensor, to look at.
    ///
    /// ```compile_fail,E0502
    /// # fn f(mut interpreter: tflite::Interpreter) -> tflite::Result<()> {
    /// let mut input = interpreter.input_mut(0)?;
    /// let read: &[f32] = input.as_tensor().data()?;
    /// input.copy_from_slice(&[1.0_f32])?;
    /// println!("{read:?}");
    /// # Ok(()) }
    /// ```
    pub fn as_tensor(&self) -> Tensor<'_> {
        self.0.clone()
    }

    /// The type of the elements. See [`Tensor::dtype`].
    pub fn dtype(&self) -> TensorType {
        self.0.dtype()
    }

    /// The lengths of the dimensions. See [`Tensor::shape`].
    pub fn shape(&self) -> Shape {
        self.0.shape()
    }

    /// The name in the model. See [`Tensor::name`].
    pub fn name(&self) -> Cow<'_, str> {
        self.0.name()
    }

    /// How many bytes the elements take. See [`Tensor::byte_len`].
    pub fn byte_len(&self) -> usize {
        self.0.byte_len()
    }

    /// How integers stand for real numbers. See [`Tensor::quantization`].
    pub fn quantization(&self) -> Option<Quantization> {
        self.0.quantization()
    }

    /// The elements, in row-major order. See [`Tensor::data`].
    ///
    /// # Errors
    ///
    /// As [`Tensor::data`].
    pub fn data<T: TensorElement>(&self) -> Result<&[T]> {
        self.0.data()
    }

    /// The elements, in row-major order, to write.
    ///
    /// Wraps `TfLiteTensorData()`.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`] if the model says that this input is a constant; else as
    /// [`Tensor::data`].
    ///
    /// One at a time:
    ///
    /// ```compile_fail,E0499
    /// # fn f(mut interpreter: tflite::Interpreter) -> tflite::Result<()> {
    /// let mut input = interpreter.input_mut(0)?;
    /// let first = input.data_mut::<f32>()?;
    /// let second = input.data_mut::<f32>()?;
    /// first[0] = 1.0;
    /// second[0] = 2.0;
    /// # Ok(()) }
    /// ```
    pub fn data_mut<T: TensorElement>(&mut self) -> Result<&mut [T]> {
        self.check_writable()?;
        let (data, length) = self.0.elements::<T>()?;
        // SAFETY: `elements` has checked type, size and alignment, and any bits are a valid `T`.
        // Inputs are zeroed when they are allocated, so the memory is initialised. It is not
        // constant, and `self` is borrowed exclusively, as is the interpreter.
        Ok(unsafe { slice::from_raw_parts_mut(data.as_ptr(), length) })
    }

    /// As [`data_mut`](Self::data_mut), but for as long as the interpreter is borrowed.
    ///
    /// # Errors
    ///
    /// As [`data_mut`](Self::data_mut).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let input: &mut [f32] = interpreter.input_mut(0)?.into_data_mut()?;
    /// input.fill(0.5);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn into_data_mut<T: TensorElement>(mut self) -> Result<&'a mut [T]> {
        let slice = self.data_mut::<T>()?;
        // SAFETY: the same memory; `self` is consumed, so that no other slice of it can be made
        // while the interpreter is borrowed exclusively, for 'a.
        Ok(unsafe { slice::from_raw_parts_mut(slice.as_mut_ptr(), slice.len()) })
    }

    /// Copies all elements, in row-major order.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if there are more or fewer elements in the tensor; else as
    /// [`data_mut`](Self::data_mut).
    pub fn copy_from_slice<T: TensorElement>(&mut self, elements: &[T]) -> Result<()> {
        let data = self.data_mut::<T>()?;
        if data.len() != elements.len() {
            let (expected, actual) = (data.len(), elements.len());
            return Err(self.length_mismatch(expected, actual));
        }
        data.copy_from_slice(elements);
        Ok(())
    }

    /// Copies all elements as plain bytes, in the machine's byte order. This is the way to write
    /// types that Rust does not have.
    ///
    /// # Errors
    ///
    /// [`Error::OpaqueType`] for strings, resources, variants, unknown types, and for booleans,
    /// which have [`copy_from_bools`](Self::copy_from_bools); else as
    /// [`copy_from_slice`](Self::copy_from_slice), in bytes.
    pub fn copy_from_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let dtype = self.dtype();
        if dtype == TensorType::Bool {
            return Err(Error::OpaqueType {
                tensor: self.0.label(),
                dtype,
            });
        }
        self.copy_bytes(bytes.len(), bytes.iter().copied())
    }

    /// Copies all elements of a boolean tensor.
    ///
    /// # Errors
    ///
    /// As [`copy_from_slice`](Self::copy_from_slice).
    pub fn copy_from_bools(&mut self, elements: &[bool]) -> Result<()> {
        self.0.check_type(TensorType::Bool)?;
        self.copy_bytes(
            elements.len(),
            elements.iter().map(|&element| u8::from(element)),
        )
    }

    /// Copies `count` bytes, which must be all of them.
    pub(super) fn copy_bytes(
        &mut self,
        count: usize,
        bytes: impl Iterator<Item = u8>,
    ) -> Result<()> {
        self.check_writable()?;
        let (data, length) = self.0.plain_bytes()?;
        if length != count {
            return Err(self.length_mismatch(length, count));
        }
        // SAFETY: the tensor has `length` bytes at `data`, initialised when it was allocated and
        // not constant. The interpreter is borrowed exclusively, and so is `self`.
        let data = unsafe { slice::from_raw_parts_mut(data.as_ptr(), length) };
        for (to, from) in data.iter_mut().zip(bytes) {
            *to = from;
        }
        Ok(())
    }

    fn check_writable(&self) -> Result<()> {
        if self.is_writable() {
            return Ok(());
        }
        Err(Error::ReadOnly {
            tensor: self.0.label(),
        })
    }

    pub(crate) fn is_writable(&self) -> bool {
        // Constants are the model's own bytes, which may be a mapping without the right to write,
        // and what operators computed from them once.
        let constants = [sys::kTfLiteMmapRo, sys::kTfLitePersistentRo];
        let raw = self.0.source.runtime();
        raw.is_some_and(|raw| !constants.contains(&raw.allocation_type()))
    }

    pub(super) fn length_mismatch(&self, expected: usize, actual: usize) -> Error {
        Error::LengthMismatch {
            tensor: self.0.label(),
            expected,
            actual,
        }
    }
}

impl fmt::Debug for TensorMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
