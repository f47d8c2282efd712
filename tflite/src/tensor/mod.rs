//! Tensors: typed views of an interpreter's memory.

mod display;
mod dtype;
mod element;
mod input;
mod narrow;
mod owned;
mod packed;
mod quantization;
mod read;
mod shape;
mod source;
pub(crate) mod strings;
mod value;
#[cfg(feature = "ndarray")]
mod view;
mod write;

use std::borrow::Cow;
use std::fmt;

pub use self::dtype::TensorType;
pub use self::element::TensorElement;
pub use self::input::{SourceElement, TensorSource};
pub use self::owned::OwnedTensor;
pub use self::quantization::{AffineQuantization, Quantization};
pub use self::shape::Shape;
pub use self::value::TensorValue;
pub use self::write::TensorMut;

use self::source::Source;
use crate::error::{Error, Result, TensorRole};
use crate::raw::RawTensor;

/// An input or output, to look at. The interpreter is borrowed meanwhile.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/conv.tflite");
/// # let model = tflite::Model::from_file(path)?;
/// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
/// interpreter.invoke()?;
/// let output: tflite::Tensor<'_> = interpreter.output(0)?;
/// assert_eq!(output.dtype(), tflite::TensorType::Float32);
/// assert_eq!(output.shape(), [1, 3, 3, 2]);
/// assert_eq!(output.byte_len(), 3 * 3 * 2 * 4);
/// let numbers: &[f32] = output.data()?;
/// assert_eq!(numbers.len(), 18);
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor<'a> {
    source: Source<'a>,
    role: TensorRole,
    index: usize,
    access: Access,
    shape: Shape,
}

/// Whether a tensor's memory means anything yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Allowed,
    /// An output before the first invocation.
    NotInvoked,
    /// Memory that is used for something else, too.
    Hidden,
}

impl<'a> Tensor<'a> {
    pub(crate) fn new(
        raw: RawTensor<'a>,
        role: TensorRole,
        index: usize,
        access: Access,
    ) -> Result<Self> {
        let Some(shape) = raw.dims() else {
            return Err(Error::UnknownShape {
                tensor: label(&raw.name().to_string_lossy(), role, index),
            });
        };
        Ok(Self {
            source: Source::Runtime(raw),
            role,
            index,
            access,
            shape,
        })
    }

    /// The type of the elements.
    ///
    /// Wraps `TfLiteTensorType()`.
    pub fn dtype(&self) -> TensorType {
        self.source.dtype()
    }

    /// The lengths of the dimensions, such as `[1, 224, 224, 3]`. Dimensions that the model
    /// leaves open are 1 until they are resized.
    ///
    /// Wraps `TfLiteTensorNumDims()` and `TfLiteTensorDim()`.
    pub fn shape(&self) -> Shape {
        self.shape.clone()
    }

    /// The name in the model; what is not UTF-8 is replaced. It may be empty, and need not be
    /// unique.
    ///
    /// Wraps `TfLiteTensorName()`.
    pub fn name(&self) -> Cow<'a, str> {
        self.source.name()
    }

    /// How many bytes the elements take.
    ///
    /// Wraps `TfLiteTensorByteSize()`.
    pub fn byte_len(&self) -> usize {
        self.source.byte_size()
    }

    /// How integers stand for real numbers; `None` if the tensor is not quantized, or has one
    /// scale per channel.
    ///
    /// Wraps `TfLiteTensorQuantizationParams()`.
    pub fn quantization(&self) -> Option<Quantization> {
        self.source.quantization()
    }

    /// How integers stand for real numbers, channel by channel; `None` if the tensor is not
    /// quantized, or block by block.
    ///
    /// Wraps `TfLiteOpaqueTensorGetQuantization()`.
    pub fn affine_quantization(&self) -> Option<AffineQuantization> {
        self.source.affine_quantization(&self.shape)
    }

    /// The shape with the dimensions that the model leaves open as `None`.
    ///
    /// Wraps `TfLiteOpaqueTensorGetNumDimsSignature()` and `TfLiteOpaqueTensorGetDimSignature()`.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/dynamic_batch.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let input = interpreter.input(0)?;
    /// assert_eq!(input.shape(), [1, 4]);
    /// assert_eq!(input.shape_signature(), [None, Some(4)]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn shape_signature(&self) -> Vec<Option<usize>> {
        match self.source.dims_signature() {
            Some(dims) => dims
                .into_iter()
                .map(|dim| usize::try_from(dim).ok())
                .collect(),
            // Without one, all dimensions are fixed.
            None => self.shape.iter().copied().map(Some).collect(),
        }
    }

    /// What to call this tensor in an error.
    fn label(&self) -> String {
        label(&self.name(), self.role, self.index)
    }
}

fn label(name: &str, role: TensorRole, index: usize) -> String {
    format!("{role} {index} ({name:?})")
}

impl fmt::Debug for Tensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor")
            .field("role", &self.role)
            .field("index", &self.index)
            .field("name", &self.name())
            .field("dtype", &self.dtype())
            .field("shape", &self.shape)
            .field("quantization", &self.quantization())
            .finish_non_exhaustive()
    }
}
