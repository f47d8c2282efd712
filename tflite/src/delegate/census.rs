//! A delegate that takes nothing: it looks at the graph as the delegates before it left it.
//!
//! The C API has no function that says which operators a delegate computes, nor which shapes the
//! tensors between the operators have. A delegate is shown both.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tflite_sys as sys;

use super::graph::{Count, Subgraph};
use super::shapes::{Layout, Layouts};

/// Owns the delegate and what it found.
pub(crate) struct Census {
    delegate: NonNull<sys::TfLiteOpaqueDelegate>,
    /// Behind a raw pointer, since C keeps a copy of it.
    found: NonNull<Found>,
}

/// The subgraphs in the model's order, each with its layout when the delegate was applied.
type Found = Mutex<Vec<(Subgraph, Layout)>>;

/// When the runtime calls a census.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before the operators are prepared: shapes are those in the file.
    Unprepared,
    /// After all operators were prepared, so that shapes are those that the operators have agreed
    /// upon. Fails with [`Status::ApplicationError`](crate::Status::ApplicationError), without
    /// harm, if a shape will only be known during an invocation.
    Prepared,
}

impl Census {
    pub(crate) fn create(when: When) -> Option<Self> {
        let found = Box::into_raw(Box::new(Found::default()));
        let builder = sys::TfLiteOpaqueDelegateBuilder {
            data: found.cast(),
            Prepare: Some(prepare),
            CopyFromBufferHandle: None,
            CopyToBufferHandle: None,
            FreeBufferHandle: None,
            // Without this flag the runtime holds that no tensor may change its size any more,
            // and makes sure of that before the callback.
            flags: match when {
                When::Unprepared => i64::from(sys::kTfLiteDelegateFlagsAllowDynamicTensors),
                When::Prepared => i64::from(sys::kTfLiteDelegateFlagsNone),
            },
        };
        // SAFETY: `Box::into_raw` never returns null.
        let found = unsafe { NonNull::new_unchecked(found) };
        // SAFETY: the builder is valid and copied during the call; what its `data` points to is
        // freed after the delegate.
        let delegate = unsafe { sys::TfLiteOpaqueDelegateCreate(&raw const builder) };
        match NonNull::new(delegate) {
            Some(delegate) => Some(Self { delegate, found }),
            None => {
                // SAFETY: the pointer comes from `Box::into_raw`, and no delegate has it.
                drop(unsafe { Box::from_raw(found.as_ptr()) });
                None
            }
        }
    }

    /// Valid as long as this owner.
    pub(crate) fn as_ptr(&self) -> NonNull<sys::TfLiteOpaqueDelegate> {
        self.delegate
    }

    /// How many operators there are in all subgraphs, and who computes them, as of the last time
    /// that the delegates were applied.
    pub(crate) fn total(&self) -> Count {
        self.found()
            .iter()
            .fold(Count::default(), |sum, (subgraph, _)| sum + subgraph.count)
    }

    /// Which operators of each subgraph a delegate computes, as of the same time.
    pub(crate) fn delegated(&self) -> Vec<Vec<usize>> {
        let found = self.found();
        found
            .iter()
            .map(|(graph, _)| graph.delegated.clone())
            .collect()
    }

    /// The subgraphs' layouts when the delegate was applied.
    pub(crate) fn layouts_then(&self) -> Layouts {
        let found = self.found();
        let layouts = found.iter().map(|(_, layout)| layout.clone());
        Layouts(layouts.collect())
    }

    /// The subgraphs' layouts as they are now.
    ///
    /// # Safety
    ///
    /// The interpreter that this census was applied to must be alive, and nobody else may use it
    /// meanwhile.
    pub(crate) unsafe fn layouts_now(&self) -> Layouts {
        let found = self.found();
        let layouts = found.iter().map(|(subgraph, _)| {
            // SAFETY: the subgraph is part of the interpreter, and so is its context.
            unsafe { subgraph.layout() }
        });
        Layouts(layouts.collect())
    }

    fn found(&self) -> MutexGuard<'_, Vec<(Subgraph, Layout)>> {
        // SAFETY: the pointer is valid until `drop`, and only shared references are made of it.
        let found = unsafe { self.found.as_ref() };
        found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; whoever lent it out to an interpreter
        // drops that first.
        unsafe { sys::TfLiteOpaqueDelegateDelete(self.delegate.as_ptr()) };
        // SAFETY: the pointer comes from `Box::into_raw`, and its last user is gone.
        drop(unsafe { Box::from_raw(self.found.as_ptr()) });
    }
}

// SAFETY: the delegate is a plain struct without a thread of its own, and what was found is behind a
// mutex. The contexts in it are followed by `layouts_now` only, whose caller has the interpreter.
unsafe impl Send for Census {}

/// The callback: looks at one subgraph. It changes nothing, and never fails, since a failure would
/// take all other delegates away.
unsafe extern "C" fn prepare(
    context: *mut sys::TfLiteOpaqueContext,
    _delegate: *mut sys::TfLiteOpaqueDelegate,
    data: *mut c_void,
) -> sys::TfLiteStatus {
    // An unwinding panic must not reach C. None is expected; the subgraph is missing if there is
    // one.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the runtime calls back with the subgraph's context.
        let Some(subgraph) = (unsafe { Subgraph::look(context) }) else {
            return;
        };
        // SAFETY: the context is the subgraph's, which is alive.
        let layout = unsafe { subgraph.layout() };
        // SAFETY: `data` is what the builder carried, alive as long as the delegate. It is only
        // ever used through shared references.
        let found = unsafe { &*data.cast_const().cast::<Found>() };
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        // A subgraph comes again when a delegate is applied anew after a resize.
        match found.iter_mut().find(|(known, _)| known.is_same(&subgraph)) {
            Some(old) => *old = (subgraph, layout),
            None => found.push((subgraph, layout)),
        }
    }));
    sys::kTfLiteOk
}
