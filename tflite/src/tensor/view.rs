//! Tensors as `ndarray` views.

use ndarray::{ArrayD, ArrayView, ArrayViewD, ArrayViewMutD, Dimension, IxDyn};

use super::{Shape, Tensor, TensorElement, TensorMut, TensorValue};
use crate::error::{Error, Result};

impl<'a> Tensor<'a> {
    /// The elements with their shape, without a copy.
    ///
    /// # Errors
    ///
    /// As [`data`](Self::data).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/dynamic_batch.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.invoke()?;
    /// let output = interpreter.output(0)?.view::<f32>()?;
    /// assert_eq!(output.shape(), [1, 3]);
    /// let best = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn view<T: TensorElement>(&self) -> Result<ArrayViewD<'a, T>> {
        let data = self.data::<T>()?;
        // `data` has checked the product, but a shape such as [0, 2^40, 2^40] is not one of
        // ndarray's.
        ArrayViewD::from_shape(IxDyn(&self.shape), data).map_err(|_| self.no_array(data.len()))
    }

    /// A copy of the elements, with their shape: see [`to_vec`](Self::to_vec) for the types.
    ///
    /// # Errors
    ///
    /// As [`to_vec`](Self::to_vec).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/packed.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.copy_from_slice(&[-2.0_f32, -1.0, 0.0, 1.0, 1.5])?;
    /// interpreter.invoke()?;
    /// // int4, with scale 0.25.
    /// assert_eq!(interpreter.output(0)?.to_array::<i8>()?.sum(), -8 - 4 + 4 + 6);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn to_array<T: TensorValue>(&self) -> Result<ArrayD<T>> {
        self.array(self.to_vec()?)
    }

    /// The real numbers that the integers stand for, with their shape.
    ///
    /// # Errors
    ///
    /// As [`dequantize`](Self::dequantize).
    pub fn dequantize_array(&self) -> Result<ArrayD<f32>> {
        self.array(self.dequantize()?)
    }

    fn array<T>(&self, elements: Vec<T>) -> Result<ArrayD<T>> {
        let count = elements.len();
        ArrayD::from_shape_vec(IxDyn(&self.shape), elements).map_err(|_| self.no_array(count))
    }

    /// The elements are as many as the shape says, but ndarray has no such shape.
    fn no_array(&self, elements: usize) -> Error {
        Error::SizeMismatch {
            tensor: self.label(),
            shape: self.shape(),
            bytes: elements,
            dtype: self.dtype(),
        }
    }
}

impl TensorMut<'_> {
    /// The elements with their shape, to write.
    ///
    /// # Errors
    ///
    /// As [`data_mut`](Self::data_mut).
    pub fn view_mut<T: TensorElement>(&mut self) -> Result<ArrayViewMutD<'_, T>> {
        // The same shape: if this one is refused, so is the one below.
        self.as_tensor().view::<T>()?;
        let (tensor, shape) = (self.as_tensor().label(), self.shape());
        let data = self.data_mut::<T>()?;
        let bytes = size_of_val(data);
        ArrayViewMutD::from_shape(IxDyn(&shape), data).map_err(|_| Error::SizeMismatch {
            tensor,
            shape,
            bytes,
            dtype: T::TYPE,
        })
    }

    /// Copies an array of the tensor's shape, whatever its memory layout.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if the shapes differ; else as [`data_mut`](Self::data_mut).
    ///
    /// ```
    /// use tflite::ndarray::array;
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/dynamic_batch.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.resize_input(0, &[2, 4])?;
    /// let rows = array![[1.0_f32, 5.0], [2.0, 6.0], [3.0, 7.0], [4.0, 8.0]];
    /// interpreter.input_mut(0)?.assign(&rows.t())?;
    /// assert_eq!(interpreter.input(0)?.data::<f32>()?, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn assign<T: TensorElement, D: Dimension>(
        &mut self,
        array: &ArrayView<'_, T, D>,
    ) -> Result<()> {
        if self.shape() != *array.shape() {
            return Err(Error::ShapeMismatch {
                tensor: self.as_tensor().label(),
                expected: Box::new(self.shape()),
                actual: Box::new(Shape::new(array.shape())),
            });
        }
        self.view_mut::<T>()?.assign(&array.view().into_dyn());
        Ok(())
    }
}
