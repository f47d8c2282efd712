//! All tensors of a model's first subgraph, by their own indices, and variables among them.

#![forbid(unsafe_code)]

use std::ffi::c_int;

use tflite_sys as sys;

use super::Interpreter;
use super::tensors::{is_named, output_access};
use crate::error::{Error, Result, TensorRole};
use crate::raw::RawTensor;
use crate::tensor::{Access, Tensor};

impl Interpreter {
    /// How many tensors the first subgraph has in the model: inputs, outputs, constants, and what
    /// lies between.
    pub fn tensor_count(&self) -> usize {
        self.native.model().tensor_count()
    }

    /// Any tensor of the first subgraph, by its own index, as in
    /// [`SubgraphInfo::tensors`](crate::SubgraphInfo::tensors).
    ///
    /// Type, name, shape and quantization can be seen at any time. Inputs, constants and
    /// [variables](Self::variable) can be read, and outputs after an invocation. What lies between
    /// cannot: its memory is used again before an invocation ends, and XNNPACK has no such tensor at
    /// all, so that also its shape may be that of the model.
    ///
    /// Wraps `TfLiteInterpreterGetTensor()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`], [`Error::Poisoned`], [`Error::UnknownShape`]. Reading what lies
    /// between is an [`Error::NotReadable`].
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/conv.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// let interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let weights = (0..interpreter.tensor_count())
    ///     .map(|index| interpreter.tensor(index))
    ///     .find(|tensor| tensor.as_ref().is_ok_and(|tensor| tensor.shape() == [4, 3, 3, 3]))
    ///     .expect("the first convolution has 4 filters of 3 by 3 pixels in 3 colours")?;
    /// assert_eq!(weights.data::<f32>()?.len(), 4 * 3 * 3 * 3);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn tensor(&self, index: usize) -> Result<Tensor<'_>> {
        self.state.check()?;
        let role = TensorRole::Tensor;
        // Delegates and kernels add tensors of their own behind these.
        let count = self.tensor_count();
        let found = (index < count).then(|| self.native.raw().tensor(index));
        let Some(Some(raw)) = found else {
            return Err(Error::NoSuchTensor { role, index, count });
        };
        Tensor::new(raw, role, index, self.access(raw, index))
    }

    /// Which tensor has this name; the first one if there are several.
    pub fn tensor_index(&self, name: &str) -> Option<usize> {
        let raw = self.native.raw();
        (0..self.tensor_count()).find(|&index| {
            raw.tensor(index)
                .is_some_and(|tensor| is_named(tensor, name))
        })
    }

    /// Which [tensors](Self::tensor) the inputs are; `None` for one that the model leaves out.
    ///
    /// Wraps `TfLiteInterpreterInputTensorIndices()`.
    pub fn input_indices(&self) -> Vec<Option<usize>> {
        optional(self.native.raw().input_indices())
    }

    /// Which [tensors](Self::tensor) the outputs are; `None` for one that the model leaves out.
    ///
    /// Wraps `TfLiteInterpreterOutputTensorIndices()`.
    pub fn output_indices(&self) -> Vec<Option<usize>> {
        optional(self.native.raw().output_indices())
    }

    /// How many variables the first subgraph has: tensors that keep their values from one
    /// invocation to the next, such as the state of an LSTM.
    ///
    /// Wraps `TfLiteInterpreterGetVariableTensorCount()`.
    pub fn variable_count(&self) -> usize {
        self.native.raw().variable_count()
    }

    /// A variable, to look at.
    ///
    /// Variables that operators have a handle of (`VAR_HANDLE`) are none of these.
    ///
    /// Wraps `TfLiteInterpreterGetVariableTensor()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`], [`Error::Poisoned`]. Reading it is an [`Error::NotReadable`] if
    /// there are shapes in the model that depend on values, since it may have no memory then.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/states.tflite");
    /// // An operator of this model adds up its inputs, two numbers, in a variable.
    /// # let model = tflite::Model::from_file(path)?;
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32, 2.0])?;
    /// interpreter.invoke()?;
    /// interpreter.invoke()?;
    /// assert_eq!(interpreter.variable(0)?.data::<f32>()?, [2.0, 4.0]);
    /// interpreter.reset_variables()?;
    /// assert_eq!(interpreter.variable(0)?.data::<f32>()?, [0.0, 0.0]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn variable(&self, index: usize) -> Result<Tensor<'_>> {
        self.state.check()?;
        let role = TensorRole::Variable;
        let Some(raw) = self.native.raw().variable(index) else {
            let count = self.variable_count();
            return Err(Error::NoSuchTensor { role, index, count });
        };
        Tensor::new(raw, role, index, self.variable_access(raw))
    }

    /// Sets the [variables](Self::variable) of all subgraphs to what they are in a new interpreter:
    /// zero, or its quantized counterpart in int8. Inputs and outputs keep their values, and so do
    /// variables that operators have a handle of: only [`reset`](Self::reset) forgets those.
    ///
    /// Wraps `TfLiteInterpreterResetVariableTensors()`. That one fails if a signature with variables
    /// in a subgraph of its own has not been run yet; such signatures are
    /// [prepared](Self::signature_runner) then, after which there are no outputs.
    ///
    /// # Errors
    ///
    /// [`Error::Poisoned`]; [`Error::Runtime`] if the variables have no memory because shapes in the
    /// model depend on values.
    pub fn reset_variables(&mut self) -> Result<()> {
        self.state.check()?;
        if self.native.reset_variables().is_ok() {
            return Ok(());
        }
        let model = self.native.model().clone();
        for signature in model.signatures() {
            if signature.subgraph() != 0 {
                self.signature_runner(signature.key())?;
            }
        }
        self.native.reset_variables()
    }

    /// Whether a tensor's memory means something.
    fn access(&self, raw: RawTensor<'_>, index: usize) -> Access {
        let is_among = |indices: &[c_int]| {
            let mut indices = indices.iter();
            indices.any(|&other| usize::try_from(other) == Ok(index))
        };
        if is_among(self.native.raw().input_indices()) {
            return Access::Allowed;
        }
        if is_among(self.native.raw().output_indices()) {
            return output_access(self.state);
        }
        match raw.allocation_type() {
            // The model's own bytes.
            sys::kTfLiteMmapRo => Access::Allowed,
            _ => self.variable_access(raw),
        }
    }

    /// Allocation sets variables to zero, as far as it allocates them.
    fn variable_access(&self, raw: RawTensor<'_>) -> Access {
        let is_persistent = raw.allocation_type() == sys::kTfLiteArenaRwPersistent;
        if raw.is_variable() && is_persistent && self.native.is_static() {
            Access::Allowed
        } else {
            Access::Hidden
        }
    }
}

/// Indices with `None` instead of -1.
fn optional(indices: &[c_int]) -> Vec<Option<usize>> {
    let indices = indices.iter();
    indices.map(|&index| usize::try_from(index).ok()).collect()
}
