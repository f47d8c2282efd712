//! Making a native interpreter.

use super::{Native, Probe, Resizes, Verdict, no_memory};
use crate::delegate::{Census, When, XnnpackDelegate, XnnpackStatus};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::options::{InterpreterOptions, Role, Shared, Xnnpack};
use crate::profile::Recorder;
use crate::raw::{RawInterpreter, RawOptions};
use crate::report::Reporter;

impl Native {
    /// An interpreter with allocated tensors, and with XNNPACK where possible.
    pub(in crate::interpreter) fn build(
        model: &Model,
        options: &InterpreterOptions,
        resizes: &Resizes,
    ) -> Result<(Self, XnnpackStatus)> {
        let verdict = || Probe::new(model, options.shared(), resizes)?.ask();
        Self::build_with(model, options, resizes, verdict, XnnpackDelegate::create)
    }

    /// As [`build`](Self::build), if a probe has been asked about the shapes already.
    pub(in crate::interpreter) fn build_for(
        model: &Model,
        options: &InterpreterOptions,
        resizes: &Resizes,
        verdict: Verdict,
    ) -> Result<(Self, XnnpackStatus)> {
        let verdict = || Ok(verdict);
        Self::build_with(model, options, resizes, verdict, XnnpackDelegate::create)
    }

    /// `delegate` makes an XNNPACK delegate for this number of threads.
    pub(super) fn build_with(
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
                    match Self::with_xnnpack(model, options, delegate, resizes, verdict) {
                        Ok(native) => return Ok((native, XnnpackStatus::Applied)),
                        // If it is not XNNPACK's fault, the same error comes again.
                        Err(reason) => XnnpackStatus::Refused { reason },
                    }
                }
            },
        };
        let mut native = Self::create(model, threads, options.shared(), Role::Serves, None)?;
        native.resize_inputs(resizes)?;
        native.allocate()?;
        Ok((native, status))
    }

    /// Fails with the reason if XNNPACK cannot or must not be applied.
    fn with_xnnpack(
        model: &Model,
        options: &InterpreterOptions,
        delegate: XnnpackDelegate,
        resizes: &Resizes,
        verdict: impl FnOnce() -> Result<Verdict>,
    ) -> std::result::Result<Self, String> {
        let agreed = match verdict().map_err(|error| error.to_string())? {
            Verdict::Fits(layouts) => layouts,
            Verdict::Refused(reason) => return Err(reason),
        };
        let build = || {
            let threads = options.checked_threads()?;
            let shared = options.shared();
            let mut native = Self::create(model, threads, shared, Role::Serves, Some(delegate))?;
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
    pub(in crate::interpreter) fn create(
        model: &Model,
        threads: Option<i32>,
        shared: &Shared,
        role: Role,
        xnnpack: Option<XnnpackDelegate>,
    ) -> Result<Self> {
        let model = model.clone();
        let shared = shared.clone();
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
        let recorder = match (&shared.profiler, role) {
            (Some(profiler), Role::Serves) => Some(Recorder::new(profiler).ok_or_else(no_memory)?),
            _ => None,
        };
        if let Some(recorder) = &recorder {
            // SAFETY: as for the reporter: a field behind the interpreter.
            unsafe { options.set_profiler(recorder.as_ptr()) };
        }
        // SAFETY: as for the reporter: a field behind the interpreter.
        unsafe { shared.install(&mut options, role) }.map_err(|_| no_memory())?;
        // SAFETY: model, reporter, delegates and what is shared become fields behind the
        // interpreter.
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
            _recorder: recorder,
            reporter,
            _shared: shared,
            model,
        })
    }
}
