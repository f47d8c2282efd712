//! What the runtime calls: a node's life, from the custom options to the end of its state.

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::slice;
use std::sync::{Arc, Mutex, TryLockError};

use tflite_sys as sys;

use super::context::{InvokeContext, OutputState, PrepareContext, Shapes};
use super::{OperatorError, OperatorResult};
use crate::raw::{OperatorCallbacks, RawNode, RawOperator};

pub(super) type Init<S> = Box<dyn Fn(&[u8]) -> std::result::Result<S, OperatorError> + Send + Sync>;
pub(super) type Prepare<S> =
    Box<dyn Fn(&mut S, &mut PrepareContext<'_>) -> OperatorResult + Send + Sync>;
pub(super) type Invoke<S> =
    Box<dyn Fn(&mut S, &mut InvokeContext<'_>) -> OperatorResult + Send + Sync>;

/// What an operator does. All interpreters with the operator share it.
pub(super) struct Definition<S> {
    /// C keeps a pointer to it.
    name: CString,
    init: Init<S>,
    prepare: Option<Prepare<S>>,
    invoke: Invoke<S>,
}

impl<S> Definition<S> {
    pub(super) fn new(
        name: CString,
        init: Init<S>,
        prepare: Option<Prepare<S>>,
        invoke: Invoke<S>,
    ) -> Self {
        Self {
            name,
            init,
            prepare,
            invoke,
        }
    }
}

/// What belongs to one node of one interpreter. Nobody but the thread that uses the interpreter
/// comes here, one callback at a time; the mutex is there so that this need not be believed.
type Node<S> = Mutex<NodeState<S>>;

struct NodeState<S> {
    /// Or why there is none. The runtime must not be told at once: after a failed `init` it frees
    /// the node's memory twice (core/subgraph.cc).
    state: std::result::Result<S, String>,
    outputs: Vec<OutputState>,
    prepared: Option<Shapes>,
    /// What a closure said when it panicked: what it left half done is not touched again.
    panic: Option<String>,
}

/// # Safety
///
/// The definition must outlive the result.
pub(super) unsafe fn create<S: Send + 'static>(
    definition: &Arc<Definition<S>>,
    version: c_int,
) -> Option<RawOperator> {
    let callbacks = OperatorCallbacks {
        init: init::<S>,
        free: free::<S>,
        prepare: prepare::<S>,
        invoke: invoke::<S>,
    };
    let user_data = Arc::as_ptr(definition).cast_mut().cast();
    // SAFETY: the name is part of the definition, and so both live on, says the caller. The
    // callbacks are those of this very type, and do not unwind.
    unsafe { RawOperator::create(&definition.name, version, user_data, callbacks) }
}

/// # Safety
///
/// `user_data` must be what `create` gave to C, for the same `S`, and the definition alive for `'a`.
unsafe fn definition<'a, S>(user_data: *mut c_void) -> Option<&'a Definition<S>> {
    // SAFETY: the caller's promise. It is only ever used through shared references.
    unsafe { user_data.cast_const().cast::<Definition<S>>().as_ref() }
}

/// A node begins.
///
/// # Safety
///
/// To be called by the runtime, as the callback of an operator that `create` made.
unsafe extern "C" fn init<S: Send + 'static>(
    user_data: *mut c_void,
    _context: *mut sys::TfLiteOpaqueContext,
    buffer: *const c_char,
    length: usize,
) -> *mut c_void {
    // SAFETY: this is the operator's user data, which lives longer than the interpreter.
    let Some(definition) = (unsafe { definition::<S>(user_data) }) else {
        return ptr::null_mut();
    };
    let options = if buffer.is_null() || length == 0 {
        &[]
    } else {
        // SAFETY: operator.h and common.h: these are the custom options, so many bytes, which are
        // part of the model, and so do not change.
        unsafe { slice::from_raw_parts(buffer.cast::<u8>(), length) }
    };
    let made = guard(|| {
        let state = (definition.init)(options);
        state.map_err(|error| error.to_string())
    });
    let state = match made {
        Ok(state) => state,
        Err(panic) => Err(format!("a panic: {panic}")),
    };
    let node: Node<S> = Mutex::new(NodeState {
        state,
        outputs: Vec::new(),
        prepared: None,
        panic: None,
    });
    Box::into_raw(Box::new(node)).cast()
}

/// A node ends.
///
/// # Safety
///
/// As for [`init`].
unsafe extern "C" fn free<S: Send + 'static>(
    _user_data: *mut c_void,
    _context: *mut sys::TfLiteOpaqueContext,
    data: *mut c_void,
) {
    if data.is_null() {
        return;
    }
    // SAFETY: this is what `init` returned for the node. The runtime gives it back once, when the
    // node ends (core/subgraph.cc), and nobody uses it any more.
    let node = unsafe { Box::from_raw(data.cast::<Node<S>>()) };
    // There is nobody to be told of a panic.
    let _ = guard(|| drop(node));
}

/// Shapes of inputs may have changed.
///
/// # Safety
///
/// As for [`init`].
unsafe extern "C" fn prepare<S: Send + 'static>(
    user_data: *mut c_void,
    context: *mut sys::TfLiteOpaqueContext,
    node: *mut sys::TfLiteOpaqueNode,
) -> sys::TfLiteStatus {
    let run = |definition: &Definition<S>, state: &mut NodeState<S>, node: RawNode<'_>| {
        let own = state.state.as_mut().map_err(|message| message.clone())?;
        let mut context = PrepareContext::new(node, &mut state.outputs)?;
        if let Some(prepare) = &definition.prepare {
            prepare(own, &mut context)?;
        }
        let shapes = context.shapes()?;
        // The runtime counts on that where it prepares a node again and has decided already.
        if let Some(before) = &state.prepared
            && shapes.contradict(before)
        {
            return Err("it came to other shapes for the same inputs".into());
        }
        state.prepared = Some(shapes);
        Ok(())
    };
    // SAFETY: these are the callback's arguments.
    unsafe { call::<S>("prepare", user_data, context, node, run) }
}

/// The outputs are wanted.
///
/// # Safety
///
/// As for [`init`].
unsafe extern "C" fn invoke<S: Send + 'static>(
    user_data: *mut c_void,
    context: *mut sys::TfLiteOpaqueContext,
    node: *mut sys::TfLiteOpaqueNode,
) -> sys::TfLiteStatus {
    let run = |definition: &Definition<S>, state: &mut NodeState<S>, node: RawNode<'_>| {
        let own = state.state.as_mut().map_err(|message| message.clone())?;
        let mut context = InvokeContext::new(node, &mut state.outputs)?;
        (definition.invoke)(own, &mut context)?;
        Ok(context.finish()?)
    };
    // SAFETY: these are the callback's arguments.
    unsafe { call::<S>("invoke", user_data, context, node, run) }
}

/// Runs something for a node, and reports why it failed.
///
/// # Safety
///
/// The arguments must be those of a callback of an operator that `create::<S>` made, while that
/// callback lasts.
unsafe fn call<S: Send + 'static>(
    what: &str,
    user_data: *mut c_void,
    context: *mut sys::TfLiteOpaqueContext,
    node: *mut sys::TfLiteOpaqueNode,
    run: impl FnOnce(&Definition<S>, &mut NodeState<S>, RawNode<'_>) -> OperatorResult,
) -> sys::TfLiteStatus {
    // SAFETY: as the caller says, it is the callback's, which lasts longer than `raw` is used.
    let Some(raw) = (unsafe { RawNode::new(context, node) }) else {
        return sys::kTfLiteError;
    };
    // SAFETY: this is the operator's user data, which lives longer than the interpreter.
    let Some(definition) = (unsafe { definition::<S>(user_data) }) else {
        return sys::kTfLiteError;
    };
    let own = raw.user_data().cast_const().cast::<Node<S>>();
    // SAFETY: it is null, or what `init` returned for this node, alive until `free`, and only ever
    // used through shared references before that.
    let Some(own) = (unsafe { own.as_ref() }) else {
        return sys::kTfLiteError;
    };
    let mut state = match own.try_lock() {
        Ok(state) => state,
        // Nothing panics while it is locked, but for what is guarded.
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => {
            report(raw, &definition.name, what, "it is already running");
            return sys::kTfLiteError;
        }
    };
    let reason = match &state.panic {
        Some(panic) => format!("it cannot go on after a panic: {panic}"),
        None => {
            let done =
                guard(|| run(definition, &mut state, raw).map_err(|error| error.to_string()));
            match done {
                Ok(Ok(())) => return sys::kTfLiteOk,
                Ok(Err(error)) => error,
                Err(panic) => format!("a panic: {}", state.panic.insert(panic)),
            }
        }
    };
    // Not while it is locked: the reporter may be somebody's code.
    drop(state);
    report(raw, &definition.name, what, &reason);
    sys::kTfLiteError
}

fn report(node: RawNode<'_>, name: &CStr, what: &str, reason: &str) {
    let name = name.to_string_lossy();
    let message = format!("{name} cannot {what}: {reason}").replace('\0', "\u{fffd}");
    if let Ok(message) = CString::new(message) {
        node.report(&message);
    }
}

/// Runs somebody's code and never unwinds: a panic must not reach C. Its message comes back.
fn guard<T>(f: impl FnOnce() -> T) -> std::result::Result<T, String> {
    // What the code leaves half done is behind a mutex that says so, or never used again.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let message = message(&*payload);
        // The payload is somebody's value too, and may panic when it is dropped.
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(another);
        }
        message
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "without a message".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_caught_with_their_message() {
        assert_eq!(guard(|| 1), Ok(1));
        let number = 3;
        let text = |f: &dyn Fn()| guard(f).expect_err("a panic");
        assert_eq!(text(&|| panic!("plain")), "plain");
        assert_eq!(text(&|| panic!("number {number}")), "number 3");
        assert_eq!(text(&|| std::panic::panic_any(5)), "without a message");
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_no_problem() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let result = guard(|| std::panic::panic_any(Bomb));
        assert_eq!(result, Err::<(), _>("without a message".to_owned()));
    }

    #[test]
    fn null_is_never_followed() {
        let null = ptr::null_mut();
        // SAFETY: null is checked for.
        assert!(unsafe { init::<u8>(null, ptr::null_mut(), ptr::null(), 0) }.is_null());
        // SAFETY: null is checked for.
        unsafe { free::<u8>(null, ptr::null_mut(), null) };
        // SAFETY: null is checked for.
        let status = unsafe { prepare::<u8>(null, ptr::null_mut(), ptr::null_mut()) };
        assert_eq!(status, sys::kTfLiteError);
        // SAFETY: null is checked for.
        let status = unsafe { invoke::<u8>(null, ptr::null_mut(), ptr::null_mut()) };
        assert_eq!(status, sys::kTfLiteError);
    }
}
