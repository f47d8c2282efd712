//! What options make known to interpreters.

use crate::delegate::ExternalDelegate;
use crate::error::Status;
use crate::operator::Operator;
use crate::profile::Profiler;
use crate::raw::RawOptions;
use crate::report::Listener;

/// What options make known to every interpreter that is made with them, and to those that stand in
/// for one when shapes are asked about: all that C keeps pointers to.
///
/// Options are cloned, and kept for a reset, so each field is behind an `Arc` or as good as that. A
/// native interpreter keeps a clone of this, which is dropped after the C interpreter. What each
/// native interpreter needs one of its own of, such as a delegate, is no field here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    /// Each native interpreter has its own recorder for it.
    pub(crate) profiler: Option<Profiler>,
    pub(crate) listener: Option<Listener>,
    /// Each native interpreter has its own delegate of each.
    pub(crate) externals: Vec<ExternalDelegate>,
    pub(crate) operators: Vec<Operator>,
}

/// What an interpreter is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It computes.
    Serves,
    /// It only says whether the runtime's kernels accept some shapes. It needs all operators, but
    /// nobody is interested in what it does.
    Asks,
}

impl Shared {
    /// Makes everything known to C.
    ///
    /// # Safety
    ///
    /// This, or a clone of it, must outlive every interpreter that is created with `options`.
    pub(crate) unsafe fn install(
        &self,
        options: &mut RawOptions,
        _role: Role,
    ) -> Result<(), Status> {
        for operator in &self.operators {
            // SAFETY: the operator lives as long as this or a clone of it, says the caller.
            unsafe { operator.install(options) };
        }
        Ok(())
    }
}
