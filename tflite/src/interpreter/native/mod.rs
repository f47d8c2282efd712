//! The C interpreter together with all that must outlive it.

mod build;
mod run;
mod zero;

#[cfg(test)]
mod tests;

use std::ffi::{CStr, CString, c_int};

use super::probe::{Probe, Verdict};
use crate::delegate::{
    Census, Count, DelegateReport, ExternalInstance, Layouts, XnnpackDelegate, XnnpackStatus,
};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::options::Shared;
use crate::profile::Recorder;
use crate::raw::{RawInterpreter, RawSignatureHandle, RawSignatureRunner};
use crate::report::Reporter;
use crate::signature::Signature;

pub(super) use self::run::failure;
pub(super) use self::zero::{zero_input, zero_output};

/// Inputs whose shape is not that of the model: index and dimensions.
pub(super) type Resizes = Vec<(usize, Vec<c_int>)>;

/// The C interpreter together with all that must outlive it.
///
/// Fields are dropped in this order. c_api.h and xnnpack_delegate.h demand that the interpreter
/// goes before the delegates that were added to it, the reporter that it calls, and the bytes of
/// its model, and signature runners before the interpreter. What is made for one native interpreter
/// alone has a field of its own; what several may use is in `shared`.
pub(super) struct Native {
    /// Made when they are asked for first, by their signature's key.
    signatures: Vec<(Option<CString>, RawSignatureHandle)>,
    raw: RawInterpreter,
    census: Census,
    xnnpack: Option<XnnpackDelegate>,
    _externals: Vec<ExternalInstance>,
    /// The shapes that XNNPACK must come to, if it was applied.
    agreed: Option<Layouts>,
    /// A tensor without elements, where there must be some.
    empty: Option<String>,
    /// Whether all shapes are known before an invocation.
    is_static: bool,
    /// Where a profiler gets its events from.
    _recorder: Option<Recorder>,
    reporter: Reporter,
    /// What the options have made known to the interpreter.
    _shared: Shared,
    model: Model,
}

impl Native {
    /// The runner of a signature, with what else it needs.
    pub(super) fn signature<'a>(&'a mut self, signature: &Signature) -> Result<Lent<'a>> {
        let missing = || Error::NoSuchSignature {
            key: signature.key().to_owned(),
            known: Vec::new(),
        };
        let key = signature.c_key();
        let position = match self
            .signatures
            .iter()
            .position(|(known, _)| known.as_deref() == key)
        {
            Some(position) => position,
            None => {
                // SAFETY: `Model::signatures` leaves out signatures without a subgraph, and those
                // whose key is not unique, so that C finds this very one. `Model::placeholder` has
                // no key, if there is no signature and nothing is left out. The handle becomes
                // part of a field before the interpreter.
                let handle = unsafe { RawSignatureHandle::create(&mut self.raw, key) };
                let handle = handle.ok_or_else(missing)?;
                self.signatures.push((key.map(CStr::to_owned), handle));
                self.signatures.len() - 1
            }
        };
        let (_, handle) = self.signatures.get(position).ok_or_else(missing)?;
        // SAFETY: all handles in this list are of this interpreter.
        let runner = unsafe { handle.runner(&mut self.raw) };
        Ok(Lent {
            runner,
            reporter: &self.reporter,
            model: &self.model,
            census: &self.census,
            agreed: &mut self.agreed,
        })
    }

    pub(super) fn raw(&self) -> &RawInterpreter {
        &self.raw
    }

    /// Whether allocation gave all tensors their memory.
    pub(super) fn is_static(&self) -> bool {
        self.is_static
    }

    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    pub(super) fn delegate_report(&self, xnnpack: XnnpackStatus) -> DelegateReport {
        debug_assert_eq!(self.xnnpack.is_some(), xnnpack == XnnpackStatus::Applied);
        let Count {
            operators,
            delegated,
            partitions,
        } = self.census.total();
        let cache = self.xnnpack.as_ref().map(XnnpackDelegate::cache_status);
        DelegateReport {
            xnnpack,
            weight_cache: cache.cloned().unwrap_or_default(),
            operators,
            delegated,
            partitions,
            delegated_operators: self.census.delegated(),
        }
    }
}

/// A signature's runner, with what else of the interpreter it needs.
pub(super) struct Lent<'a> {
    pub(super) runner: RawSignatureRunner<'a>,
    pub(super) reporter: &'a Reporter,
    pub(super) model: &'a Model,
    pub(super) census: &'a Census,
    pub(super) agreed: &'a mut Option<Layouts>,
}

pub(super) fn no_memory() -> Error {
    Error::CreateInterpreter {
        log: "no memory".to_owned(),
    }
}

/// Whether the subgraph's shapes follow from the inputs of the one that `runs`: it is the same, or
/// called by operators. Those that other signatures run have inputs of their own.
pub(super) fn concerns(model: &Model, runs: usize, subgraph: usize) -> bool {
    let mut signatures = model.signatures().iter();
    subgraph == runs || !signatures.any(|signature| signature.subgraph() == subgraph)
}
