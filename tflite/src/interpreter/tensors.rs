//! An interpreter's inputs and outputs.

use super::Interpreter;
use super::state::State;
use crate::error::{Error, Result, TensorRole};
use crate::tensor::{Access, Tensor, TensorMut};

impl Interpreter {
    /// How many inputs the model has.
    ///
    /// Wraps `TfLiteInterpreterGetInputTensorCount()`.
    pub fn input_count(&self) -> usize {
        self.native.raw().input_count()
    }

    /// How many outputs the model has.
    ///
    /// Wraps `TfLiteInterpreterGetOutputTensorCount()`.
    pub fn output_count(&self) -> usize {
        self.native.raw().output_count()
    }

    /// An input, to look at.
    ///
    /// Wraps `TfLiteInterpreterGetInputTensor()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`] if `index` is not below [`input_count`](Self::input_count);
    /// [`Error::OptionalTensor`] if the model leaves this input out; [`Error::Poisoned`].
    pub fn input(&self, index: usize) -> Result<Tensor<'_>> {
        self.state.check()?;
        let role = TensorRole::Input;
        let Some(raw) = self.native.raw().input(index) else {
            return Err(missing(role, index, self.input_count()));
        };
        Tensor::new(raw, role, index, Access::Allowed)
    }

    /// An input, to write.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input). Constant inputs can be had, but not written.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32, 2.0, 3.0])?;
    /// interpreter.invoke()?;
    /// assert_eq!(interpreter.output(0)?.data::<f32>()?, [2.0, 4.0, 6.0]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn input_mut(&mut self, index: usize) -> Result<TensorMut<'_>> {
        // `&mut self` makes the view exclusive, though C hands out the same pointer.
        self.input(index).map(TensorMut::new)
    }

    /// An output.
    ///
    /// Its type and shape can be seen at any time, its data only after an invocation. A shape
    /// that depends on the inputs' values is right only then, too.
    ///
    /// Wraps `TfLiteInterpreterGetOutputTensor()`.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn output(&self, index: usize) -> Result<Tensor<'_>> {
        self.state.check()?;
        let role = TensorRole::Output;
        let Some(raw) = self.native.raw().output(index) else {
            return Err(missing(role, index, self.output_count()));
        };
        let access = match self.state {
            State::Invoked => Access::Allowed,
            State::Allocated | State::Poisoned(_) => Access::NotInvoked,
        };
        Tensor::new(raw, role, index, access)
    }
}

/// Why there is no such tensor.
fn missing(role: TensorRole, index: usize, count: usize) -> Error {
    if index >= count {
        Error::NoSuchTensor { role, index, count }
    } else {
        Error::OptionalTensor { role, index }
    }
}
