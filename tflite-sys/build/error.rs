//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("{0} is not set: this script must be run by Cargo")]
    NotUnderCargo(&'static str),
    #[error("the package version {0} does not end in +<TensorFlow Lite version>")]
    NoTfLiteVersion(String),
    #[error(
        "{LIB_KIND} is '{0}', but must be 'static' or 'dylib'",
        LIB_KIND = crate::vars::LIB_KIND
    )]
    BadLibKind(String),
    #[error(
        "{SANITIZE} names '{0}', but only 'undefined', 'thread' and 'coverage' are known \
         ('address' comes from RUSTFLAGS)",
        SANITIZE = crate::vars::SANITIZE
    )]
    BadSanitizer(String),
    #[error(
        "no {file} in {dir} or {dir}/lib\n\
         {LIB_DIR} must name a folder with the prebuilt library; unset it to build from source",
        dir = dir.display(),
        LIB_DIR = crate::vars::LIB_DIR
    )]
    NoPrebuilt { dir: PathBuf, file: String },
    #[cfg(feature = "bundled")]
    #[error("{0}")]
    Source(Box<tflite_sys_source::Error>),
    #[error(
        "no static C++ library: {compiler} -print-file-name={file} names none. \
         Install the compiler's static runtime (Fedora and Amazon Linux: libstdc++-static), \
         or set CXXSTDLIB to the library to link"
    )]
    NoStaticCxx {
        compiler: PathBuf,
        file: &'static str,
    },
    #[error(
        "cannot {what} {path}: {error}\n\
         the caches need a writable folder with 2 GB of room: set XDG_CACHE_HOME to one, or \
         {NO_CACHE}=1 to build in Cargo's output folder",
        path = path.display(),
        NO_CACHE = crate::vars::NO_CACHE
    )]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error(
        "the native build ended, but there is no {path}\n\
         remove the folder tflite-sys/build in the cache folder, and build again",
        path = .0.display()
    )]
    NoArchive(PathBuf),
    #[error(
        "{OPS} names '{name}', which is no operator of TensorFlow Lite{}",
        nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?")),
        OPS = crate::vars::OPS
    )]
    UnknownOperator {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error(
        "cannot read the operators of {path}, which {OPS_FROM} names: {reason}\n\
         a relative path is relative to the folder that Cargo was started in",
        path = path.display(),
        OPS_FROM = crate::vars::OPS_FROM
    )]
    OpsModel { path: PathBuf, reason: String },
    #[error("the operator {0} is selected, but the library has no kernel for it")]
    NoKernel(&'static str),
    #[error(
        "the feature selected-ops cannot be used with {path}: {reason}",
        path = path.display()
    )]
    OpsLibrary { path: PathBuf, reason: String },
    #[error("generating the bindings failed: {0}")]
    #[cfg_attr(
        not(feature = "bindgen"),
        expect(dead_code, reason = "for the feature")
    )]
    Bindgen(String),
}

#[cfg(feature = "bundled")]
impl From<tflite_sys_source::Error> for Error {
    fn from(error: tflite_sys_source::Error) -> Self {
        Self::Source(Box::new(error))
    }
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            error,
        }
    }
}
