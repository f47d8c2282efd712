//! Watching an inference, and ending it early.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Timings;

/// Ends an invocation that is running, from another thread.
pub type Canceller = Box<dyn Fn() + Send + Sync>;

/// The classification of one picture, as another thread sees it. Clones are the same.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stopped: bool,
    canceller: Option<Canceller>,
    timings: Option<Timings>,
}

impl Watch {
    /// Ends the classification, if it can be ended: the runtime looks between two operators. An
    /// invocation that is about to start may be missed, so that it is best said again until the
    /// work has ended.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        if let Some(cancel) = &state.canceller {
            cancel();
        }
    }

    /// What has been done so far.
    pub fn timings(&self) -> Option<Timings> {
        self.lock().timings
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Says how to end what comes next.
    pub(super) fn begin(&self, canceller: Option<Canceller>) {
        self.lock().canceller = canceller;
    }

    pub(super) fn done(&self, timings: Timings) {
        self.lock().timings = Some(timings);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        formatter
            .debug_struct("Watch")
            .field("stopped", &state.stopped)
            .field("timings", &state.timings)
            .finish_non_exhaustive()
    }
}
