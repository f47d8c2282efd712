//! The environment: every variable that the build reads is named and read here.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::Error;

/// Set by docs.rs while it builds documentation.
pub(crate) const DOCS_RS: &str = "DOCS_RS";
/// A folder with a prebuilt library, instead of a build from source.
pub(crate) const LIB_DIR: &str = "TFLITE_SYS_LIB_DIR";
/// What the prebuilt library is: `static` (the default) or `dylib`.
pub(crate) const LIB_KIND: &str = "TFLITE_SYS_LIB_KIND";
/// `1` builds in Cargo's own output folder, and neither reads nor writes the build cache.
pub(crate) const NO_CACHE: &str = "TFLITE_SYS_NO_CACHE";
/// Sanitizers that the library is instrumented for, such as `undefined,coverage`.
pub(crate) const SANITIZE: &str = "TFLITE_SYS_SANITIZE";
/// A file that progress is written to, instead of the terminal; `off` for none.
pub(crate) const PROGRESS: &str = "TFLITE_SYS_PROGRESS";
/// With the feature `selected-ops`: names of operators, such as `CONV_2D,ADD`.
pub(crate) const OPS: &str = "TFLITE_SYS_OPS";
/// With the feature `selected-ops`: models whose operators are wanted, separated as in `PATH`.
pub(crate) const OPS_FROM: &str = "TFLITE_SYS_OPS_FROM";
/// The C++ standard library to link, as in the `cc` crate; empty for none.
pub(crate) const CXXSTDLIB: &str = "CXXSTDLIB";

/// Reads a variable, and has Cargo run this script again when it changes. An empty one counts as
/// unset.
pub(crate) fn get(name: &str) -> Option<OsString> {
    get_even_empty(name).filter(|value| !value.is_empty())
}

/// Reads a variable of which an empty value means something.
pub(crate) fn get_even_empty(name: &str) -> Option<OsString> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var_os(name)
}

/// Reads a variable that does not change what is built: no reason to run this script again.
pub(crate) fn get_quietly(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Reads a variable that names a path. A relative one is relative to where Cargo was started, as
/// far as that can be known; the script itself runs in the package's folder.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    get(name).map(|value| from_users_folder(value.into()))
}

/// Makes a path that the user wrote absolute.
pub(crate) fn from_users_folder(path: PathBuf) -> PathBuf {
    if path.is_absolute() {
        return path;
    }
    // The shell sets PWD, and Cargo leaves it alone.
    let base = env::var_os("PWD").map(PathBuf::from).unwrap_or_default();
    base.join(path)
}

/// Reads a variable as a switch: `1`, `true`, `yes` and `on` switch it on.
pub(crate) fn is_on(name: &str) -> bool {
    get(name).is_some_and(|value| {
        ["1", "true", "yes", "on"]
            .iter()
            .any(|on| value.eq_ignore_ascii_case(on))
    })
}

/// Reads a variable that Cargo always sets for build scripts.
pub(crate) fn cargo(name: &'static str) -> Result<String, Error> {
    env::var(name).map_err(|_| Error::NotUnderCargo(name))
}

/// The platform that is built for.
///
/// The `cfg!` of a build script speaks of the machine that it runs on, so these come from
/// `CARGO_CFG_TARGET_*`.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) triple: String,
    pub(crate) os: String,
}

impl Target {
    pub(crate) fn from_cargo() -> Result<Self, Error> {
        Ok(Self {
            triple: cargo("TARGET")?,
            os: cargo("CARGO_CFG_TARGET_OS")?,
        })
    }

    /// Whether the platform's loader and symbol rules are Apple's.
    pub(crate) fn is_apple(&self) -> bool {
        matches!(
            self.os.as_str(),
            "macos" | "ios" | "tvos" | "watchos" | "visionos"
        )
    }
}

/// Has `cc`, and CMake through it, call the compilers for `target` with these flags behind those of
/// the environment. To be called while the script has one thread.
///
/// They are part of the cached library's key, as all that comes from there.
pub(crate) fn add_flags(target: &Target, flags: &str) {
    let triple = &target.triple;
    let underscored = triple.replace('-', "_");
    for name in ["CFLAGS", "CXXFLAGS"] {
        let own = format!("{name}_{triple}");
        // `cc` takes the first that is set.
        let mut value = get(&own)
            .or_else(|| get(&format!("{name}_{underscored}")))
            .or_else(|| get(&format!("TARGET_{name}")))
            .or_else(|| get(name))
            .unwrap_or_default();
        value.push(" ");
        value.push(flags);
        // SAFETY: this script has no other thread yet.
        unsafe { env::set_var(&own, value) };
    }
}

/// The version of TensorFlow Lite that this package binds, the part of its own version behind `+`.
pub(crate) fn tflite_version() -> Result<String, Error> {
    let version = cargo("CARGO_PKG_VERSION")?;
    match version.split_once('+') {
        Some((_, tflite)) => Ok(tflite.to_owned()),
        None => Err(Error::NoTfLiteVersion(version)),
    }
}
