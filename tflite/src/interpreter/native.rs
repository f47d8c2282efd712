//! The C interpreter together with all that must outlive it.

use std::ffi::{CString, c_int};

use tflite_sys as sys;

use super::probe::{Probe, Verdict};
use crate::delegate::{
    Census, Count, DelegateReport, Layouts, When, XnnpackDelegate, XnnpackStatus,
};
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
    census: Census,
    xnnpack: Option<XnnpackDelegate>,
    /// The shapes that XNNPACK must come to, if it was applied.
    agreed: Option<Layouts>,
    /// A tensor without elements, where there must be some.
    empty: Option<String>,
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
        let verdict = || Probe::new(model, resizes)?.ask();
        Self::build_with(model, options, resizes, verdict, XnnpackDelegate::create)
    }

    /// As [`build`](Self::build), if a probe has been asked about the shapes already.
    pub(super) fn build_for(
        model: &Model,
        options: &InterpreterOptions,
        resizes: &Resizes,
        verdict: Verdict,
    ) -> Result<(Self, XnnpackStatus)> {
        let verdict = || Ok(verdict);
        Self::build_with(model, options, resizes, verdict, XnnpackDelegate::create)
    }

    /// `delegate` makes an XNNPACK delegate for this number of threads.
    fn build_with(
        model: &Model,
        options: &InterpreterOptions,
        resizes: &Resizes,
        verdict: impl FnOnce() -> Result<Verdict>,
        delegate: impl FnOnce(i32) -> Option<XnnpackDelegate>,
    ) -> Result<(Self, XnnpackStatus)> {
        let threads = options.checked_threads()?;
        let status = match options.xnnpack_mode() {
            Xnnpack::Off => XnnpackStatus::Off,
            // The runtime's default is one thread too.
            Xnnpack::Auto => match delegate(threads.unwrap_or(1)) {
                None => XnnpackStatus::Unavailable,
                Some(delegate) => {
                    match Self::with_xnnpack(model, threads, delegate, resizes, verdict) {
                        Ok(native) => return Ok((native, XnnpackStatus::Applied)),
                        // If it is not XNNPACK's fault, the same error comes again.
                        Err(reason) => XnnpackStatus::Refused { reason },
                    }
                }
            },
        };
        let mut native = Self::create(model, threads, None)?;
        native.resize_inputs(resizes)?;
        native.allocate()?;
        Ok((native, status))
    }

    /// Fails with the reason if XNNPACK cannot or must not be applied.
    fn with_xnnpack(
        model: &Model,
        threads: Option<i32>,
        delegate: XnnpackDelegate,
        resizes: &Resizes,
        verdict: impl FnOnce() -> Result<Verdict>,
    ) -> std::result::Result<Self, String> {
        let agreed = match verdict().map_err(|error| error.to_string())? {
            Verdict::Fits(layouts) => layouts,
            Verdict::Refused(reason) => return Err(reason),
        };
        let build = || {
            let mut native = Self::create(model, threads, Some(delegate))?;
            native.resize_inputs(resizes)?;
            native
                .allocate_for(agreed)
                .map(|difference| (native, difference))
        };
        match build() {
            Ok((native, None)) => Ok(native),
            Ok((_, Some(difference))) => Err(difference),
            Err(error) => Err(error.to_string()),
        }
    }

    /// An interpreter without allocated tensors.
    pub(super) fn create(
        model: &Model,
        threads: Option<i32>,
        xnnpack: Option<XnnpackDelegate>,
    ) -> Result<Self> {
        let model = model.clone();
        let reporter = Reporter::new();
        // Applied behind XNNPACK, it sees what that took.
        let census = Census::create(When::Unprepared).ok_or_else(no_memory)?;
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
        // SAFETY: as for the reporter: a field behind the interpreter.
        unsafe { options.add_delegate(census.as_ptr()) };
        // SAFETY: model, reporter and delegates become fields behind the interpreter.
        let raw = unsafe { RawInterpreter::create(model.native(), &options) };
        let raw = raw.ok_or_else(|| Error::CreateInterpreter {
            log: reporter.take(),
        })?;
        Ok(Self {
            signatures: Vec::new(),
            raw,
            census,
            xnnpack,
            agreed: None,
            empty: None,
            reporter,
            model,
        })
    }

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
            .position(|(known, _)| **known == *key)
        {
            Some(position) => position,
            None => {
                // SAFETY: `Model::signatures` leaves out signatures without a subgraph, and those
                // whose key is not unique, so that C finds this very one. The handle becomes part
                // of a field before the interpreter.
                let handle = unsafe { RawSignatureHandle::create(&mut self.raw, key) };
                let handle = handle.ok_or_else(missing)?;
                self.signatures.push((key.to_owned(), handle));
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
        DelegateReport {
            xnnpack,
            operators,
            delegated,
            partitions,
        }
    }

    pub(super) fn resize_inputs(&mut self, resizes: &Resizes) -> Result<()> {
        resizes.iter().try_for_each(|(index, dims)| {
            self.run(Operation::Resize, |raw| raw.resize_input(*index, dims))
        })
    }

    /// Allocates without XNNPACK.
    pub(super) fn allocate(&mut self) -> Result<()> {
        debug_assert!(self.xnnpack.is_none());
        // SAFETY: XNNPACK is not there.
        self.run(Operation::Allocate, |raw| unsafe { raw.allocate() })?;
        self.zero()
    }

    /// Allocates with XNNPACK, for shapes that a probe found to fit. Says what is different if
    /// XNNPACK comes to other shapes nevertheless: then the interpreter must not be used.
    pub(super) fn allocate_for(&mut self, agreed: Layouts) -> Result<Option<String>> {
        // SAFETY: a probe has been asked.
        self.run(Operation::Allocate, |raw| unsafe { raw.allocate() })?;
        // SAFETY: the interpreter is alive and borrowed exclusively.
        let layouts = unsafe { self.census.layouts_now() };
        let difference = layouts.difference(&agreed, |subgraph| concerns(&self.model, 0, subgraph));
        match &mut self.agreed {
            Some(old) => old.update(agreed, |subgraph| concerns(&self.model, 0, subgraph)),
            None => self.agreed = Some(agreed),
        }
        if difference.is_none() {
            self.zero()?;
        }
        Ok(difference)
    }

    /// Fails if the shapes leave nothing to compute where kernels rely on that.
    pub(super) fn check_lengths(&self) -> Result<()> {
        match &self.empty {
            None => Ok(()),
            Some(tensor) => Err(Error::EmptyTensor {
                tensor: tensor.clone(),
            }),
        }
    }

    /// After [`check_lengths`](Self::check_lengths).
    pub(super) fn invoke(&mut self) -> Result<()> {
        // SAFETY: allocation filled inputs of strings, and they are only written whole. It compared
        // the shapes, too; whoever learnt of a difference does not get here.
        self.run(Operation::Invoke, |raw| unsafe { raw.invoke() })
    }

    /// Applies a delegate now.
    ///
    /// # Safety
    ///
    /// The census must outlive the interpreter.
    pub(super) unsafe fn modify_graph(
        &mut self,
        census: &Census,
    ) -> std::result::Result<(), Status> {
        // SAFETY: the census is valid, and the rest is the caller's promise.
        unsafe { self.raw.modify_graph(census.as_ptr()) }
    }

    /// The layouts when the interpreter was created.
    pub(super) fn layouts_then(&self) -> Layouts {
        self.census.layouts_then()
    }

    pub(super) fn take_log(&self) -> String {
        self.reporter.take()
    }

    /// Zeroes inputs and outputs after an allocation: memory is not initialised then, and no safe
    /// function may show that. Outputs too, since some kernels leave some of theirs unwritten.
    ///
    /// Strings become empty. Without that, operators would follow a null pointer, or look for as
    /// many strings as there are now among those that there were before a resize.
    fn zero(&mut self) -> Result<()> {
        for index in 0..self.raw.input_count() {
            if let Some(tensor) = self.raw.input(index) {
                // SAFETY: the tensors have been allocated, and `&mut self` says that nobody looks.
                unsafe { zero_input(tensor, index) }?;
            }
        }
        // SAFETY: the interpreter is alive and borrowed exclusively.
        let layouts = unsafe { self.census.layouts_now() };
        self.empty = layouts.division(|subgraph| concerns(&self.model, 0, subgraph));
        for index in 0..self.raw.output_count() {
            if let Some(tensor) = self.raw.output(index)
                && layouts.are_static()
            {
                // SAFETY: the tensors have been allocated, all of them since none is dynamic, and
                // `&mut self` says that nobody looks.
                unsafe { zero_output(tensor) };
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
        let result =
            call(&mut self.raw).map_err(|status| failure(operation, status, &self.reporter));
        // What was said along with a success does not belong to the next failure.
        self.reporter.take();
        result
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

/// Zeroes an output, unless it is a constant.
///
/// # Safety
///
/// As for [`zero_input`]; no tensor of the subgraph may be dynamic. Behind an operator with a dynamic
/// result, memory is not allocated before the invocation, and the pointer may be an old one.
pub(super) unsafe fn zero_output(tensor: RawTensor<'_>) {
    if IN_ARENA.contains(&tensor.allocation_type()) {
        // SAFETY: the memory is not a constant's, and the rest is the caller's promise.
        unsafe { zero(tensor) };
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
        let resizes = Resizes::new();
        let verdict = || Probe::new(&model, &resizes)?.ask();
        Native::build_with(
            &model,
            &InterpreterOptions::new(),
            &resizes,
            verdict,
            delegate,
        )
        .expect("the runtime's own kernels serve")
    }

    fn runs_without_xnnpack(mut native: Native, status: XnnpackStatus) {
        native.check_lengths().expect("no division");
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

    #[test]
    fn outputs_are_zero_after_each_allocation() {
        let model = include_bytes!("../../tests/models/dynamic_batch.tflite");
        let (mut native, status) = build(model, XnnpackDelegate::create);
        assert_eq!(status, XnnpackStatus::Applied);
        let output = |native: &Native| {
            let tensor = native.raw.output(0).expect("one");
            let data = tensor.data().expect("allocated");
            // SAFETY: the tensor has been allocated, and is not changed meanwhile.
            unsafe { std::slice::from_raw_parts(data.as_ptr(), tensor.byte_size()) }.to_vec()
        };
        let is_zero = |native: &Native| output(native).iter().all(|&byte| byte == 0);
        assert!(is_zero(&native));
        for rows in [40, 2, 40, 1] {
            native.invoke().expect("valid");
            assert!(!is_zero(&native), "there is a bias");
            let resizes = vec![(0, vec![rows, 4])];
            let verdict = Probe::new(native.model(), &resizes).expect("valid").ask();
            let Ok(Verdict::Fits(agreed)) = verdict else {
                panic!("any batch fits")
            };
            native.resize_inputs(&resizes).expect("any batch");
            assert_eq!(native.allocate_for(agreed).expect("memory"), None);
            assert!(is_zero(&native), "{rows}");
        }
    }
}
