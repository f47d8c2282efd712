//! Interpreters.

mod bind;
mod call;
mod graph;
mod native;
mod probe;
mod resize;
mod runner;
mod state;
mod tensors;

use std::fmt;

pub use self::runner::SignatureRunner;

use self::bind::Bound;
use self::native::{Native, Resizes};
use self::runner::NamedResizes;
use self::state::State;
use crate::buffer::AlignedBuffer;
use crate::cancel::{Cancellation, CancellationToken};
use crate::delegate::{DelegateReport, XnnpackStatus};
use crate::error::{Operation, Result};
use crate::model::Model;
use crate::options::InterpreterOptions;

/// Runs a model.
///
/// It owns everything that it needs: it can be stored in a struct, sent to another thread, and
/// live longer than the [`Model`] that it was made from. It cannot be used by two threads at once;
/// make one interpreter for each, or an [`InterpreterPool`](crate::InterpreterPool).
///
/// ```compile_fail,E0277
/// fn share<T: Sync>() {}
/// share::<tflite::Interpreter>();
/// ```
///
/// # Why does [`invoke`](Self::invoke) take `&mut self`?
///
/// It overwrites the outputs, and may move them. Borrowed data must not change meanwhile, so a
/// slice of an output cannot be kept:
///
/// ```compile_fail,E0502
/// # fn f(mut interpreter: tflite::Interpreter) -> tflite::Result<()> {
/// let before: &[f32] = interpreter.output(0)?.data()?;
/// interpreter.invoke()?;
/// println!("{before:?}");
/// # Ok(()) }
/// ```
///
/// Resizing frees old memory, so the same holds there:
///
/// ```compile_fail,E0502
/// # fn f(mut interpreter: tflite::Interpreter) -> tflite::Result<()> {
/// let before: &[f32] = interpreter.input(0)?.data()?;
/// interpreter.resize_input(0, &[1])?;
/// println!("{before:?}");
/// # Ok(()) }
/// ```
///
/// Inputs are written one at a time: a model may name one tensor as two of its inputs.
///
/// ```compile_fail,E0499
/// # fn f(mut interpreter: tflite::Interpreter) -> tflite::Result<()> {
/// let mut first = interpreter.input_mut(0)?;
/// let mut second = interpreter.input_mut(1)?;
/// first.copy_from_slice(&[1.0_f32])?;
/// second.copy_from_slice(&[2.0_f32])?;
/// # Ok(()) }
/// ```
///
/// # After a failure
///
/// When [`invoke`](Self::invoke) fails, tensors may be in any condition. All access is an
/// [`Error::Poisoned`](crate::Error::Poisoned) until [`reset`](Self::reset) or a resize succeeds.
/// A resize that fails changes nothing, except when memory runs out in the middle of it: then the
/// interpreter is poisoned, too.
pub struct Interpreter {
    /// Dropped before what it may reach into from other threads.
    cancellation: Cancellation,
    native: Native,
    /// Dropped behind the native interpreter, which works on them.
    bound: Bound,
    options: InterpreterOptions,
    xnnpack: XnnpackStatus,
    /// What must be done again if the native interpreter is made anew.
    resizes: Resizes,
    /// What signatures' inputs were resized to, in subgraphs that are not the interpreter's own.
    named_resizes: NamedResizes,
    state: State,
}

impl Interpreter {
    /// Prepares a model to be run, with all tensors allocated. Inputs are zero.
    ///
    /// Wraps `TfLiteInterpreterCreate()` and `TfLiteInterpreterAllocateTensors()`.
    ///
    /// # Errors
    ///
    /// [`Error::ThreadCount`](crate::Error::ThreadCount);
    /// [`Error::CreateInterpreter`](crate::Error::CreateInterpreter) if the model makes no sense
    /// to the runtime; [`Error::Runtime`](crate::Error::Runtime) if the tensors cannot be
    /// allocated, or with [`Status::UnresolvedOps`](crate::Status::UnresolvedOps) if the runtime
    /// lacks an operator of the model, or [`Error::OperatorNotSelected`](crate::Error::OperatorNotSelected)
    /// if it was built without it; [`Error::OpaqueType`](crate::Error::OpaqueType) if an input
    /// is a resource or a variant, which nobody could write.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// use tflite::{Interpreter, InterpreterOptions, Model};
    ///
    /// let interpreter = {
    ///     let model = Model::from_file(path)?;
    ///     Interpreter::new(&model, InterpreterOptions::new().threads(2))?
    ///     // `model` is dropped here. The interpreter keeps the bytes.
    /// };
    /// assert_eq!(interpreter.input_count(), 1);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn new(model: &Model, options: InterpreterOptions) -> Result<Self> {
        let resizes = Resizes::new();
        let (native, xnnpack) = Native::build(model, &options, &resizes)?;
        // SAFETY: this becomes a field before the interpreter; where that is replaced, in `reset`,
        // it is detached before.
        let cancellation = unsafe { Cancellation::new(native.raw()) };
        Ok(Self {
            cancellation,
            native,
            bound: Bound::new(),
            options,
            xnnpack,
            resizes,
            named_resizes: NamedResizes::new(),
            state: State::Allocated,
        })
    }

    /// Computes the outputs from the inputs.
    ///
    /// Inputs keep their values. Wraps `TfLiteInterpreterInvoke()`.
    ///
    /// # Errors
    ///
    /// [`Error::Runtime`](crate::Error::Runtime) with the runtime's words if an operator fails,
    /// for example because an index in an input is out of range. The interpreter is poisoned then.
    /// [`Error::EmptyTensor`](crate::Error::EmptyTensor) before anything is computed, if an input's
    /// shape leaves no elements for an operator that needs some.
    /// [`Error::Cancelled`](crate::Error::Cancelled) after a
    /// [cancellation](Self::cancellation_token); the interpreter stays usable.
    pub fn invoke(&mut self) -> Result<()> {
        self.state.check()?;
        self.native.check_lengths()?;
        self.state = State::Poisoned(Operation::Invoke);
        let result = self.native.invoke();
        self.state = State::after(Operation::Invoke, &result);
        result
    }

    /// Starts afresh after a failure: makes the native interpreter anew, with the input shapes
    /// of the last success. Inputs are zero then, also in [buffers](Self::bind_input), and shapes and inputs of signatures that have
    /// their own subgraph are those of the model.
    ///
    /// It takes as long as [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new). The interpreter stays as it was.
    pub fn reset(&mut self) -> Result<()> {
        let model = self.native.model().clone();
        let (native, xnnpack) = Native::build(&model, &self.options, &self.resizes)?;
        self.replace(native, xnnpack)
    }

    fn replace(&mut self, native: Native, xnnpack: XnnpackStatus) -> Result<()> {
        // The old native interpreter keeps its buffers until it is gone.
        let mut bound: Bound = Vec::with_capacity(self.bound.len());
        for (tensor, _) in &self.bound {
            bound.push((*tensor, AlignedBuffer::zeroed(0)?));
        }
        // From here on it is dropped before the buffers if something fails.
        let mut native = native;
        if !bound.is_empty() {
            // SAFETY: they become a field behind the interpreter, which is replaced first.
            unsafe { native.bind_zeroed(&mut bound) }?;
            native.allocate_again()?;
        }
        self.cancellation.detach();
        self.native = native;
        self.bound = bound;
        // SAFETY: as in `new`.
        unsafe { self.cancellation.attach(self.native.raw()) };
        self.xnnpack = xnnpack;
        self.named_resizes.clear();
        self.state = State::Allocated;
        Ok(())
    }

    /// What cancels invocations from other threads.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.cancellation.token()
    }

    /// Whether a failure has left the interpreter unusable, until a [reset](Self::reset).
    pub fn is_poisoned(&self) -> bool {
        self.state.check().is_err()
    }

    /// Tokens that were handed out have no effect any more.
    pub(crate) fn forget_tokens(&mut self) {
        if self.cancellation.has_tokens() {
            self.cancellation.detach();
            // SAFETY: as in `new`.
            self.cancellation = unsafe { Cancellation::new(self.native.raw()) };
        }
    }

    /// The model that this interpreter runs.
    pub fn model(&self) -> &Model {
        self.native.model()
    }

    /// Who computes the operators: XNNPACK, as far as it can, or the runtime's own kernels.
    pub fn delegate_report(&self) -> DelegateReport {
        self.native.delegate_report(self.xnnpack.clone())
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter")
            .field("model", self.model())
            .field("options", &self.options)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn check<T: Send + 'static>() {}
    check::<Interpreter>();
};
