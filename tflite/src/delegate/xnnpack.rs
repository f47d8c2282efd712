//! The XNNPACK delegate.

use std::ptr::NonNull;
use std::sync::Once;

use tflite_sys as sys;

use super::plan;
use crate::options::XnnpackOptions;
use crate::weight_cache::{ActiveCache, Settings, Turn, WeightCacheStatus};

/// Owns an XNNPACK delegate. Each has its own workspace, so each interpreter gets its own.
pub(crate) struct XnnpackDelegate {
    raw: NonNull<sys::TfLiteDelegate>,
    /// Dropped after the delegate, which reads it.
    cache: ActiveCache,
    cache_status: WeightCacheStatus,
}

/// What a delegate is made with.
pub(crate) struct Request<'a> {
    pub(crate) options: &'a XnnpackOptions,
    pub(crate) threads: i32,
    pub(crate) cache: ActiveCache,
    /// If the cache is a shared one.
    pub(crate) turn: Option<&'a Turn<'a>>,
}

impl XnnpackDelegate {
    /// `None` if XNNPACK cannot be initialised, for example because the system hides what kind
    /// of processor it has.
    pub(crate) fn create(request: Request<'_>) -> Option<Self> {
        let mut options = default_options();
        request.options.apply(&mut options);
        options.num_threads = request.threads;
        let raw = request.cache.create(request.turn, options, |options| {
            // SAFETY: the options are the default ones with other numbers; what the pointers among
            // them lead to is the cache's, which is kept.
            unsafe { create_raw(options) }
        })?;
        let delegate = Self {
            raw,
            cache: request.cache,
            cache_status: WeightCacheStatus::Off,
        };
        // SAFETY: it was just made by XNNPACK.
        unsafe { plan::hide_variables(raw) }.then_some(delegate)
    }

    /// Valid as long as this owner.
    pub(crate) fn as_ptr(&self) -> NonNull<sys::TfLiteOpaqueDelegate> {
        self.raw
    }

    /// To be called when the interpreter can be used.
    pub(crate) fn finish(&mut self) {
        self.cache_status = self.cache.finish();
    }

    /// Takes note that there is no weight cache, though there should be one.
    pub(crate) fn is_without_cache(&mut self, reason: String) {
        self.cache_status = WeightCacheStatus::Unavailable { reason };
    }

    pub(crate) fn cache_status(&self) -> &WeightCacheStatus {
        &self.cache_status
    }
}

/// Makes a delegate; none while another thread makes the first one.
///
/// `xnn_initialize` reads the place of the allocator without synchronisation, in the first thread, while
/// it sets it by an atomic exchange in all of them. Nothing comes of that race, since only the first
/// exchange sets it, but a race it is.
///
/// # Safety
///
/// What the pointers among the options lead to must live as long as the delegate.
unsafe fn create_raw(
    options: &sys::TfLiteXNNPackDelegateOptions,
) -> Option<NonNull<sys::TfLiteDelegate>> {
    static FIRST: Once = Once::new();
    let create = || {
        // SAFETY: the options are copied during the call, but for what the caller keeps.
        NonNull::new(unsafe { sys::TfLiteXNNPackDelegateCreate(&raw const *options) })
    };
    let mut first = None;
    FIRST.call_once(|| first = Some(create()));
    first.unwrap_or_else(create)
}

impl Drop for XnnpackDelegate {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; whoever lent it out to an interpreter
        // drops that first.
        unsafe { sys::TfLiteXNNPackDelegateDelete(self.raw.as_ptr()) };
    }
}

// SAFETY: xnnpack_delegate.h does not say whether a delegate is bound to a thread. In the pinned source
// (the one of Chromium 150.0.7871.100) it has no thread-local state, and its thread pool takes orders
// from whichever thread invokes. It is not `Sync`.
unsafe impl Send for XnnpackDelegate {}

/// What decides how these options have XNNPACK pack weights.
pub(crate) fn settings(options: &XnnpackOptions, others: bool) -> Settings {
    let mut raw = default_options();
    options.apply(&mut raw);
    Settings {
        flags: raw.flags,
        runtime_flags: raw.runtime_flags,
        others,
    }
}

fn default_options() -> sys::TfLiteXNNPackDelegateOptions {
    // SAFETY: the function has no preconditions.
    unsafe { sys::TfLiteXNNPackDelegateOptionsDefault() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::XnnpackFlags;

    #[test]
    fn the_library_has_got_the_options() {
        for threads in [1, 3] {
            let options = XnnpackOptions::new()
                .enable(XnnpackFlags::SLOW_CONSISTENT_ARITHMETIC)
                .lock_weight_cache(true);
            let request = Request {
                options: &options,
                threads,
                cache: ActiveCache::InMemory,
                turn: None,
            };
            let delegate = XnnpackDelegate::create(request).expect("XNNPACK works here");
            let raw = delegate.as_ptr().as_ptr();
            // SAFETY: the delegate is alive.
            let known = unsafe { sys::TfLiteXNNPackDelegateGetOptions(raw) };
            // SAFETY: the options are part of the delegate.
            let known = unsafe { known.as_ref() }.expect("it has some");
            assert_eq!(known.num_threads, threads);
            assert_eq!(known.flags, settings(&options, false).flags);
            assert!(known.weight_cache_lock_memory);
            // A cache that XNNPACK has made itself.
            assert!(!known.weights_cache.is_null());
            // SAFETY: the delegate is alive.
            let flags = unsafe { sys::TfLiteXNNPackDelegateGetFlags(raw) };
            assert_eq!(flags.cast_unsigned(), known.flags);
            // SAFETY: the delegate is alive.
            let pool = unsafe { sys::TfLiteXNNPackDelegateGetThreadPool(raw) };
            assert_eq!(pool.is_null(), threads == 1);
        }
    }
}
