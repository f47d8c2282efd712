//! What the runtime's own kernels say to input shapes, and whether XNNPACK may serve them.

use std::ffi::{CStr, c_int};

use super::native::{Lent, Native, Resizes, failure, no_memory};
use crate::delegate::{Census, Layouts, When};
use crate::error::{Operation, Result, Status};
use crate::model::Model;
use crate::options::{Role, Shared};
use crate::raw::RawTensor;
use crate::signature::Signature;

/// An interpreter without XNNPACK, to ask about shapes. It is never invoked.
///
/// It has the same custom operators, whose `init` and `prepare` run for it too: they know the
/// shapes.
///
/// This is the one place that decides whether XNNPACK may serve: see
/// [`Layouts::obstacle`] for why it must not always.
pub(crate) struct Probe {
    /// Dropped before the census that is applied to it.
    native: Native,
    census: Census,
    resizes: Resizes,
}

/// Whether XNNPACK may serve the shapes that were asked about.
pub(super) enum Verdict {
    /// If it comes to these shapes itself.
    Fits(Layouts),
    /// For this reason, it may not.
    Refused(String),
}

impl Probe {
    /// To ask about these shapes of the interpreter's inputs.
    pub(super) fn new(model: &Model, shared: &Shared, resizes: &Resizes) -> Result<Self> {
        Ok(Self {
            native: Native::create(model, None, shared, Role::Asks, None)?,
            census: Census::create(When::Prepared).ok_or_else(no_memory)?,
            resizes: resizes.clone(),
        })
    }

    /// The inputs whose shapes differ from the model's where that leaves nothing open.
    pub(super) fn relaxed(&self) -> impl Iterator<Item = usize> {
        self.resizes.iter().filter_map(|(index, dims)| {
            let tensor = self.native.raw().input(*index)?;
            (!is_open(tensor, dims)).then_some(*index)
        })
    }

    /// Fails if the runtime's kernels do not accept the shapes.
    pub(super) fn ask(mut self) -> Result<Verdict> {
        let relaxed = self.relaxed().next();
        self.native.resize_inputs(&self.resizes)?;
        if let Some(index) = relaxed {
            self.native.allocate()?;
            let reason = format!("the model does not leave open the shape of input {index}");
            return Ok(Verdict::Refused(reason));
        }
        if let Some(verdict) = self.verdict() {
            return Ok(verdict);
        }
        let refused = self.refused();
        // Whatever the obstacle is, it may be none to the runtime's kernels.
        self.native.allocate()?;
        Ok(refused)
    }

    /// As [`ask`](Self::ask), for a signature with these shapes besides.
    pub(super) fn ask_signature(
        mut self,
        signature: &Signature,
        shapes: &[(&CStr, &[c_int])],
    ) -> Result<Verdict> {
        let resize = |lent: &mut Lent<'_>| {
            for (name, dims) in shapes {
                lent.runner
                    .resize_input(name, dims)
                    .map_err(|status| failure(Operation::Resize, status, lent.reporter))?;
            }
            Ok(())
        };
        self.native.resize_inputs(&self.resizes)?;
        resize(&mut self.native.signature(signature)?)?;
        if let Some(verdict) = self.verdict() {
            return Ok(verdict);
        }
        let refused = self.refused();
        let mut lent = self.native.signature(signature)?;
        // SAFETY: a probe is without XNNPACK.
        unsafe { lent.runner.allocate() }
            .map_err(|status| failure(Operation::Allocate, status, lent.reporter))?;
        Ok(refused)
    }

    /// Prepares all operators; `None` if that cannot be.
    fn verdict(&mut self) -> Option<Verdict> {
        let shown = self.native.layouts_then();
        // SAFETY: the census is a field behind the interpreter.
        let prepared: std::result::Result<(), Status> =
            unsafe { self.native.modify_graph(&self.census) };
        prepared.ok()?;
        let layouts = self.census.layouts_then();
        Some(match layouts.obstacle(&shown) {
            None => Verdict::Fits(layouts),
            Some(reason) => Verdict::Refused(reason),
        })
    }

    fn refused(&self) -> Verdict {
        let log = self.native.take_log();
        Verdict::Refused(if log.trim().is_empty() {
            "a tensor has a shape that depends on values, or holds strings".to_owned()
        } else {
            log
        })
    }
}

/// Whether the model leaves open what these dimensions change.
fn is_open(tensor: RawTensor<'_>, dims: &[c_int]) -> bool {
    // Without a signature, all dimensions are fixed: that is what upstream's strict resize says.
    let signature = tensor.dims_signature().or_else(|| {
        let dims: Vec<usize> = tensor.dims()?;
        dims.into_iter()
            .map(|dim| c_int::try_from(dim).ok())
            .collect()
    });
    signature.is_some_and(|signature| {
        signature.len() == dims.len()
            && signature
                .iter()
                .zip(dims)
                .all(|(fixed, dim)| *fixed == -1 || fixed == dim)
    })
}
