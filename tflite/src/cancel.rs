//! Cancelling an invocation from another thread.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::raw::{RawCanceller, RawInterpreter};

/// Cancels invocations of one interpreter, from any thread.
///
/// It may outlive the interpreter; then it does nothing.
///
/// An invocation is cancelled between two operators. What XNNPACK computes is one operator for
/// each [partition](crate::DelegateReport::partitions), however large.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/count.tflite");
/// use std::thread;
/// use std::time::Duration;
///
/// // This model counts to its input, one by one.
/// let model = tflite::Model::from_file(path)?;
/// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
/// interpreter.input_mut(0)?.copy_from_slice(&[i32::MAX])?;
///
/// let token = interpreter.cancellation_token();
/// thread::spawn(move || {
///     thread::sleep(Duration::from_millis(50));
///     token.cancel();
/// });
/// assert!(matches!(interpreter.invoke(), Err(tflite::Error::Cancelled)));
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone)]
pub struct CancellationToken(Arc<Shared>);

type Shared = Mutex<Option<RawCanceller>>;

impl CancellationToken {
    /// Cancels the invocation that is running, of the interpreter or of one of its signature
    /// runners. It returns [`Error::Cancelled`](crate::Error::Cancelled) soon. Invocations that
    /// start later are not affected.
    ///
    /// Wraps `TfLiteInterpreterCancel()`, which sets the flag that all subgraphs look at:
    /// `TfLiteSignatureRunnerCancel()` does the same.
    pub fn cancel(&self) {
        if let Some(canceller) = &*lock(&self.0) {
            // SAFETY: the interpreter is alive: it takes this lock and the canceller away before
            // it goes.
            unsafe { canceller.cancel() };
        }
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").finish_non_exhaustive()
    }
}

/// An interpreter's end of its tokens. It must be dropped before the interpreter.
pub(crate) struct Cancellation(CancellationToken);

impl Cancellation {
    /// # Safety
    ///
    /// The interpreter must outlive the result, or be replaced by [`detach`](Self::detach) and
    /// [`attach`](Self::attach).
    pub(crate) unsafe fn new(interpreter: &RawInterpreter) -> Self {
        let cancellation = Self(CancellationToken(Arc::new(Mutex::new(None))));
        // SAFETY: the caller's promise is the same.
        unsafe { cancellation.attach(interpreter) };
        cancellation
    }

    pub(crate) fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// Whether somebody else has one.
    pub(crate) fn has_tokens(&self) -> bool {
        Arc::strong_count(&self.0.0) > 1
    }

    /// # Safety
    ///
    /// As for [`new`](Self::new).
    pub(crate) unsafe fn attach(&self, interpreter: &RawInterpreter) {
        *lock(&self.0.0) = Some(interpreter.canceller());
    }

    /// From here on, the tokens do nothing.
    pub(crate) fn detach(&self) {
        *lock(&self.0.0) = None;
    }
}

impl Drop for Cancellation {
    fn drop(&mut self) {
        self.detach();
    }
}

/// Nothing under the lock panics, so that poison means nothing.
fn lock(shared: &Shared) -> MutexGuard<'_, Option<RawCanceller>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

const _: () = {
    const fn check<T: Send + Sync + Clone + 'static>() {}
    check::<CancellationToken>();
};
