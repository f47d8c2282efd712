//! An interpreter's inputs and outputs.

use super::Interpreter;
use super::state::State;
use crate::error::{Error, Result, TensorRole};
use crate::raw::RawTensor;
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

    /// Which input has this name in the model; the first one if there are several.
    ///
    /// These are the names of tensors, such as `serving_default_x:0`. A
    /// [signature](Self::signature_runner) has better ones.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add_two.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let name = interpreter.input(1)?.name();
    /// assert_eq!(interpreter.input_index(&name), Some(1));
    /// assert_eq!(interpreter.input_index("nonesuch"), None);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn input_index(&self, name: &str) -> Option<usize> {
        let raw = self.native.raw();
        (0..raw.input_count()).find(|&index| {
            raw.input(index)
                .is_some_and(|tensor| is_named(tensor, name))
        })
    }

    /// Which output has this name in the model; the first one if there are several.
    pub fn output_index(&self, name: &str) -> Option<usize> {
        let raw = self.native.raw();
        (0..raw.output_count()).find(|&index| {
            raw.output(index)
                .is_some_and(|tensor| is_named(tensor, name))
        })
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
        Tensor::new(raw, role, index, output_access(self.state))
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

/// Whether outputs mean something.
pub(super) fn output_access(state: State) -> Access {
    match state {
        State::Invoked => Access::Allowed,
        State::Allocated | State::Poisoned(_) => Access::NotInvoked,
    }
}

pub(super) fn is_named(tensor: RawTensor<'_>, name: &str) -> bool {
    tensor.name().to_bytes() == name.as_bytes()
}
