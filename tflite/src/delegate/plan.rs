//! What XNNPACK gets to see of a model: all operators but those on variables.
//!
//! XNNPACK would take these too. It then copies as many bytes as the shapes of the tensors around
//! them say, from and to whatever the variable holds by then: what another subgraph has put there,
//! or the same one before its inputs were resized. The runtime's kernels resize the variable, or
//! compare. So the operators on variables are left to them.

use std::cell::Cell;
use std::ffi::c_int;
use std::panic::catch_unwind;
use std::ptr::{NonNull, fn_addr_eq, null_mut};
use std::sync::OnceLock;

use tflite_sys as sys;

use super::graph::{Node, plan};

type Prepare =
    unsafe extern "C" fn(*mut sys::TfLiteContext, *mut sys::TfLiteDelegate) -> sys::TfLiteStatus;

const ON_VARIABLES: [sys::TfLiteBuiltinOperator; 3] = [
    sys::kTfLiteBuiltinVarHandle,
    sys::kTfLiteBuiltinReadVariable,
    sys::kTfLiteBuiltinAssignVariable,
];

/// XNNPACK's own function. It has one for all its delegates.
static UPSTREAM: OnceLock<Prepare> = OnceLock::new();

thread_local! {
    /// What [`shown`] answers, while XNNPACK looks at a subgraph on this thread.
    static SHOWN: Cell<*mut sys::TfLiteIntArray> = const { Cell::new(null_mut()) };
}

/// Puts [`prepare`] before the delegate's own function. `false` if that is not the one it should
/// be, and the delegate as it was.
///
/// # Safety
///
/// The delegate must be one of XNNPACK's, alive, and not yet be known to an interpreter.
pub(super) unsafe fn hide_variables(delegate: NonNull<sys::TfLiteDelegate>) -> bool {
    // SAFETY: the delegate is alive.
    let field = unsafe { &raw mut (*delegate.as_ptr()).Prepare };
    // SAFETY: the field is part of the delegate, and nobody else has it yet.
    let Some(own) = (unsafe { field.read() }) else {
        return false;
    };
    if !fn_addr_eq(*UPSTREAM.get_or_init(|| own), own) {
        return false;
    }
    // SAFETY: as before. common.h leaves it to the delegate what its function does.
    unsafe { field.write(Some(prepare)) };
    true
}

/// The callback for one subgraph: XNNPACK's own, with another plan.
unsafe extern "C" fn prepare(
    context: *mut sys::TfLiteContext,
    delegate: *mut sys::TfLiteDelegate,
) -> sys::TfLiteStatus {
    // An unwinding panic must not reach C. None is expected.
    let reduced = catch_unwind(|| {
        // SAFETY: the runtime calls back with the subgraph's context.
        unsafe { without_variables(context) }
    });
    let (Some(upstream), Ok(Some(mut reduced))) = (UPSTREAM.get(), reduced) else {
        return sys::kTfLiteDelegateError;
    };
    // SAFETY: the context is valid during the callback.
    let field = unsafe { &raw mut (*context).GetExecutionPlan };
    // SAFETY: as before, and it is used by this thread alone.
    let whole = unsafe { field.read() };
    let before = SHOWN.replace(reduced.as_mut_ptr().cast());
    // SAFETY: as before.
    unsafe { field.write(Some(shown)) };
    // SAFETY: this is the function that the delegate came with, and its two arguments. The runtime
    // itself exchanges the function in the context before and after a delegate's callback; it does
    // not read it meanwhile, and does not call `prepare` within `prepare`.
    let status = unsafe { upstream(context, delegate) };
    // SAFETY: as before.
    unsafe { field.write(whole) };
    SHOWN.set(before);
    status
}

/// In the place of the context's `GetExecutionPlan`.
unsafe extern "C" fn shown(
    _context: *mut sys::TfLiteContext,
    plan: *mut *mut sys::TfLiteIntArray,
) -> sys::TfLiteStatus {
    let shown = SHOWN.get();
    if shown.is_null() {
        return sys::kTfLiteError;
    }
    // SAFETY: common.h: the caller's pointer is written to. What it gets is alive until `prepare`
    // returns, and is only read, as is the runtime's own plan.
    unsafe { plan.write(shown) };
    sys::kTfLiteOk
}

/// The plan without operators on variables, laid out as a `TfLiteIntArray`: its length first.
///
/// # Safety
///
/// To be called within a delegate's callback, with its context.
unsafe fn without_variables(context: *mut sys::TfLiteContext) -> Option<Vec<c_int>> {
    // The opaque context of c_api_opaque.h is the same struct: the pinned source casts.
    let context = NonNull::new(context)?.cast::<sys::TfLiteOpaqueContext>();
    // SAFETY: the caller's promise is the same.
    let whole = unsafe { plan(context) }?;
    let mut reduced = Vec::with_capacity(whole.len() + 1);
    reduced.push(0);
    for index in whole {
        // SAFETY: as before, and the index comes from the plan.
        let node = unsafe { Node::get(context, index) }?;
        if !ON_VARIABLES.contains(&node.code) {
            reduced.push(index);
        }
    }
    reduced[0] = c_int::try_from(reduced.len() - 1).ok()?;
    Some(reduced)
}
