//! The interpreters of a model, lent to one picture each.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{Model, Network, NetworkError};

/// As many interpreters as pictures may be classified at the same time.
///
/// One that failed or panicked is in an unknown state: it does not come back, and a new one is
/// made in its place when it is needed.
pub(super) struct Pool {
    model: Box<dyn Model>,
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    idle: Vec<Box<dyn Network>>,
    lent: usize,
}

impl Pool {
    /// A pool with its first interpreter.
    pub(super) fn new(model: Box<dyn Model>, first: Box<dyn Network>) -> Self {
        Self {
            model,
            size: 1,
            state: Mutex::new(State {
                idle: vec![first],
                lent: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds an interpreter.
    pub(super) fn add(&mut self, network: Box<dyn Network>) {
        self.size += 1;
        self.lock().idle.push(network);
    }

    pub(super) fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Waits for an interpreter until the deadline, after which there is `None`.
    pub(super) fn lend(&self, deadline: Option<Instant>) -> Result<Option<Lent<'_>>, NetworkError> {
        let mut state = self.lock();
        loop {
            if let Some(network) = state.idle.pop() {
                state.lent += 1;
                return Ok(Some(Lent {
                    pool: self,
                    network: Some(network),
                }));
            }
            if state.lent < self.size {
                // The place is taken before the lock is left: making one takes a while.
                state.lent += 1;
                drop(state);
                let mut lent = Lent {
                    pool: self,
                    network: None,
                };
                lent.network = Some(self.model.network()?);
                return Ok(Some(lent));
            }
            state = match deadline {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(None);
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Nothing panics while it is locked.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An interpreter on loan. Its place is free when this is dropped; it comes back only by
/// [`Lent::give_back`].
pub(super) struct Lent<'a> {
    pool: &'a Pool,
    network: Option<Box<dyn Network>>,
}

impl Lent<'_> {
    /// The interpreter, which is there until it is given back.
    pub(super) fn network(&mut self) -> Option<&mut (dyn Network + 'static)> {
        self.network.as_deref_mut()
    }

    /// The interpreter is in order, and goes to whoever comes next.
    pub(super) fn give_back(mut self) {
        if let Some(network) = self.network.take() {
            self.pool.lock().idle.push(network);
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // Outside of the lock: it takes a while.
        drop(self.network.take());
        self.pool.lock().lent -= 1;
        self.pool.changed.notify_one();
    }
}
