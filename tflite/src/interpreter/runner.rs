//! Running a model's signatures.

use std::ffi::{CStr, CString, c_int};
use std::fmt;
use std::sync::Arc;

use tflite_sys as sys;

use super::Interpreter;
use super::native::{Resizes, concerns, failure, zero_input, zero_output};
use super::probe::{Probe, Verdict};
use super::resize::check_shape;
use super::state::State;
use super::tensors::output_access;
use crate::delegate::{Census, Layouts};
use crate::error::{Error, Operation, Result, Status, TensorRole};
use crate::model::Model;
use crate::options::Shared;
use crate::raw::RawSignatureRunner;
use crate::report::Reporter;
use crate::signature::{Place, Signature};
use crate::tensor::{Access, Tensor, TensorMut};

/// What signatures' inputs were resized to: the signature's key, the input's name, the dimensions.
pub(super) type NamedResizes = Vec<(CString, CString, Vec<c_int>)>;

/// Runs one signature of a model, with inputs and outputs by name.
///
/// It borrows the interpreter, because both work on the same memory:
///
/// ```compile_fail,E0499
/// # fn f(mut interpreter: tflite::Interpreter) -> tflite::Result<()> {
/// let mut double = interpreter.signature_runner("double")?;
/// let mut sum = interpreter.signature_runner("sum")?;
/// double.invoke()?;
/// # Ok(()) }
/// ```
///
/// ```compile_fail,E0499
/// # fn f(mut interpreter: tflite::Interpreter) -> tflite::Result<()> {
/// let mut double = interpreter.signature_runner("double")?;
/// interpreter.invoke()?;
/// double.invoke()?;
/// # Ok(()) }
/// ```
///
/// Outputs cannot be kept over an invocation:
///
/// ```compile_fail,E0502
/// # fn f(mut runner: tflite::SignatureRunner<'_>) -> tflite::Result<()> {
/// let before: &[f32] = runner.output("y")?.data()?;
/// runner.invoke()?;
/// println!("{before:?}");
/// # Ok(()) }
/// ```
pub struct SignatureRunner<'a> {
    raw: RawSignatureRunner<'a>,
    signature: Arc<Signature>,
    model: &'a Model,
    reporter: &'a Reporter,
    census: &'a Census,
    /// The shapes that XNNPACK must come to, if it was applied.
    agreed: &'a mut Option<Layouts>,
    /// Of the interpreter's options.
    shared: &'a Shared,
    /// Of the interpreter.
    interpreter: &'a mut State,
    /// Of the interpreter.
    resizes: &'a mut Resizes,
    /// Of the interpreter.
    named_resizes: &'a mut NamedResizes,
    /// Whether the interpreter works on buffers of the user's.
    is_bound: bool,
    /// Of this runner.
    state: State,
    /// A tensor without elements, where there must be some.
    empty: Option<String>,
}

impl Interpreter {
    /// Prepares one of the model's [signatures](Model::signatures) to be run. Its inputs are zero,
    /// except for those in [buffers](Interpreter::bind_input).
    ///
    /// The signature may share its tensors with the interpreter: thereafter, the interpreter has
    /// no outputs before it is invoked itself.
    ///
    /// Wraps `TfLiteInterpreterGetSignatureRunner()` and `TfLiteSignatureRunnerAllocateTensors()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchSignature`]; [`Error::CalledSubgraph`]; [`Error::Poisoned`];
    /// [`Error::Runtime`] if the tensors cannot be allocated.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/signatures.tflite");
    /// let model = tflite::Model::from_file(path)?;
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let mut sum = interpreter.signature_runner("sum")?;
    /// sum.input_mut("a")?.copy_from_slice(&[1.0_f32, 2.0, 3.0])?;
    /// sum.input_mut("b")?.copy_from_slice(&[10.0_f32, 20.0, 30.0])?;
    /// sum.invoke()?;
    /// assert_eq!(sum.output("total")?.data::<f32>()?, [11.0, 22.0, 33.0]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn signature_runner(&mut self, key: &str) -> Result<SignatureRunner<'_>> {
        self.runner(key, false, |signature| signature.key() == key)
    }

    /// Prepares the first signature that is about the same tensors as the interpreter itself. Most
    /// models have just that one, with the key `serving_default`. In a model without any signature,
    /// the inputs and outputs themselves stand in for one, with the names of the tensors: `input0`,
    /// `output0` and so on where they have none. Its key is empty then. There is none if tensors have
    /// the same name, or are left out.
    ///
    /// Wraps `TfLiteInterpreterGetSignatureRunner()` without a key.
    ///
    /// # Errors
    ///
    /// As [`signature_runner`](Self::signature_runner).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/constant_output.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// assert!(model.signatures().is_empty());
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// let mut runner = interpreter.default_signature_runner()?;
    /// let name = runner.signature().input_names().next().expect("one").to_owned();
    /// let outputs = runner.run(&[(&name, &[1.0_f32; 3])])?;
    /// assert_eq!(outputs.len(), 2);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn default_signature_runner(&mut self) -> Result<SignatureRunner<'_>> {
        self.runner("", true, |signature| signature.subgraph() == 0)
    }

    fn runner(
        &mut self,
        key: &str,
        is_default: bool,
        matches: impl Fn(&Signature) -> bool,
    ) -> Result<SignatureRunner<'_>> {
        self.state.check()?;
        let Self {
            native,
            options,
            resizes,
            named_resizes,
            state,
            bound,
            ..
        } = self;
        // A clone, since the one inside is borrowed along with the native interpreter.
        let model = native.model().clone();
        let missing = || Error::NoSuchSignature {
            key: key.to_owned(),
            known: model
                .signatures()
                .iter()
                .map(|known| known.key().to_owned())
                .collect(),
        };
        let signature = model
            .signatures()
            .iter()
            .find(|known| matches(known))
            .or_else(|| model.placeholder().filter(|_| is_default))
            .ok_or_else(missing)?;
        let lent = native.signature(signature)?;
        // Whatever the runner does, the interpreter's outputs are no longer those of its inputs.
        *state = State::Allocated;
        let mut runner = SignatureRunner {
            raw: lent.runner,
            signature: Arc::clone(signature),
            model: lent.model,
            reporter: lent.reporter,
            census: lent.census,
            agreed: lent.agreed,
            shared: options.shared(),
            interpreter: state,
            resizes,
            named_resizes,
            is_bound: !bound.is_empty(),
            state: State::Allocated,
            empty: None,
        };
        runner.allocate()?;
        Ok(runner)
    }
}

impl SignatureRunner<'_> {
    /// The signature: its key, and the names of inputs and outputs.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// An input, to look at.
    ///
    /// Wraps `TfLiteSignatureRunnerGetInputTensor()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchName`]; [`Error::Poisoned`] after a failed invocation.
    pub fn input(&self, name: &str) -> Result<Tensor<'_>> {
        self.state.check()?;
        let place = self.signature.find(TensorRole::Input, name)?;
        let role = TensorRole::Input;
        let missing = Error::OptionalTensor {
            role,
            index: place.index,
        };
        let raw = self.raw.input(&place.c_name).ok_or(missing)?;
        Tensor::new(raw, role, place.index, Access::Allowed)
    }

    /// An input, to write.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn input_mut(&mut self, name: &str) -> Result<TensorMut<'_>> {
        // `&mut self` makes the view exclusive, though C hands out the same pointer.
        self.input(name).map(TensorMut::new)
    }

    /// An output. It has data after [`invoke`](Self::invoke).
    ///
    /// Wraps `TfLiteSignatureRunnerGetOutputTensor()`.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn output(&self, name: &str) -> Result<Tensor<'_>> {
        self.state.check()?;
        let place = self.signature.find(TensorRole::Output, name)?;
        let role = TensorRole::Output;
        let missing = Error::OptionalTensor {
            role,
            index: place.index,
        };
        let raw = self.raw.output(&place.c_name).ok_or(missing)?;
        Tensor::new(raw, role, place.index, output_access(self.state))
    }

    /// Computes the outputs from the inputs.
    ///
    /// Wraps `TfLiteSignatureRunnerInvoke()`.
    ///
    /// # Errors
    ///
    /// [`Error::Runtime`] if an operator fails. The runner is poisoned then, and the interpreter
    /// too; [`Interpreter::reset`] heals it.
    pub fn invoke(&mut self) -> Result<()> {
        self.state.check()?;
        if let Some(tensor) = &self.empty {
            return Err(Error::EmptyTensor {
                tensor: tensor.clone(),
            });
        }
        // SAFETY: as for the interpreter: `allocate` filled inputs of strings and compared shapes.
        self.call(Operation::Invoke, |raw| unsafe { raw.invoke() })?;
        self.state = State::Invoked;
        Ok(())
    }

    /// Gives an input another shape, and allocates anew. All inputs of the signature are zero then.
    ///
    /// Only dimensions that the model leaves open can change. The shape lasts after this runner,
    /// until the interpreter is reset.
    ///
    /// Wraps `TfLiteSignatureRunnerResizeInputTensor()` and
    /// `TfLiteSignatureRunnerAllocateTensors()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchName`], [`Error::InvalidShape`]; [`Error::Binding`] if it is one of the
    /// interpreter's inputs, and that has [buffers](Interpreter::bind_input): then
    /// [`Interpreter::resize_input`] can. [`Error::Runtime`] if the model does not
    /// allow this shape; [`Error::XnnpackShapes`] if XNNPACK must not compute it, which changes
    /// nothing: an interpreter [without XNNPACK](crate::Xnnpack::Off) can.
    pub fn resize_input(&mut self, name: &str, shape: &[usize]) -> Result<()> {
        self.resize_inputs(&[(name, shape)])
    }

    /// Gives several inputs other shapes at once, for operators that want them to fit together.
    ///
    /// # Errors
    ///
    /// As [`resize_input`](Self::resize_input).
    pub fn resize_inputs(&mut self, shapes: &[(&str, &[usize])]) -> Result<()> {
        self.state.check()?;
        let signature = Arc::clone(&self.signature);
        let mut resizes = Vec::with_capacity(shapes.len());
        for &(name, shape) in shapes {
            let place = signature.find(TensorRole::Input, name)?;
            if self.is_bound && signature.subgraph() == 0 {
                return Err(Error::Binding {
                    role: TensorRole::Input,
                    index: place.index,
                    reason: "the interpreter has buffers; let it resize its input itself",
                });
            }
            resizes.push((place, check_shape(place.index, shape)?));
        }
        let verdict = self.ask(&resizes)?;
        if let Some(agreed) = self.agreed {
            match verdict {
                Verdict::Fits(layouts) => agreed.update(layouts, |subgraph| {
                    concerns(self.model, signature.subgraph(), subgraph)
                }),
                Verdict::Refused(reason) => return Err(Error::XnnpackShapes { reason }),
            }
        }
        for (place, dims) in &resizes {
            self.call(Operation::Resize, |raw| {
                raw.resize_input(&place.c_name, dims)
            })?;
        }
        self.allocate()?;
        for (place, dims) in resizes {
            self.remember(place, dims);
        }
        Ok(())
    }

    /// Asks a probe about these shapes.
    fn ask(&self, shapes: &[(&Place, Vec<c_int>)]) -> Result<Verdict> {
        let key = self.signature.c_key();
        let before = self
            .named_resizes
            .iter()
            .filter(|(other, ..)| Some(&**other) == key)
            .map(|(_, name, dims)| (&**name, &**dims));
        let now = shapes.iter().map(|(place, dims)| (&*place.c_name, &**dims));
        let shapes: Vec<(&CStr, &[c_int])> = before.chain(now).collect();
        Probe::new(self.model, self.shared, self.resizes)?.ask_signature(&self.signature, &shapes)
    }

    /// Takes note of a new shape: for a reset if it is one of the interpreter's own inputs, else
    /// for the next trial.
    fn remember(&mut self, place: &Place, dims: Vec<c_int>) {
        // What stands in for a signature has no key, and is about the first subgraph.
        let (false, Some(key)) = (self.signature.subgraph() == 0, self.signature.c_key()) else {
            self.resizes.retain(|(other, _)| *other != place.index);
            self.resizes.push((place.index, dims));
            return;
        };
        self.named_resizes
            .retain(|(k, name, _)| **k != *key || *name != place.c_name);
        self.named_resizes
            .push((key.to_owned(), place.c_name.clone(), dims));
    }

    fn allocate(&mut self) -> Result<()> {
        self.check_memory()?;
        // SAFETY: XNNPACK may serve the model's shapes, since it was applied, and these, since a
        // probe was asked about them.
        self.call(Operation::Allocate, |raw| unsafe { raw.allocate() })?;
        // Until the inputs are zero, nothing may be seen or run.
        self.state = State::Poisoned(Operation::Allocate);
        // SAFETY: the interpreter is alive and borrowed exclusively.
        let layouts = unsafe { self.census.layouts_now() };
        if let Some(reason) = self.difference(&layouts) {
            *self.interpreter = State::Poisoned(Operation::Allocate);
            return Err(Error::XnnpackShapes { reason });
        }
        for place in self.signature.inputs() {
            if let Some(tensor) = self.raw.input(&place.c_name) {
                // SAFETY: the tensors have been allocated, and `&mut self` says that nobody looks.
                if let Err(error) = unsafe { zero_input(tensor, place.index) } {
                    *self.interpreter = State::Poisoned(Operation::Allocate);
                    return Err(error);
                }
            }
        }
        self.empty =
            layouts.division(|subgraph| concerns(self.model, self.signature.subgraph(), subgraph));
        for place in self.signature.outputs() {
            if let Some(tensor) = self.raw.output(&place.c_name)
                && layouts.are_static()
            {
                // SAFETY: the tensors have been allocated, all of them since none is dynamic, and
                // `&mut self` says that nobody looks.
                unsafe { zero_output(tensor) };
            }
        }
        self.state = State::Allocated;
        Ok(())
    }

    /// Fails if the tensors are those of operators that call the subgraph. Such memory may be gone.
    fn check_memory(&self) -> Result<()> {
        if self.signature.subgraph() == 0 {
            // Nobody calls it: see the verifier.
            return Ok(());
        }
        let inputs = self.signature.inputs().map(|place| {
            let tensor = self.raw.input(&place.c_name);
            (TensorRole::Input, place, tensor)
        });
        let outputs = self.signature.outputs().map(|place| {
            let tensor = self.raw.output(&place.c_name);
            (TensorRole::Output, place, tensor)
        });
        for (role, place, tensor) in inputs.chain(outputs) {
            // The runtime marks it so when it prepares the caller.
            if tensor.is_some_and(|tensor| tensor.allocation_type() == sys::kTfLiteCustom) {
                return Err(Error::CalledSubgraph {
                    tensor: format!("{role} {}", place.index),
                    signature: self.signature.key().to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Where XNNPACK, if it was applied, comes to other shapes than the runtime's kernels.
    fn difference(&self, layouts: &Layouts) -> Option<String> {
        layouts.difference(self.agreed.as_ref()?, |subgraph| {
            concerns(self.model, self.signature.subgraph(), subgraph)
        })
    }

    /// Calls C. After a failure, neither this runner nor the interpreter is of use.
    fn call(
        &mut self,
        operation: Operation,
        function: impl FnOnce(&mut RawSignatureRunner<'_>) -> std::result::Result<(), Status>,
    ) -> Result<()> {
        let result =
            function(&mut self.raw).map_err(|status| failure(operation, status, self.reporter));
        if result.is_err() {
            self.state = State::after(operation, &result);
            *self.interpreter = self.state;
        }
        // What was said along with a success does not belong to the next failure.
        self.reporter.take();
        result
    }
}

impl fmt::Debug for SignatureRunner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureRunner")
            .field("signature", &self.signature)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
