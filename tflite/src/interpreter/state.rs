//! What may be done with an interpreter now.

use crate::error::{Error, Operation, Result};

/// What may be done with an interpreter now. There is no unallocated state: an interpreter
/// allocates when it is made and when it is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Inputs can be used, outputs have no values yet.
    Allocated,
    /// Inputs and outputs can be used.
    Invoked,
    /// A call failed half way. Nothing can be used.
    Poisoned(Operation),
}

impl State {
    /// After a call into the runtime that had this result.
    pub(super) fn after(operation: Operation, result: &Result<()>) -> Self {
        match result {
            Ok(()) => Self::Invoked,
            // Between two operators everything is in order.
            Err(Error::Cancelled) => Self::Allocated,
            Err(_) => Self::Poisoned(operation),
        }
    }

    /// Whether tensors can be used at all.
    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Allocated | Self::Invoked => Ok(()),
            Self::Poisoned(operation) => Err(Error::Poisoned { operation }),
        }
    }
}
