//! The XNNPACK delegate.

use std::ptr::NonNull;

use tflite_sys as sys;

/// Owns an XNNPACK delegate. Each has its own workspace, so each interpreter gets its own.
pub(crate) struct XnnpackDelegate(NonNull<sys::TfLiteDelegate>);

impl XnnpackDelegate {
    /// `None` if XNNPACK cannot be initialised, for example because the system hides what kind
    /// of processor it has.
    pub(crate) fn create(threads: i32) -> Option<Self> {
        Self::with_flags(threads, 0)
    }

    /// `flags` are set beside the default ones.
    pub(crate) fn with_flags(threads: i32, flags: u32) -> Option<Self> {
        // SAFETY: the function has no preconditions.
        let mut options = unsafe { sys::TfLiteXNNPackDelegateOptionsDefault() };
        options.num_threads = threads;
        options.flags |= flags;
        // SAFETY: the options are the default ones with other numbers, and are copied during
        // the call; the pointers among them are null, which is their default.
        NonNull::new(unsafe { sys::TfLiteXNNPackDelegateCreate(&raw const options) }).map(Self)
    }

    /// Valid as long as this owner.
    pub(crate) fn as_ptr(&self) -> NonNull<sys::TfLiteOpaqueDelegate> {
        self.0
    }
}

impl Drop for XnnpackDelegate {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; whoever lent it out to an interpreter
        // drops that first.
        unsafe { sys::TfLiteXNNPackDelegateDelete(self.0.as_ptr()) };
    }
}

// SAFETY: xnnpack_delegate.h does not say whether a delegate is bound to a thread. In the pinned source
// (the one of Chromium 150.0.7871.100) it has no thread-local state, and its thread pool takes orders
// from whichever thread invokes. It is not `Sync`.
unsafe impl Send for XnnpackDelegate {}
