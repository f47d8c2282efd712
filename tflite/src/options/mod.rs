//! How an interpreter shall run.

mod shared;
mod xnnpack;

use crate::delegate::ExternalDelegate;
use crate::error::Result;
use crate::operator::Operator;
use crate::profile::Profiler;
use crate::report::Listener;
use crate::weight_cache::{SharedWeightCache, WeightCache};

pub(crate) use self::shared::{Role, Shared};
pub use self::xnnpack::{Xnnpack, XnnpackFlags, XnnpackOptions, XnnpackRuntimeFlags};

/// The most threads an interpreter can be given.
pub const MAX_THREADS: usize = 512;

/// How an [`Interpreter`](crate::Interpreter) shall run.
///
/// ```
/// use tflite::{InterpreterOptions, Xnnpack};
///
/// let options = InterpreterOptions::new().threads(2).xnnpack(Xnnpack::Off);
/// # let model = tflite::Model::from_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite"))?;
/// let interpreter = tflite::Interpreter::new(&model, options)?;
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct InterpreterOptions {
    threads: Option<usize>,
    xnnpack: Xnnpack,
    shared: Shared,
}

impl InterpreterOptions {
    /// One thread, and XNNPACK where it works.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many threads compute, 1 to [`MAX_THREADS`]. Other numbers are refused when the
    /// interpreter is created.
    ///
    /// Wraps `TfLiteInterpreterOptionsSetNumThreads()`, and sets XNNPACK's number too.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Whether XNNPACK's kernels compute what they can, and how.
    pub fn xnnpack(mut self, xnnpack: impl Into<Xnnpack>) -> Self {
        self.xnnpack = xnnpack.into();
        self
    }

    /// Measures how long each operator takes. The profiler is a handle: keep a clone to read it.
    ///
    /// Wraps `TfLiteInterpreterOptionsSetTelemetryProfiler()`.
    pub fn profiler(mut self, profiler: Profiler) -> Self {
        self.shared.profiler = Some(profiler);
        self
    }

    /// Has a delegate in a shared library compute what it can, before XNNPACK. Can be called several
    /// times.
    ///
    /// If it fails, so does the interpreter: only XNNPACK is done without.
    pub fn external_delegate(mut self, delegate: ExternalDelegate) -> Self {
        self.shared.externals.push(delegate);
        self
    }

    /// Passes on what the runtime reports, one message at a time, while the interpreter is made and
    /// used. Errors have the messages that belong to them inside, with or without this.
    ///
    /// The callback is called in the thread that calls the interpreter, in the middle of that call:
    /// it must not wait for whoever uses the interpreter. If it panics, the message is lost to it.
    ///
    /// What the runtime says about shapes before they are used, in an interpreter that is never
    /// invoked, is only in the errors. Wraps `TfLiteInterpreterOptionsSetErrorReporter()`.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/gather.tflite");
    /// use std::sync::mpsc;
    /// use tflite::{Interpreter, InterpreterOptions, Model};
    ///
    /// let (sender, messages) = mpsc::channel();
    /// let options = InterpreterOptions::new().error_reporter(move |message| {
    ///     let _ = sender.send(message.to_owned());
    /// });
    /// let mut interpreter = Interpreter::new(&Model::from_file(path)?, options)?;
    /// // The index is out of range.
    /// interpreter.input_mut(0)?.copy_from_slice(&[1000_i32; 3])?;
    /// assert!(interpreter.invoke().is_err());
    /// assert!(messages.try_iter().any(|message| message.contains("GATHER")));
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn error_reporter(mut self, callback: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.shared.listener = Some(Listener::new(callback));
        self
    }

    /// Adds a custom operator. The last one of a name and version counts, also where the runtime has
    /// one of that name itself.
    ///
    /// Wraps `TfLiteInterpreterOptionsAddOperator()`.
    pub fn operator(mut self, operator: Operator) -> Self {
        self.shared.operators.push(operator);
        self
    }

    /// The number of threads; `None` leaves it to the runtime.
    pub(crate) fn checked_threads(&self) -> Result<Option<i32>> {
        self.threads.map(xnnpack::check_threads).transpose()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Has interpreters share packed weights, if nothing else was said about them.
    pub(crate) fn sharing_weights(mut self) -> Self {
        let Some(xnnpack) = self.xnnpack_options() else {
            return self;
        };
        // An external delegate may leave another graph to XNNPACK each time.
        if *xnnpack.cache() == WeightCache::None && self.shared.externals.is_empty() {
            let cache = WeightCache::Shared(SharedWeightCache::new());
            self.xnnpack = Xnnpack::With(xnnpack.weight_cache(cache));
        }
        self
    }

    /// XNNPACK's options; `None` if it shall not be used.
    pub(crate) fn xnnpack_options(&self) -> Option<XnnpackOptions> {
        match &self.xnnpack {
            Xnnpack::Auto => Some(XnnpackOptions::new()),
            Xnnpack::With(options) => Some(options.clone()),
            Xnnpack::Off => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn thread_counts_have_limits() {
        let check = |threads| InterpreterOptions::new().threads(threads).checked_threads();
        assert_eq!(check(1).expect("valid"), Some(1));
        assert_eq!(check(MAX_THREADS).expect("valid"), Some(512));
        for threads in [0, MAX_THREADS + 1, usize::MAX] {
            let error = check(threads).expect_err("invalid");
            assert!(matches!(error, Error::ThreadCount { threads: t, .. } if t == threads));
        }
        assert_eq!(
            InterpreterOptions::new().checked_threads().expect("valid"),
            None
        );
    }
}
