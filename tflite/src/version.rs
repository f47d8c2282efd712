//! Which TensorFlow Lite this is.

use std::ffi::{CStr, c_char};
use std::sync::OnceLock;

use tflite_sys as sys;

use crate::error::{Error, Result};

/// The version of the linked runtime, such as `2.22.0`.
///
/// Wraps `TfLiteVersion()`.
///
/// ```
/// assert_eq!(tflite::version().split('.').count(), 3);
/// ```
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        // SAFETY: the function has no preconditions, and c_api.h promises a pointer to a
        // statically allocated string.
        unsafe { text(sys::TfLiteVersion) }
    })
}

/// The version of the runtime's interface for custom operators and delegates, such as `2.22.0`.
/// It may be one behind or ahead of [`version`].
///
/// Wraps `TfLiteExtensionApisVersion()`.
///
/// ```
/// let major = tflite::extension_apis_version().split('.').next();
/// assert_eq!(major, tflite::version().split('.').next());
/// ```
pub fn extension_apis_version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        // SAFETY: as for `version`.
        unsafe { text(sys::TfLiteExtensionApisVersion) }
    })
}

/// What a C function without arguments says.
///
/// # Safety
///
/// The function must have no preconditions, and return a NUL-terminated string that stays.
unsafe fn text(function: unsafe extern "C" fn() -> *const c_char) -> String {
    // SAFETY: the caller's promise.
    let text = unsafe { function() };
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// The version of the model file format that the runtime reads.
///
/// Wraps `TfLiteSchemaVersion()`.
///
/// ```
/// assert_eq!(tflite::schema_version(), 3);
/// ```
pub fn schema_version() -> i32 {
    // SAFETY: the function has no preconditions.
    unsafe { sys::TfLiteSchemaVersion() }
}

/// Fails if the linked library does not belong to the headers that the bindings come from:
/// structs and functions might differ. Called before anything else of the library is used.
pub(crate) fn check() -> Result<()> {
    compare(sys::TFLITE_VERSION, version())
}

fn compare(expected: &'static str, actual: &str) -> Result<()> {
    if expected == actual {
        return Ok(());
    }
    Err(Error::Version {
        expected,
        actual: actual.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_refused_with_both_numbers() {
        let error = compare("2.22.0", "2.14.1").expect_err("different");
        let text = error.to_string();
        assert!(text.contains("2.22.0") && text.contains("2.14.1"), "{text}");
    }

    #[test]
    fn the_linked_library_says_which_it_is() {
        for text in [version(), extension_apis_version()] {
            let numbers: Vec<_> = text.split('.').map(str::parse::<u32>).collect();
            assert!(matches!(numbers[..], [Ok(2), Ok(_), Ok(_)]), "{text}");
        }
    }

    #[test]
    fn the_linked_library_fits() {
        check().expect("same version");
    }
}
