//! Compiles `shim/tflite_sys.c`.

use std::path::Path;

use crate::error::Error;

/// `ours` says whether the library has the log sink that `shim/minimal_logging.cc` defines.
pub(crate) fn compile(include: Option<&Path>, ours: bool) -> Result<(), Error> {
    let mut build = cc::Build::new();
    build
        .file("shim/tflite_sys.c")
        .std("c11")
        .warnings_into_errors(false)
        .flag_if_supported("-fvisibility=hidden");
    if let Some(include) = include {
        build.include(include);
    }
    if !ours {
        build.define("TFLITE_SYS_NO_LOG_SINK", None);
    }
    build.compile("tflite_sys_shim");
    Ok(())
}
