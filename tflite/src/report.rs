//! What the runtime reports, kept for the error that follows.

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use tflite_sys as sys;

/// The most that is kept of a log, in bytes. The end says what failed, so the beginning goes.
const MAX_LOG: usize = 16 * 1024;

/// Collects the messages of one model or interpreter.
///
/// C keeps pointers to the inside, so that lives on the heap, behind a raw pointer: a `Box` that
/// is moved claims to be the only pointer, which would make C's copy invalid.
pub(crate) struct Reporter(NonNull<Inner>);

struct Inner {
    native: sys::tflite_sys_reporter,
    log: Mutex<String>,
}

impl Reporter {
    pub(crate) fn new() -> Self {
        let inner = Box::into_raw(Box::new(Inner {
            native: sys::tflite_sys_reporter {
                report: Some(report),
                user_data: std::ptr::null_mut(),
            },
            log: Mutex::new(String::new()),
        }));
        // SAFETY: `inner` comes from a box and nothing else uses it yet.
        let log = unsafe { &raw const (*inner).log };
        // SAFETY: as before. The log lies at this address until `drop`.
        unsafe { (*inner).native.user_data = log.cast_mut().cast() };
        // SAFETY: `Box::into_raw` never returns null.
        Self(unsafe { NonNull::new_unchecked(inner) })
    }

    /// What the shim wants. Valid as long as this reporter.
    pub(crate) fn as_ptr(&self) -> *const sys::tflite_sys_reporter {
        // SAFETY: the pointer is valid until `drop`.
        unsafe { &raw const (*self.0.as_ptr()).native }
    }

    /// The messages since the last call, one a line.
    pub(crate) fn take(&self) -> String {
        // SAFETY: the pointer is valid until `drop`. C only reads `native`, and everyone reaches
        // the log through its mutex, so a shared reference is right.
        let inner = unsafe { self.0.as_ref() };
        std::mem::take(&mut *inner.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        // SAFETY: the pointer comes from `Box::into_raw` and is given back once. Whoever made
        // this reporter known to C keeps it until C's object is gone.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

// SAFETY: the pointer is owned like a box's. What it points to is a constant struct of a function
// and an address, and a mutex: both may be used from any thread.
unsafe impl Send for Reporter {}
// SAFETY: as for `Send`; `&self` gives no access but through the mutex.
unsafe impl Sync for Reporter {}

/// The callback: adds one message to the log.
unsafe extern "C" fn report(user_data: *mut c_void, message: *const c_char) {
    // An unwinding panic must not reach C. None is expected; the message is lost if there is one.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if user_data.is_null() || message.is_null() {
            return;
        }
        // SAFETY: `user_data` is what `Reporter::new` set, the address of a log that outlives all
        // calls. It is only ever used through shared references.
        let log = unsafe { &*user_data.cast_const().cast::<Mutex<String>>() };
        // SAFETY: the shim promises a NUL-terminated string that is valid during the call.
        let message = unsafe { CStr::from_ptr(message) };
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        push_line(&mut log, &message.to_string_lossy());
    }));
}

/// Appends a line, and cuts the front if the log gets too long.
fn push_line(log: &mut String, line: &str) {
    if !log.is_empty() && !log.ends_with('\n') {
        log.push('\n');
    }
    log.push_str(line.trim_end());
    if log.len() > MAX_LOG {
        let mut cut = log.len() - MAX_LOG;
        while !log.is_char_boundary(cut) {
            cut += 1;
        }
        log.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls back as the shim does.
    fn send(reporter: &Reporter, message: &CStr) {
        // SAFETY: the pointer is valid while `reporter` lives.
        let native = unsafe { *reporter.as_ptr() };
        let callback = native.report.expect("a callback");
        // SAFETY: the arguments are those that the shim would pass.
        unsafe { callback(native.user_data, message.as_ptr()) };
    }

    #[test]
    fn messages_are_kept_until_taken() {
        let reporter = Reporter::new();
        send(&reporter, c"one");
        send(&reporter, c"two\n");
        // Not UTF-8: kept as far as it can be.
        send(&reporter, c"\xff");
        assert_eq!(reporter.take(), "one\ntwo\n\u{fffd}");
        assert_eq!(reporter.take(), "");
    }

    #[test]
    fn a_moved_reporter_still_works() {
        let reporter = Reporter::new();
        let native = reporter.as_ptr();
        let moved = Box::new(reporter);
        assert_eq!(moved.as_ptr(), native);
        std::thread::scope(|scope| {
            scope.spawn(|| send(&moved, c"from another thread"));
        });
        assert_eq!(moved.take(), "from another thread");
    }

    #[test]
    fn the_end_of_a_long_log_is_kept() {
        let mut log = String::new();
        for number in 0..10_000 {
            push_line(&mut log, &format!("ä {number}"));
        }
        assert!(log.len() <= MAX_LOG);
        assert!(log.ends_with("ä 9999"));
    }

    #[test]
    fn null_messages_are_ignored() {
        let reporter = Reporter::new();
        // SAFETY: the pointer is valid while `reporter` lives.
        let native = unsafe { *reporter.as_ptr() };
        let callback = native.report.expect("a callback");
        // SAFETY: null is checked for.
        unsafe { callback(native.user_data, std::ptr::null()) };
        // SAFETY: null is checked for.
        unsafe { callback(std::ptr::null_mut(), c"x".as_ptr()) };
        assert_eq!(reporter.take(), "");
    }
}
