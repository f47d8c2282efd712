//! Compiles the shim's C files.

use std::path::Path;

/// Compiles them, and compares their declarations with the headers if there are any.
pub(crate) fn compile(include: Option<&Path>) {
    let mut build = cc::Build::new();
    build
        .files(["shim/profiler.c", "shim/tflite_sys.c"])
        .std("c11")
        .warnings_into_errors(false)
        .flag_if_supported("-fvisibility=hidden");
    if let Some(include) = include {
        build.include(include);
        println!("cargo::rustc-env=TFLITE_SYS_INCLUDE={}", include.display());
    }
    build.compile("tflite_sys_shim");
}
