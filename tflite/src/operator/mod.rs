//! Custom operators in safe Rust.

mod builder;
mod callbacks;
mod context;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

pub use self::builder::{OperatorBuilder, StatefulOperatorBuilder};
pub use self::context::{InvokeContext, PrepareContext};

use crate::raw::{RawOperator, RawOptions};

/// Why an operator failed. A [`tflite::Error`](crate::Error) and any text can be one: `?` and
/// `.into()` convert them.
pub type OperatorError = Box<dyn std::error::Error + Send + Sync>;

/// What an operator's closures return. An error's text gets into the
/// [log](crate::Error::Runtime) of the interpreter's error.
pub type OperatorResult<T = ()> = std::result::Result<T, OperatorError>;

/// A custom operator: what computes the nodes of a model that have its name.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/custom/scale.tflite");
/// use tflite::{Interpreter, InterpreterOptions, Model, Operator};
///
/// // Each node of the model has a factor in its options, four bytes.
/// let scale = Operator::builder("Scale")
///     .init(|options| {
///         let bytes = options.first_chunk().copied().unwrap_or_default();
///         f32::from_le_bytes(bytes)
///     })
///     .prepare(|_factor, ctx| {
///         let shape = ctx.input(0)?.shape();
///         Ok(ctx.resize_output(0, &shape)?)
///     })
///     .invoke(|factor, ctx| {
///         let input = ctx.input(0)?.data::<f32>()?;
///         let mut output = ctx.output_mut(0)?;
///         for (y, x) in output.data_mut::<f32>()?.iter_mut().zip(input) {
///             *y = *factor * x;
///         }
///         Ok(())
///     })
///     .build()?;
///
/// let options = InterpreterOptions::new().operator(scale);
/// let mut interpreter = Interpreter::new(&Model::from_file(path)?, options)?;
/// interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32, 2.0, 3.0])?;
/// interpreter.invoke()?;
/// assert_eq!(interpreter.output(0)?.data::<f32>()?, [2.5, 5.0, 7.5]);
/// # Ok::<(), tflite::Error>(())
/// ```
///
/// # What runs when
///
/// - `init` makes the state of one node when an interpreter is made. It gets the node's custom
///   options, which are any bytes.
/// - `prepare` sets the shapes of the outputs, whenever those of the inputs may have changed, and
///   maybe more often. Only constant inputs have values then. Without it, outputs keep the shapes
///   that the file says.
/// - `invoke` computes the outputs. They are zero, or empty strings, when it begins.
/// - The state is dropped with the interpreter, or when that is [reset](crate::Interpreter::reset).
///
/// With XNNPACK on, a second interpreter is made for a moment, to ask which shapes the operators come
/// to without it: `init` and `prepare` run there too, with another state. So neither should have
/// effects that matter outside. `prepare` must come to the same shapes if the inputs' shapes are the
/// same; it is an error if it does not.
///
/// The state may hold buffers for intermediate results: it is the node's alone, and `invoke` may
/// change it.
///
/// # Failures
///
/// An error that a closure returns fails what is being done with the interpreter, with the error's text
/// in the [log](crate::Error::Runtime). A panic does too: it is caught and does not reach C. After
/// that, the state cannot be used again. Panics while a state is dropped are caught and lost.
///
/// # Sharing
///
/// It is a handle: clones share the closures, and can be used by interpreters in many threads at
/// once. Each interpreter has states of its own, which move with it between threads.
///
/// ```compile_fail,E0277
/// // An interpreter can be sent away, and this cannot.
/// let operator = tflite::Operator::builder("Mine")
///     .init(|_| std::rc::Rc::new(1))
///     .invoke(|_, _| Ok(()))
///     .build();
/// ```
///
/// What is shown to a closure cannot be kept:
///
/// ```compile_fail,E0521
/// let kept = std::sync::Mutex::new(Vec::<&[f32]>::new());
/// let operator = tflite::Operator::builder("Mine")
///     .invoke(move |ctx| {
///         kept.lock().unwrap().push(ctx.input(0)?.data::<f32>()?);
///         Ok(())
///     })
///     .build();
/// ```
///
/// # What it cannot do
///
/// - Compute an operator that is built in: the C API takes custom ones only. One that the runtime has
///   under a custom name, such as `TFLite_Detection_PostProcess`, can be replaced.
/// - Be computed by a delegate. XNNPACK has `Convolution2DTransposeBias`, `MaxPoolingWithArgmax2D`
///   and `MaxUnpooling2D` of its own, whoever provides those names: turn it
///   [off](crate::Xnnpack::Off) for yours.
/// - Hand on an input by naming it as an output too, or write resources and variants.
#[derive(Clone)]
pub struct Operator(Arc<Inner>);

struct Inner {
    /// Dropped before the definition that it points to.
    native: RawOperator,
    name: String,
    version: i32,
    /// Keeps the definition alive; of which type it is, only its callbacks know.
    _definition: Arc<dyn Any + Send + Sync>,
}

impl Operator {
    /// An operator of this name, for example `MyOperator`.
    pub fn builder(name: impl Into<String>) -> OperatorBuilder {
        OperatorBuilder::new(name.into())
    }

    /// The name of the nodes that it computes.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The version of the nodes that it computes.
    pub fn version(&self) -> i32 {
        self.0.version
    }

    /// # Safety
    ///
    /// This, or a clone of it, must outlive every interpreter created with these options.
    pub(crate) unsafe fn install(&self, options: &mut RawOptions) {
        // SAFETY: the operator lives as long as any clone, and the rest is the caller's promise.
        unsafe { options.add_operator(&self.0.native) };
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator")
            .field("name", &self.name())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Operator>();
};
