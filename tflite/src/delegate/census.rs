//! A delegate that takes nothing: it looks at what the others took.
//!
//! The C API has no function that says which operators a delegate computes. A delegate can see
//! it, though: it is shown the execution plan as the delegates before it left it.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use tflite_sys as sys;

/// Owns the delegate and what it found.
pub(crate) struct Census {
    delegate: NonNull<sys::TfLiteOpaqueDelegate>,
    /// Behind a raw pointer, since C keeps a copy of it.
    counts: NonNull<Counts>,
}

type Counts = Mutex<Vec<(usize, Count)>>;

/// What was found, in one subgraph or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) operators: usize,
    pub(crate) delegated: usize,
    pub(crate) partitions: usize,
}

impl Census {
    pub(crate) fn create() -> Option<Self> {
        let counts = Box::into_raw(Box::new(Counts::default()));
        let builder = sys::TfLiteOpaqueDelegateBuilder {
            data: counts.cast(),
            Prepare: Some(prepare),
            CopyFromBufferHandle: None,
            CopyToBufferHandle: None,
            FreeBufferHandle: None,
            // Without this flag the runtime would hold that no tensor may change its size any
            // more. This delegate replaces no operator, so it has nothing against it.
            flags: i64::from(sys::kTfLiteDelegateFlagsAllowDynamicTensors),
        };
        // SAFETY: `Box::into_raw` never returns null.
        let counts = unsafe { NonNull::new_unchecked(counts) };
        // SAFETY: the builder is valid and copied during the call; what its `data` points to is
        // freed after the delegate.
        let delegate = unsafe { sys::TfLiteOpaqueDelegateCreate(&raw const builder) };
        match NonNull::new(delegate) {
            Some(delegate) => Some(Self { delegate, counts }),
            None => {
                // SAFETY: the pointer comes from `Box::into_raw`, and no delegate has it.
                drop(unsafe { Box::from_raw(counts.as_ptr()) });
                None
            }
        }
    }

    /// Valid as long as this owner.
    pub(crate) fn as_ptr(&self) -> NonNull<sys::TfLiteOpaqueDelegate> {
        self.delegate
    }

    /// The sum over all subgraphs, as of the last time that the delegates were applied.
    pub(crate) fn total(&self) -> Count {
        // SAFETY: the pointer is valid until `drop`, and only shared references are made of it.
        let counts = unsafe { self.counts.as_ref() };
        let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .fold(Count::default(), |sum, (_, count)| Count {
                operators: sum.operators + count.operators,
                delegated: sum.delegated + count.delegated,
                partitions: sum.partitions + count.partitions,
            })
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; whoever lent it out to an interpreter
        // drops that first.
        unsafe { sys::TfLiteOpaqueDelegateDelete(self.delegate.as_ptr()) };
        // SAFETY: the pointer comes from `Box::into_raw`, and its last user is gone.
        drop(unsafe { Box::from_raw(self.counts.as_ptr()) });
    }
}

// SAFETY: the delegate is a plain struct without a thread of its own, and the counts are behind a
// mutex.
unsafe impl Send for Census {}

/// The callback: counts one subgraph's operators. It changes nothing, and never fails, since a
/// failure would take all other delegates away.
unsafe extern "C" fn prepare(
    context: *mut sys::TfLiteOpaqueContext,
    _delegate: *mut sys::TfLiteOpaqueDelegate,
    data: *mut c_void,
) -> sys::TfLiteStatus {
    // An unwinding panic must not reach C. None is expected; the count is missing if there is one.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the runtime calls back with the subgraph's context.
        let Some(count) = (unsafe { count(context) }) else {
            return;
        };
        // SAFETY: `data` is what the builder carried, alive as long as the delegate. It is only
        // ever used through shared references.
        let counts = unsafe { &*data.cast_const().cast::<Counts>() };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        // A subgraph comes again when a delegate is applied anew after a resize.
        let subgraph = context.addr();
        match counts.iter_mut().find(|(known, _)| *known == subgraph) {
            Some((_, old)) => *old = count,
            None => counts.push((subgraph, count)),
        }
    }));
    sys::kTfLiteOk
}

/// # Safety
///
/// To be called within a delegate's callback, with its context.
unsafe fn count(context: *mut sys::TfLiteOpaqueContext) -> Option<Count> {
    let mut plan = std::ptr::null_mut();
    // SAFETY: the context is valid, and `plan` can be written.
    let status = unsafe { sys::TfLiteOpaqueContextGetExecutionPlan(context, &raw mut plan) };
    if status != sys::kTfLiteOk || plan.is_null() {
        return None;
    }
    // SAFETY: the plan was loaded, and belongs to the runtime until the next such call.
    let length = usize::try_from(unsafe { (*plan).size }).ok()?;
    // SAFETY: as before; the elements lie behind the length.
    let nodes = unsafe { &raw const (*plan).data }.cast::<c_int>();
    let mut partitions = 0;
    for position in 0..length {
        // SAFETY: `position` is below the array's length.
        let node_index = unsafe { nodes.add(position) };
        // SAFETY: as before.
        let node_index = unsafe { node_index.read() };
        // SAFETY: the context is valid, and the index comes from its plan.
        if unsafe { is_delegate_kernel(context, node_index) }? {
            partitions += 1;
        }
    }
    // The runtime appends one node for each partition, and keeps those that it replaces.
    // SAFETY: the context is valid.
    let nodes = unsafe { sys::TfLiteOpaqueContextGetNumNodes(context) };
    let operators = nodes.checked_sub(partitions)?;
    let remaining = length.checked_sub(partitions)?;
    Some(Count {
        operators,
        delegated: operators.checked_sub(remaining)?,
        partitions,
    })
}

/// # Safety
///
/// To be called within a delegate's callback, with its context.
unsafe fn is_delegate_kernel(
    context: *mut sys::TfLiteOpaqueContext,
    node_index: c_int,
) -> Option<bool> {
    let mut node = std::ptr::null_mut();
    let mut operator = std::ptr::null_mut();
    // SAFETY: the context is valid, a wrong index would be an error, and both pointers can be
    // written.
    let status = unsafe {
        sys::TfLiteOpaqueContextGetNodeAndRegistration(
            context,
            node_index,
            &raw mut node,
            &raw mut operator,
        )
    };
    if status != sys::kTfLiteOk || operator.is_null() {
        return None;
    }
    // SAFETY: the operator was loaded, and is valid as long as the plan is not changed.
    let code = unsafe { sys::TfLiteOperatorGetBuiltInCode(operator) };
    Some(code == sys::kTfLiteBuiltinDelegate)
}
