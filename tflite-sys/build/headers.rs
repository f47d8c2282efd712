//! The public headers that go with the library: those that `wrapper.h` includes.

use std::fs;
use std::path::Path;

use crate::error::Error;

const HEADERS: [&str; 14] = [
    "tensorflow/compiler/mlir/lite/core/c/tflite_types.h",
    "tensorflow/lite/builtin_ops.h",
    "tensorflow/lite/c/c_api_types.h",
    "tensorflow/lite/core/async/c/types.h",
    "tensorflow/lite/core/c/c_api.h",
    "tensorflow/lite/core/c/c_api_experimental.h",
    "tensorflow/lite/core/c/c_api_opaque.h",
    "tensorflow/lite/core/c/c_api_types.h",
    "tensorflow/lite/core/c/common.h",
    "tensorflow/lite/core/c/operator.h",
    "tensorflow/lite/delegates/external/external_delegate.h",
    "tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h",
    "tensorflow/lite/profiling/telemetry/c/profiler.h",
    "tensorflow/lite/profiling/telemetry/c/telemetry_setting.h",
];

/// Copies the headers from the source tree into `include`.
pub(crate) fn install(source: &Path, include: &Path) -> Result<(), Error> {
    for header in HEADERS {
        let from = source.join("tflite/src").join(header);
        let to = include.join(header);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|error| Error::io("make", parent, error))?;
        }
        fs::copy(&from, &to).map_err(|error| Error::io("copy", &from, error))?;
    }
    Ok(())
}
