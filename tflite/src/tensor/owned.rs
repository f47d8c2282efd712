//! Copies of tensors that stay when the interpreter goes on.

#![forbid(unsafe_code)]

use std::fmt;

use super::source::Source;
use super::{
    Access, AffineQuantization, Quantization, Shape, Tensor, TensorElement, TensorType, TensorValue,
};
use crate::buffer::AlignedBuffer;
use crate::error::{Result, TensorRole};

/// A copy of a tensor: its elements, with type, shape, name and quantization.
///
/// All that can be done with a [`Tensor`] can be done with [`as_tensor`](Self::as_tensor).
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
/// # let model = tflite::Model::from_file(path)?;
/// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
/// interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32, 2.0, 3.0])?;
/// let before = interpreter.input(0)?.to_owned_tensor()?;
/// interpreter.input_mut(0)?.copy_from_slice(&[0.0_f32; 3])?;
/// assert_eq!(before.data::<f32>()?, [1.0, 2.0, 3.0]);
/// assert_eq!(before.to_string(), "[1. 2. 3.]");
/// # Ok::<(), tflite::Error>(())
/// ```
pub struct OwnedTensor {
    role: TensorRole,
    index: usize,
    pub(super) name: String,
    pub(super) dtype: TensorType,
    shape: Shape,
    pub(super) quantization: Option<Quantization>,
    pub(super) affine_quantization: Option<AffineQuantization>,
    /// As the runtime's memory was. Strings are encoded in it, too.
    pub(super) memory: AlignedBuffer,
}

impl Tensor<'_> {
    /// A copy that does not borrow the interpreter.
    ///
    /// # Errors
    ///
    /// [`Error::OpaqueType`](crate::Error::OpaqueType) for resources, variants and unknown types; [`Error::OutOfMemory`](crate::Error::OutOfMemory);
    /// else as [`bytes`](Self::bytes) and [`strings`](Self::strings).
    pub fn to_owned_tensor(&self) -> Result<OwnedTensor> {
        let contents = match self.dtype() {
            TensorType::String => self.string_bytes()?,
            _ => self.bytes()?,
        };
        let mut memory = AlignedBuffer::zeroed(contents.len())?;
        memory.as_bytes_mut().copy_from_slice(contents);
        Ok(OwnedTensor {
            role: self.role,
            index: self.index,
            name: self.name().into_owned(),
            dtype: self.dtype(),
            shape: self.shape(),
            quantization: self.quantization(),
            affine_quantization: self.affine_quantization(),
            memory,
        })
    }
}

impl OwnedTensor {
    /// The tensor, to look at.
    pub fn as_tensor(&self) -> Tensor<'_> {
        Tensor {
            source: Source::Owned(self),
            role: self.role,
            index: self.index,
            access: Access::Allowed,
            shape: self.shape.clone(),
        }
    }

    /// The type of the elements.
    pub fn dtype(&self) -> TensorType {
        self.dtype
    }

    /// The lengths of the dimensions, such as `[1, 224, 224, 3]`.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The name in the model. See [`Tensor::name`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The elements, in row-major order. See [`Tensor::data`].
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) if `T` is not the Rust type of [`dtype`](Self::dtype).
    pub fn data<T: TensorElement>(&self) -> Result<&[T]> {
        self.as_tensor().data()
    }

    /// A copy of the elements, in row-major order. See [`Tensor::to_vec`].
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) if `T` is not for [`dtype`](Self::dtype).
    pub fn to_vec<T: TensorValue>(&self) -> Result<Vec<T>> {
        self.as_tensor().to_vec()
    }

    /// The elements with their shape, without a copy. See [`Tensor::view`].
    ///
    /// # Errors
    ///
    /// As [`data`](Self::data).
    #[cfg(feature = "ndarray")]
    pub fn view<T: TensorElement>(&self) -> Result<ndarray::ArrayViewD<'_, T>> {
        self.as_tensor().view()
    }

    /// The memory of the elements, without a copy. Strings are encoded in it as the runtime does.
    pub fn into_buffer(self) -> AlignedBuffer {
        self.memory
    }
}

/// As [`Tensor`] prints.
impl fmt::Display for OwnedTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_tensor().fmt(f)
    }
}

impl fmt::Debug for OwnedTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_tensor(), f)
    }
}

const _: () = {
    const fn check<T: Send + Sync + 'static>() {}
    check::<OwnedTensor>();
};
