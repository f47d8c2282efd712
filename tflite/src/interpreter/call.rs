//! Writing all inputs, invoking, and reading all outputs at once.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use super::{Interpreter, SignatureRunner};
use crate::error::{Error, Result};
use crate::tensor::{OwnedTensor, Shape, TensorMut, TensorSource};

impl SignatureRunner<'_> {
    /// Computes the outputs for these inputs, all by name, as copies.
    ///
    /// An input that is given an `ndarray` array or a tensor of another shape is
    /// [resized](Self::resize_inputs) before. Other sources, such as slices, must have as many
    /// elements as the input has now. Constants may be left out.
    ///
    /// # Errors
    ///
    /// [`Error::MissingInput`], [`Error::NoSuchName`]; else as [`resize_inputs`](Self::resize_inputs),
    /// [`invoke`](Self::invoke), [`Tensor::to_owned_tensor`](crate::Tensor::to_owned_tensor) and the
    /// methods of [`TensorMut`] that write.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/signatures.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let mut sum = interpreter.signature_runner("sum")?;
    /// let outputs = sum.run(&[("a", &[1.0_f32, 2.0, 3.0]), ("b", &vec![10.0_f32, 20.0, 30.0])])?;
    /// assert_eq!(outputs["total"].data::<f32>()?, [11.0, 22.0, 33.0]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    ///
    /// Arrays bring their shape along:
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/dynamic_signatures.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// use tflite::ndarray::array;
    ///
    /// let mut double = interpreter.signature_runner("double")?;
    /// let rows = array![[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]];
    /// let outputs = double.run(&[("x", &rows)])?;
    /// assert_eq!(outputs["y"].view::<f32>()?, (rows * 2.0).into_dyn());
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn run(
        &mut self,
        inputs: &[(&str, &dyn TensorSource)],
    ) -> Result<BTreeMap<String, OwnedTensor>> {
        for name in self.signature().input_names() {
            let is_given = inputs.iter().any(|(given, _)| *given == name);
            if !is_given && is_wanted(self.input(name))? {
                return Err(Error::MissingInput {
                    signature: self.signature().key().to_owned(),
                    name: name.to_owned(),
                });
            }
        }
        let mut shapes: Vec<(&str, Shape)> = Vec::new();
        for &(name, source) in inputs {
            let shape = self.input(name)?.shape();
            shapes.extend(change(&shape, source).map(|shape| (name, shape)));
        }
        if !shapes.is_empty() {
            let shapes: Vec<(&str, &[usize])> = shapes
                .iter()
                .map(|(name, shape)| (*name, &**shape))
                .collect();
            self.resize_inputs(&shapes)?;
        }
        for &(name, source) in inputs {
            source.write_to(&mut self.input_mut(name)?)?;
        }
        self.invoke()?;
        let mut outputs = BTreeMap::new();
        for name in self.signature().output_names() {
            match self.output(name) {
                Ok(output) => {
                    outputs.insert(name.to_owned(), output.to_owned_tensor()?);
                }
                Err(Error::OptionalTensor { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(outputs)
    }
}

impl Interpreter {
    /// Computes the outputs for these inputs, in the model's order, as copies. Inputs and outputs
    /// that the model leaves out are not counted, nor inputs that are constants.
    ///
    /// Shapes are as for [`SignatureRunner::run`].
    ///
    /// # Errors
    ///
    /// [`Error::InputCount`]; else as [`SignatureRunner::run`].
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/strings.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let outputs = interpreter.run(&[&["yes", "no", "yes"]])?;
    /// assert_eq!(outputs[0].to_vec::<bool>()?, [true, false, true]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn run(&mut self, inputs: &[&dyn TensorSource]) -> Result<Vec<OwnedTensor>> {
        let mut indices = Vec::with_capacity(inputs.len());
        for index in 0..self.input_count() {
            if is_wanted(self.input(index))? {
                indices.push(index);
            }
        }
        if indices.len() != inputs.len() {
            return Err(Error::InputCount {
                expected: indices.len(),
                actual: inputs.len(),
            });
        }
        let mut shapes: Vec<(usize, Shape)> = Vec::new();
        for (&index, source) in indices.iter().zip(inputs) {
            let shape = self.input(index)?.shape();
            shapes.extend(change(&shape, *source).map(|shape| (index, shape)));
        }
        if !shapes.is_empty() {
            let shapes: Vec<(usize, &[usize])> = shapes
                .iter()
                .map(|(index, shape)| (*index, &**shape))
                .collect();
            self.resize_inputs(&shapes)?;
        }
        for (&index, source) in indices.iter().zip(inputs) {
            source.write_to(&mut self.input_mut(index)?)?;
        }
        self.invoke()?;
        let outputs = (0..self.output_count()).map(|index| self.output(index));
        outputs
            .filter(|output| !matches!(output, Err(Error::OptionalTensor { .. })))
            .map(|output| output?.to_owned_tensor())
            .collect()
    }
}

/// Whether an input must be given.
fn is_wanted(input: Result<crate::Tensor<'_>>) -> Result<bool> {
    match input {
        Ok(input) => Ok(TensorMut::new(input).is_writable()),
        Err(Error::OptionalTensor { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The shape that an input must be given first, if that is another one.
fn change(shape: &Shape, source: &dyn TensorSource) -> Option<Shape> {
    source.shape().filter(|given| given != shape)
}
