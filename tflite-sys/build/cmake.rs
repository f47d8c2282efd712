//! Runs CMake on `cmake/CMakeLists.txt`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::progress::BuildWatch;
use crate::{tools, vars};

/// File name of the library.
pub(crate) const ARCHIVE: &str = "libtensorflowlite_c.a";

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
