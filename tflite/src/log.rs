//! The runtime's process-wide log, as records of the crate `log`.

use std::ffi::{CStr, c_char, c_int};
use std::panic::catch_unwind;
use std::sync::Once;

use tflite_sys as sys;

/// What records are about, unless told otherwise by the application.
const TARGET: &str = "tflite";

/// Has the runtime log to `log`, from the first call on. If somebody has set a sink of their own, it
/// stays.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: the function does not unwind, and can be called at any time, in any thread.
        let before = unsafe { sys::tflite_sys_set_log_sink(Some(sink)) };
        if before.is_some() {
            // SAFETY: it was set before.
            unsafe { sys::tflite_sys_set_log_sink(before) };
        }
    });
}

/// A message of one interpreter. It has no severity; if it is about a failure, there is an error.
pub(crate) fn debug(message: &str) {
    log::debug!(target: TARGET, "{message}");
}

/// The callback: one message.
unsafe extern "C" fn sink(severity: c_int, message: *const c_char) {
    // An unwinding panic must not reach C. The application's logger may panic.
    let _ = catch_unwind(|| {
        if message.is_null() {
            return;
        }
        // SAFETY: the shim promises a NUL-terminated string that is valid during the call.
        let message = unsafe { CStr::from_ptr(message) };
        log::log!(target: TARGET, level(severity), "{}", message.to_string_lossy().trim_end());
    });
}

/// tflite_sys.h numbers severities.
fn level(severity: c_int) -> log::Level {
    match severity {
        ..=0 => log::Level::Debug,
        1 => log::Level::Info,
        2 => log::Level::Warn,
        3.. => log::Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_severity_has_its_level() {
        let levels = [0, 1, 2, 3].map(level);
        use log::Level::{Debug, Error, Info, Warn};
        assert_eq!(levels, [Debug, Info, Warn, Error]);
        assert_eq!((level(-1), level(9)), (Debug, Error));
    }
}
