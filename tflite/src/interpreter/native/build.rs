//! Making a native interpreter.

use super::{Native, Probe, Resizes, Verdict, no_memory};
use crate::delegate::{
    self, Census, ExternalDelegate, Layouts, Request, When, XnnpackDelegate, XnnpackStatus,
};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::options::{InterpreterOptions, Role, Shared, XnnpackOptions};
use crate::profile::Recorder;
use crate::raw::{RawInterpreter, RawOptions};
use crate::report::{Listener, Reporter};
use crate::selected;
use crate::weight_cache::{ActiveCache, Settings, Turn};

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

    /// `delegate` makes an XNNPACK delegate.
    pub(super) fn build_with(
        model: &Model,
        options: &InterpreterOptions,
        resizes: &Resizes,
        verdict: impl FnOnce() -> Result<Verdict>,
        delegate: impl Fn(Request<'_>) -> Option<XnnpackDelegate>,
    ) -> Result<(Self, XnnpackStatus)> {
        selected::check(model, &options.shared().operators)?;
        let threads = options.checked_threads()?;
        let status = match options.xnnpack_options() {
            None => XnnpackStatus::Off,
            Some(xnnpack) => {
                let making = Making {
                    model,
                    options,
                    threads,
                    xnnpack_threads: xnnpack.checked_threads(threads)?,
                    xnnpack: &xnnpack,
                    resizes,
                };
                match making.with_xnnpack(verdict, delegate) {
                    Ok(native) => return Ok((native, XnnpackStatus::Applied)),
                    // If it is not XNNPACK's fault, the same error comes again.
                    Err(status) => status,
                }
            }
        };
        let mut native = Self::create(model, threads, options.shared(), Role::Serves, None)?;
        native.resize_inputs(resizes)?;
        native.allocate()?;
        Ok((native, status))
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
        let reporter = Reporter::with(match role {
            Role::Serves => Listener::logging(shared.listener.clone()),
            Role::Asks => None,
        });
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
        let externals = match role {
            Role::Serves => shared
                .externals
                .iter()
                .map(ExternalDelegate::create)
                .collect::<Result<Vec<_>>>(),
            Role::Asks => Ok(Vec::new()),
        }?;
        for external in &externals {
            // SAFETY: as for the reporter: a field behind the interpreter.
            unsafe { options.add_delegate(external.as_ptr()) };
        }
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
            _externals: externals,
            agreed: None,
            empty: None,
            is_static: false,
            _recorder: recorder,
            reporter,
            _shared: shared,
            model,
        })
    }
}

/// What an interpreter with XNNPACK is made of.
struct Making<'a> {
    model: &'a Model,
    options: &'a InterpreterOptions,
    threads: Option<i32>,
    xnnpack: &'a XnnpackOptions,
    xnnpack_threads: i32,
    resizes: &'a Resizes,
}

impl Making<'_> {
    /// Fails with the reason if XNNPACK cannot or must not be applied.
    fn with_xnnpack(
        &self,
        verdict: impl FnOnce() -> Result<Verdict>,
        delegate: impl Fn(Request<'_>) -> Option<XnnpackDelegate>,
    ) -> std::result::Result<Native, XnnpackStatus> {
        let refused = |reason| XnnpackStatus::Refused { reason };
        let agreed = match verdict().map_err(|error| refused(error.to_string()))? {
            Verdict::Fits(layouts) => layouts,
            Verdict::Refused(reason) => return Err(refused(reason)),
        };
        let has_others = !self.options.shared().externals.is_empty();
        let settings = delegate::settings(self.xnnpack, has_others);
        let reason = match ActiveCache::open(self.xnnpack.cache(), self.model, settings) {
            Ok(cache) if cache.is_none() => None,
            Ok(cache) => match self.with_cache(cache, settings, agreed.clone(), &delegate) {
                Ok(native) => return Ok(native),
                Err(XnnpackStatus::Refused { reason }) => Some(reason),
                Err(status) => return Err(status),
            },
            Err(reason) => Some(reason),
        };
        let delegate = self.delegate(ActiveCache::None, None, &delegate)?;
        let mut native = self.serve(delegate, None, agreed).map_err(refused)?;
        if let (Some(xnnpack), Some(reason)) = (&mut native.xnnpack, reason) {
            xnnpack.is_without_cache(reason);
        }
        Ok(native)
    }

    fn with_cache(
        &self,
        cache: ActiveCache,
        settings: Settings,
        agreed: Layouts,
        delegate: impl Fn(Request<'_>) -> Option<XnnpackDelegate>,
    ) -> std::result::Result<Native, XnnpackStatus> {
        let refused = |reason| XnnpackStatus::Refused { reason };
        let shared = cache.shared().cloned();
        let turn = shared
            .as_ref()
            .map(|shared| shared.turn(self.model, settings))
            .transpose()
            .map_err(refused)?;
        let delegate = self.delegate(cache, turn.as_ref(), delegate)?;
        let mut native = self.serve(delegate, turn, agreed).map_err(refused)?;
        if let Some(xnnpack) = &mut native.xnnpack {
            xnnpack.finish();
        }
        self.model.release();
        Ok(native)
    }

    fn delegate(
        &self,
        cache: ActiveCache,
        turn: Option<&Turn<'_>>,
        delegate: impl Fn(Request<'_>) -> Option<XnnpackDelegate>,
    ) -> std::result::Result<XnnpackDelegate, XnnpackStatus> {
        let request = Request {
            options: self.xnnpack,
            threads: self.xnnpack_threads,
            cache,
            turn,
        };
        delegate(request).ok_or(XnnpackStatus::Unavailable)
    }

    /// Makes the interpreter. Fails with the reason if XNNPACK cannot be applied.
    fn serve(
        &self,
        delegate: XnnpackDelegate,
        turn: Option<Turn<'_>>,
        agreed: Layouts,
    ) -> std::result::Result<Native, String> {
        let build = || {
            let shared = self.options.shared();
            // XNNPACK packs the weights here.
            let native = Native::create(
                self.model,
                self.threads,
                shared,
                Role::Serves,
                Some(delegate),
            );
            if let Some(turn) = turn {
                match &native {
                    Ok(_) => turn.packed()?,
                    Err(_) => turn.failed(),
                }
            }
            let mut native = native?;
            native.resize_inputs(self.resizes)?;
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
}
