//! Raw bindings to the C API of TensorFlow Lite, with the library itself.
//!
//! The library is built from its official source, with XNNPACK, and linked statically. Most
//! programs want the safe crate `tflite-native`, which stands on this one.
//!
//! The bindings cover `c_api.h`, `c_api_experimental.h`, `c_api_opaque.h`, `common.h`,
//! `operator.h`, the XNNPACK and external delegates, and the telemetry profiler. C enums are
//! integer constants, so that a value which a newer library returns is no undefined behaviour.
//! The functions that pass a `va_list` are left out; `tflite_sys_*` are this crate's own
//! functions in their place.
//!
//! The kernels are compiled for what Rust may use: with `-Ctarget-cpu=x86-64-v2` in `RUSTFLAGS`, they
//! may use SSE 4.1 too. XNNPACK's kernels look what the processor has when they run.
//!
//! The operators are upstream's, with checks of the values that their kernels trust: `KERNELS.md` beside
//! this crate's manifest lists all.
//!
//! # Selected operators
//!
//! With the feature `selected-ops` a program gets the operators of a list, and the linker leaves out the
//! kernels of all others. Two variables make the list while Cargo builds; if both are set, all that
//! either says is linked:
//!
//! - `TFLITE_SYS_OPS`: names as in the schema, such as `CONV_2D,ADD,SOFTMAX`, or those of
//!   [`CUSTOM_OPERATOR_NAMES`]; separated by commas or blanks.
//! - `TFLITE_SYS_OPS_FROM`: models whose operators are wanted, in all subgraphs; separated as in
//!   `PATH`, by colons. A relative path is relative to the folder that Cargo was started in (more exactly,
//!   to `PWD`). To fix it for a workspace, say in `.cargo/config.toml`:
//!
//!   ```toml
//!   [env]
//!   TFLITE_SYS_OPS_FROM = { value = "models/mine.tflite", relative = true }
//!   ```
//!
//! Operators that XNNPACK computes belong into the list too: the runtime looks them up before. Each
//! comes in all versions that the whole library has, with the same checks. Custom operators of the
//! program's own need no mention. [`SELECTED_OPERATORS`] says what is linked.
//!
//! The list is no part of the cached library: another one costs a copy of the archive and a link.
//! Prebuilt libraries (`TFLITE_SYS_LIB_DIR`) serve too, if they are static. The archive must be of ELF
//! files, as on Linux. The repository's `docs/size.md` has figures.
//!
//! # Sanitizers
//!
//! With `-Zsanitizer=address` in `RUSTFLAGS` (a nightly compiler, and `--target`, so that build
//! scripts stay as they are) the library is instrumented for AddressSanitizer too.
//! `TFLITE_SYS_SANITIZE` adds to that, separated by commas: `undefined` for
//! UndefinedBehaviorSanitizer, whose handlers are in the address and thread sanitizers' run-time
//! libraries; `thread` for ThreadSanitizer, beside `-Zsanitizer=thread`; `coverage` for what
//! libFuzzer follows. All but the first of these need Clang
//! (`CC=clang CXX=clang++`). Each combination has its own place in the build cache.
//! `cargo xtask sanitize` and `cargo xtask fuzz` set all this.
//!
//! # Contract
//!
//! Nothing here is checked. Each function's contract is the comment in the header that declares
//! it; the build script passes the headers' folder on as `DEP_TENSORFLOWLITE_C_INCLUDE`.
//!
//! ```
//! use core::ffi::CStr;
//!
//! // SAFETY: TfLiteVersion() has no preconditions and returns a static, NUL-terminated string.
//! let version = unsafe { CStr::from_ptr(tflite_sys::TfLiteVersion()) };
//! assert_eq!(version.to_str(), Ok(tflite_sys::TFLITE_VERSION));
//! ```
#![no_std]

#[expect(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks,
    reason = "generated from the C headers, whose names and style it keeps"
)]
#[rustfmt::skip]
mod bindings;

mod operators;

pub use bindings::*;
pub use operators::{CUSTOM_OPERATOR_NAMES, OPERATOR_NAMES};

/// The version of the headers that are bound, such as `2.22.0`.
///
/// `TfLiteVersion()` says what is linked. The two must be equal.
pub const TFLITE_VERSION: &str = after_plus(env!("CARGO_PKG_VERSION"));

/// Tells builds of the native library apart: by how it was built, or by the contents of a prebuilt
/// one. `unknown` where nothing is linked.
pub const LIBRARY_ID: &str = match option_env!("TFLITE_SYS_LIBRARY_ID") {
    Some(id) => id,
    None => "unknown",
};

/// With the feature `selected-ops`, the names of the operators that are linked, separated by spaces.
pub const SELECTED_OPERATORS: Option<&str> = if cfg!(feature = "selected-ops") {
    option_env!("TFLITE_SYS_SELECTED")
} else {
    None
};

/// The folder of the C headers, where there are any: for tests that compile C.
#[doc(hidden)]
pub const INCLUDE: Option<&str> = option_env!("TFLITE_SYS_INCLUDE");

/// The part of a version behind its `+`.
const fn after_plus(version: &str) -> &str {
    let mut at = 0;
    while version.as_bytes()[at] != b'+' {
        at += 1;
    }
    version.split_at(at + 1).1
}
