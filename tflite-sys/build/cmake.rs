//! Runs CMake on `cmake/CMakeLists.txt`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::progress::BuildWatch;
use crate::{tools, vars};

/// File name of the library.
pub(crate) const ARCHIVE: &str = "libtensorflowlite_c.a";

/// What Rust calls the extensions of x86 that the kernels have code for, and the compilers' flags.
const X86_FEATURES: [(&str, &str); 15] = [
    ("sse3", "-msse3"),
    ("ssse3", "-mssse3"),
    ("sse4.1", "-msse4.1"),
    ("sse4.2", "-msse4.2"),
    ("popcnt", "-mpopcnt"),
    ("lzcnt", "-mlzcnt"),
    ("bmi1", "-mbmi"),
    ("bmi2", "-mbmi2"),
    ("f16c", "-mf16c"),
    ("fma", "-mfma"),
    ("avx", "-mavx"),
    ("avx2", "-mavx2"),
    ("avx512f", "-mavx512f"),
    ("avx512bw", "-mavx512bw"),
    ("avx512vl", "-mavx512vl"),
];

/// The flags for what Rust may use beyond the target's base line, as by `-Ctarget-cpu=x86-64-v2`
/// or `-Ctarget-feature=+sse4.1`: the kernels may then use it too.
pub(crate) fn feature_flags() -> Result<Vec<String>, Error> {
    let arch = vars::cargo("CARGO_CFG_TARGET_ARCH")?;
    if !matches!(arch.as_str(), "x86" | "x86_64") {
        return Ok(Vec::new());
    }
    let features = vars::cargo("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let is_on = |name: &str| features.split(',').any(|feature| feature == name);
    let flags = X86_FEATURES.iter().filter(|(name, _)| is_on(name));
    Ok(flags.map(|(_, flag)| (*flag).to_owned()).collect())
}

/// Builds the library from the tree `source` in the folder `work`, and says where it is.
pub(crate) fn build(source: &Path, work: &Path) -> Result<PathBuf, Error> {
    let ninja = tools::has_ninja();
    // A folder of another generator would be refused.
    let work = &work.join(if ninja { "ninja" } else { "make" });
    fs::create_dir_all(work).map_err(|error| Error::io("make", work, error))?;
    let source = source
        .canonicalize()
        .map_err(|error| Error::io("find", source, error))?;
    let mut config = cmake::Config::new("cmake");
    for flag in feature_flags()? {
        config.cflag(&flag).cxxflag(&flag);
    }
    config
        .profile("Release")
        .out_dir(work)
        .define("TFLITE_SYS_SOURCE_DIR", &source)
        .define("TFLITE_SYS_TFLITE_VERSION", vars::tflite_version()?)
        .build_target("tensorflowlite_c");
    // The crate's own choice may be make, even where ninja is installed.
    let mut watch = None;
    if ninja {
        config.generator("Ninja");
        watch = Some(BuildWatch::start(work.join("build")));
    }
    // Panics with the compiler's output if the build fails: Cargo shows that output.
    let out = config.build();
    drop(watch);
    let archive = out.join("build").join(ARCHIVE);
    if archive.exists() {
        Ok(archive)
    } else {
        Err(Error::NoArchive(archive))
    }
}
