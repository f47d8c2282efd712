//! What the runtime reports: kept for the error that follows, and passed on.

use std::ffi::{CStr, c_char, c_void};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

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
    sink: Sink,
}

/// Where messages go.
struct Sink {
    log: Mutex<String>,
    listener: Option<Listener>,
}

/// Whom the messages of an interpreter are passed on to.
#[derive(Clone)]
pub(crate) struct Listener(Arc<dyn Fn(&str) + Send + Sync>);

impl Listener {
    pub(crate) fn new(callback: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    /// A listener that makes records of what it hears, too.
    #[cfg(feature = "log")]
    pub(crate) fn logging(listener: Option<Self>) -> Option<Self> {
        Some(Self::new(move |message| {
            crate::log::debug(message);
            if let Some(Self(listener)) = &listener {
                listener(message);
            }
        }))
    }

    #[cfg(not(feature = "log"))]
    pub(crate) fn logging(listener: Option<Self>) -> Option<Self> {
        listener
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Reporter {
    /// Keeps messages for errors.
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    /// Passes them on, too.
    pub(crate) fn with(listener: Option<Listener>) -> Self {
        let inner = Box::into_raw(Box::new(Inner {
            native: sys::tflite_sys_reporter {
                report: Some(report),
                user_data: std::ptr::null_mut(),
            },
            sink: Sink {
                log: Mutex::new(String::new()),
                listener,
            },
        }));
        // SAFETY: `inner` comes from a box and nothing else uses it yet.
        let sink = unsafe { &raw const (*inner).sink };
        // SAFETY: as before. The sink lies at this address until `drop`.
        unsafe { (*inner).native.user_data = sink.cast_mut().cast() };
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
        std::mem::take(
            &mut *inner
                .sink
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
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
// and an address, a mutex, and a callback that any thread may call.
unsafe impl Send for Reporter {}
// SAFETY: as for `Send`; `&self` gives no access but through the mutex.
unsafe impl Sync for Reporter {}

/// The callback: adds one message to the log.
unsafe extern "C" fn report(user_data: *mut c_void, message: *const c_char) {
    // An unwinding panic must not reach C. The listener may panic: that is the end of it.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if user_data.is_null() || message.is_null() {
            return;
        }
        // SAFETY: `user_data` is what `Reporter::with` set, the address of a sink that outlives all
        // calls. It is only ever used through shared references.
        let sink = unsafe { &*user_data.cast_const().cast::<Sink>() };
        // SAFETY: the shim promises a NUL-terminated string that is valid during the call.
        let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
        {
            let mut log = sink.log.lock().unwrap_or_else(PoisonError::into_inner);
            push_line(&mut log, &message);
        }
        // Without the lock, and when all else is done: it may do anything.
        if let Some(Listener(listener)) = &sink.listener {
            listener(message.trim_end());
        }
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
pub(crate) mod tests {
    use super::*;

    /// Calls back as the shim does.
    /// Reports a message as C does.
    pub(crate) fn send(reporter: &Reporter, message: &CStr) {
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
    fn messages_are_passed_on_and_a_panic_does_not_get_far() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let reporter = Reporter::with(Some(Listener::new(move |message| {
            listener
                .lock()
                .expect("one at a time")
                .push(message.to_owned());
            assert!(message != "two", "the listener panics");
        })));
        for message in [c"one\n", c"two"] {
            send(&reporter, message);
        }
        assert_eq!(reporter.take(), "one\ntwo");
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(*heard, ["one", "two"]);
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
