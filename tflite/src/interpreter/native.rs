//! The C interpreter together with all that must outlive it.

use std::ffi::{CString, c_int};

use tflite_sys as sys;

use crate::delegate::{Census, Count, DelegateReport, XnnpackDelegate, XnnpackStatus};
use crate::error::{Error, Operation, Result, Status, TensorRole};
use crate::model::Model;
use crate::options::{InterpreterOptions, Xnnpack};
use crate::raw::{RawInterpreter, RawOptions, RawSignatureHandle, RawSignatureRunner, RawTensor};
use crate::report::Reporter;
use crate::signature::Signature;
use crate::tensor::{TensorType, strings};

/// Inputs whose shape is not that of the model: index and dimensions.
pub(super) type Resizes = Vec<(usize, Vec<c_int>)>;

/// The C interpreter together with all that must outlive it.
///
/// Fields are dropped in this order. c_api.h and xnnpack_delegate.h demand that the interpreter
/// goes before the delegates that were added to it, the reporter that it calls, and the bytes of
/// its model, and signature runners before the interpreter.
pub(super) struct Native {
    /// Made when they are asked for first, by their signature's key.
    signatures: Vec<(CString, RawSignatureHandle)>,
    raw: RawInterpreter,
    census: Option<Census>,
    xnnpack: Option<XnnpackDelegate>,
    reporter: Reporter,
    model: Model,
}

impl Native {
    /// An interpreter with allocated tensors, and with XNNPACK where possible.
    pub(super) fn build(
        model: &Model,
        options: &InterpreterOptions,
        resizes: &Resizes,
    ) -> Result<(Self, XnnpackStatus)> {
        Self::build_with(model, options, resizes, XnnpackDelegate::create)
    }

    /// `delegate` makes an XNNPACK delegate for this number of threads.
    fn build_with(
        model: &Model,
        options: &InterpreterOptions,
        resizes: &Resizes,
        delegate: impl FnOnce(i32) -> Option<XnnpackDelegate>,
    ) -> Result<(Self, XnnpackStatus)> {
        let threads = options.checked_threads()?;
        let status = match options.xnnpack_mode() {
            Xnnpack::Off => XnnpackStatus::Off,
            // The runtime's default is one thread too.
            Xnnpack::Auto => match delegate(threads.unwrap_or(1)) {
                None => XnnpackStatus::Unavailable,
                Some(delegate) => match Self::create(model, threads, Some(delegate), resizes) {
                    Ok(mut native) => {
                        native.zero_new()?;
                        return Ok((native, XnnpackStatus::Applied));
                    }
                    // If it is not XNNPACK's fault, the same error comes again.
                    Err(error) => XnnpackStatus::Refused {
                        reason: error.to_string(),
                    },
                },
            },
        };
        let mut native = Self::create(model, threads, None, resizes)?;
        native.zero_new()?;
        Ok((native, status))
    }

    fn create(
        model: &Model,
        threads: Option<i32>,
        xnnpack: Option<XnnpackDelegate>,
        resizes: &Resizes,
    ) -> Result<Self> {
        let model = model.clone();
        let reporter = Reporter::new();
        // Applied behind XNNPACK, it sees what that took.
        let census = xnnpack.as_ref().and_then(|_| Census::create());
        let no_memory = || Error::CreateInterpreter {
            log: "no memory".to_owned(),
        };
        let mut options = RawOptions::create().ok_or_else(no_memory)?;
        if let Some(threads) = threads {
            options.set_threads(threads);
        }
        // It costs a flag that is looked at between two operators.
        options.enable_cancellation().map_err(|_| no_memory())?;
        // SAFETY: the reporter becomes a field behind the interpreter, and moving it does not
        // move what C points to. On the way out of this function it is dropped later than the
        // interpreter, which is declared below.
        unsafe { options.set_reporter(&reporter) };
        if let Some(xnnpack) = &xnnpack {
            // SAFETY: as for the reporter: a field behind the interpreter.
            unsafe { options.add_delegate(xnnpack.as_ptr()) };
        }
        if let Some(census) = &census {
            // SAFETY: as for the reporter: a field behind the interpreter.
            unsafe { options.add_delegate(census.as_ptr()) };
        }
        // SAFETY: model, reporter and delegates become fields behind the interpreter.
        let raw = unsafe { RawInterpreter::create(model.native(), &options) };
        let raw = raw.ok_or_else(|| Error::CreateInterpreter {
            log: reporter.take(),
        })?;
        let mut native = Self {
            signatures: Vec::new(),
            raw,
            census,
            xnnpack,
            reporter,
            model,
        };
        for (index, dims) in resizes {
            native.resize_input(*index, dims)?;
        }
        native.allocate()?;
        Ok(native)
    }

    /// An interpreter without delegates, to see whether the runtime's own kernels accept these
    /// input shapes. It is not for use: its inputs are not initialised.
    ///
    /// XNNPACK passes new shapes on from operator to operator without asking whether they fit
    /// together: with inputs of 4 and of 1 row, its concatenation reads 4 rows of both. The
    /// runtime's kernels check everything, so they are asked first.
    pub(super) fn trial(model: &Model, resizes: &Resizes) -> Result<Self> {
        Self::create(model, None, None, resizes)
    }

    /// The runner of a signature, with what else it needs.
    pub(super) fn signature<'a>(
        &'a mut self,
        signature: &Signature,
    ) -> Option<(RawSignatureRunner<'a>, &'a Reporter, &'a Model)> {
        let key = signature.c_key();
        let position = match self
            .signatures
            .iter()
            .position(|(known, _)| **known == *key)
        {
            Some(position) => position,
            None => {
                // SAFETY: `Model::signatures` leaves out signatures without a subgraph, and those
                // whose key is not unique, so that C finds this very one. The handle becomes part
                // of a field before the interpreter.
                let handle = unsafe { RawSignatureHandle::create(&mut self.raw, key) }?;
                self.signatures.push((key.to_owned(), handle));
                self.signatures.len() - 1
            }
        };
        let (_, handle) = self.signatures.get(position)?;
        // SAFETY: all handles in this list are of this interpreter.
        let runner = unsafe { handle.runner(&mut self.raw) };
        Some((runner, &self.reporter, &self.model))
    }

    pub(super) fn raw(&self) -> &RawInterpreter {
        &self.raw
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
        } = self.census.as_ref().map(Census::total).unwrap_or_default();
        DelegateReport {
            xnnpack,
            operators,
            delegated,
            partitions,
        }
    }

    pub(super) fn resize_input(&mut self, index: usize, dims: &[c_int]) -> Result<()> {
        self.run(Operation::Resize, |raw| raw.resize_input(index, dims))
    }

    /// Leaves the inputs uninitialised: [`zero_inputs`](Self::zero_inputs) must follow.
    pub(super) fn allocate(&mut self) -> Result<()> {
        self.run(Operation::Allocate, RawInterpreter::allocate)
    }

    pub(super) fn invoke(&mut self) -> Result<()> {
        self.run(Operation::Invoke, RawInterpreter::invoke)
    }

    /// Zeroes the inputs after an allocation: memory is not initialised then, and no safe function
    /// may show that.
    ///
    /// Strings become empty. Without that, operators would follow a null pointer, or look for as
    /// many strings as there are now among those that there were before a resize.
    pub(super) fn zero_inputs(&mut self) -> Result<()> {
        for index in 0..self.raw.input_count() {
            if let Some(tensor) = self.raw.input(index) {
                // SAFETY: the tensors have been allocated, and `&mut self` says that nobody looks.
                unsafe { zero_input(tensor, index) }?;
            }
        }
        Ok(())
    }

    /// Zeroes the inputs after the first allocation, and in the outputs what kernels might leave
    /// unwritten.
    ///
    /// Outputs only then: after a later allocation, the pointer of an output behind an operator
    /// with a dynamic result may still be that of the old arena. Outputs cannot be read before
    /// an invocation, which allocates them.
    fn zero_new(&mut self) -> Result<()> {
        self.zero_inputs()?;
        for index in 0..self.raw.output_count() {
            if let Some(tensor) = self.raw.output(index)
                && IN_ARENA.contains(&tensor.allocation_type())
            {
                // SAFETY: the tensors have been allocated, and `&mut self` says that nobody looks.
                unsafe { zero(tensor) };
            }
        }
        Ok(())
    }

    /// Calls C, and puts what the runtime reports meanwhile into the error.
    fn run(
        &mut self,
        operation: Operation,
        call: impl FnOnce(&mut RawInterpreter) -> std::result::Result<(), Status>,
    ) -> Result<()> {
        call(&mut self.raw).map_err(|status| failure(operation, status, &self.reporter))
    }
}

/// The error for a C function's return value.
pub(super) fn failure(operation: Operation, status: Status, reporter: &Reporter) -> Error {
    let log = reporter.take();
    match (operation, status) {
        (Operation::Invoke, Status::Cancelled) => Error::Cancelled,
        _ => Error::Runtime {
            operation,
            status,
            log,
        },
    }
}

/// Memory of the interpreter's own. Other tensors are constants, or were computed from some.
const IN_ARENA: [sys::TfLiteAllocationType; 2] =
    [sys::kTfLiteArenaRw, sys::kTfLiteArenaRwPersistent];

/// Zeroes an input, unless it is a constant. Fails if the input is a handle or an object: nobody
/// could write it, and operators would follow a null pointer.
///
/// # Safety
///
/// The interpreter must have allocated its tensors since it was changed, and nobody may look at
/// this one.
pub(super) unsafe fn zero_input(tensor: RawTensor<'_>, index: usize) -> Result<()> {
    let kind = tensor.allocation_type();
    let dtype = TensorType::from_raw(tensor.dtype());
    match dtype {
        TensorType::String if kind == sys::kTfLiteDynamic => {
            // SAFETY: the kind has been checked, and the rest is the caller's promise.
            unsafe { strings::clear(tensor) }
        }
        TensorType::Resource | TensorType::Variant => Err(Error::OpaqueType {
            tensor: format!("{} {index}", TensorRole::Input),
            dtype,
        }),
        _ => {
            if kind == sys::kTfLiteDynamic || IN_ARENA.contains(&kind) {
                // SAFETY: the memory is not a constant's, and the rest is the caller's promise.
                unsafe { zero(tensor) };
            }
            Ok(())
        }
    }
}

/// Zeroes a tensor's memory if it holds plain numbers.
///
/// # Safety
///
/// The memory must be allocated and writable, and nobody may look at it.
unsafe fn zero(tensor: RawTensor<'_>) {
    if !TensorType::from_raw(tensor.dtype()).is_plain() {
        return;
    }
    if let Some(data) = tensor.data() {
        // SAFETY: memory of this size lies there, and the rest is the caller's promise.
        unsafe { data.write_bytes(0, tensor.byte_size()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(
        model: &[u8],
        delegate: impl FnOnce(i32) -> Option<XnnpackDelegate>,
    ) -> (Native, XnnpackStatus) {
        let model = Model::from_bytes(model).expect("valid");
        Native::build_with(
            &model,
            &InterpreterOptions::new(),
            &Resizes::new(),
            delegate,
        )
        .expect("the runtime's own kernels serve")
    }

    fn runs_without_xnnpack(mut native: Native, status: XnnpackStatus) {
        native.invoke().expect("valid");
        let report = native.delegate_report(status.clone());
        assert_eq!(report.xnnpack, status);
        assert_eq!((report.delegated, report.partitions), (0, 0));
    }

    #[test]
    fn without_a_delegate_the_own_kernels_serve() {
        let model = include_bytes!("../../tests/models/add.tflite");
        let (native, status) = build(model, |_| None);
        assert_eq!(status, XnnpackStatus::Unavailable);
        runs_without_xnnpack(native, status);
    }

    #[test]
    fn when_the_delegate_refuses_the_own_kernels_serve() {
        // With this flag XNNPACK takes fixed shapes only, and this model has none.
        let flags = sys::TFLITE_XNNPACK_DELEGATE_FLAG_DISABLE_SUBGRAPH_RESHAPING;
        let model = include_bytes!("../../tests/models/dynamic_output.tflite");
        let (native, status) = build(model, |threads| XnnpackDelegate::with_flags(threads, flags));
        assert!(
            matches!(status, XnnpackStatus::Refused { .. }),
            "{status:?}"
        );
        runs_without_xnnpack(native, status);
    }

    #[test]
    fn the_census_agrees_with_fixed_shapes_too() {
        let flags = sys::TFLITE_XNNPACK_DELEGATE_FLAG_DISABLE_SUBGRAPH_RESHAPING;
        let model = include_bytes!("../../tests/models/conv.tflite");
        let (mut native, status) =
            build(model, |threads| XnnpackDelegate::with_flags(threads, flags));
        native.invoke().expect("valid");
        let report = native.delegate_report(status);
        assert_eq!(report.xnnpack, XnnpackStatus::Applied);
        assert_eq!(
            (report.operators, report.delegated, report.partitions),
            (3, 2, 2)
        );
    }
}
