//! What Cargo and the linker are told.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cache::Built;
use crate::error::Error;
use crate::vars::{self, Target};

/// Links a library that was built from source.
pub(crate) fn built(library: &Built, target: &Target) -> Result<(), Error> {
    println!("cargo::metadata=root={}", library.lib.join("..").display());
    println!("cargo::metadata=include={}", library.include.display());
    static_library(&library.lib, target)
}

fn static_library(dir: &Path, target: &Target) -> Result<(), Error> {
    println!("cargo::rustc-link-search=native={}", dir.display());
    // Not bundled into the rlib: that would copy the archive at each build.
    println!("cargo::rustc-link-lib=static:-bundle=tensorflowlite_c");
    cxx_library(target)?;
    if target.os == "linux" {
        // Part of libc itself since glibc 2.34, and in musl; older ones have them apart.
        for library in ["m", "pthread", "dl"] {
            println!("cargo::rustc-link-lib=dylib={library}");
        }
    }
    Ok(())
}

/// Links the C++ runtime: statically where that is usual, so that programs run on machines
/// without it.
fn cxx_library(target: &Target) -> Result<(), Error> {
    if let Some(library) = vars::get(vars::CXXSTDLIB) {
        println!("cargo::rustc-link-lib={}", library.to_string_lossy());
        return Ok(());
    }
    if target.is_apple() {
        // The system's own, and part of every system.
        println!("cargo::rustc-link-lib=dylib=c++");
        return Ok(());
    }
    let compiler = cc::Build::new().cpp(true).get_compiler();
    let file = "libstdc++.a";
    let missing = || Error::NoStaticCxx {
        compiler: compiler.path().to_owned(),
        file,
    };
    let mut command = compiler.to_command();
    let output = command
        .arg(format!("-print-file-name={file}"))
        .output()
        .map_err(|_| missing())?;
    // A compiler that does not know the file answers with the bare name.
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let dir = path
        .parent()
        .filter(|dir| dir.is_absolute())
        .ok_or_else(missing)?;
    println!("cargo::rustc-link-search=native={}", dir.display());
    println!("cargo::rustc-link-lib=static:-bundle=stdc++");
    Ok(())
}

/// A library that the user has built, or got, elsewhere.
pub(crate) struct Prebuilt {
    dir: PathBuf,
    root: PathBuf,
    include: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Static,
    Dylib,
}

impl Prebuilt {
    /// Looks for the library in `dir` and in its `lib`.
    pub(crate) fn find(dir: PathBuf, target: &Target) -> Result<Self, Error> {
        println!("cargo::rerun-if-changed={}", dir.display());
        let kind = match vars::get(vars::LIB_KIND) {
            None => Kind::Static,
            Some(kind) if kind == "static" => Kind::Static,
            Some(kind) if kind == "dylib" => Kind::Dylib,
            Some(kind) => return Err(Error::BadLibKind(kind.to_string_lossy().into_owned())),
        };
        let file = match kind {
            Kind::Static => "libtensorflowlite_c.a",
            Kind::Dylib if target.is_apple() => "libtensorflowlite_c.dylib",
            Kind::Dylib => "libtensorflowlite_c.so",
        };
        let found = [dir.clone(), dir.join("lib")]
            .into_iter()
            .find(|dir| dir.join(file).exists());
        match found {
            Some(found) => Ok(Self {
                dir: found,
                include: dir.join("include"),
                root: dir,
                kind,
            }),
            None => Err(Error::NoPrebuilt {
                dir,
                file: file.to_owned(),
            }),
        }
    }

    /// The folder of its headers, if it came with them.
    pub(crate) fn include(&self) -> Option<&Path> {
        Some(self.include.as_path()).filter(|dir| dir.join("tensorflow").is_dir())
    }

    /// Whether this package built it: then its manifest lies beside.
    pub(crate) fn is_ours(&self) -> bool {
        fs::read_to_string(self.root.join("manifest.toml"))
            .is_ok_and(|manifest| manifest.contains("tflite = "))
    }

    /// Links it.
    pub(crate) fn link(&self, target: &Target) -> Result<(), Error> {
        println!("cargo::metadata=root={}", self.root.display());
        match self.kind {
            Kind::Static => static_library(&self.dir, target),
            Kind::Dylib => {
                println!("cargo::rustc-link-search=native={}", self.dir.display());
                println!("cargo::rustc-link-lib=dylib=tensorflowlite_c");
                Ok(())
            }
        }
    }
}

/// Puts the failure off until a program is linked: the message is then the name of a library that
/// the linker does not find.
pub(crate) fn defer(message: &str) -> Result<(), Error> {
    println!("cargo::warning=TensorFlow Lite is not built: {message}");
    // In a library's name a colon would begin another name for it.
    let library = format!("TensorFlow Lite was not built - {message}").replace(':', " -");
    println!("cargo::rustc-link-lib=dylib={library}");
    // A file that never exists has Cargo run this script at each build, until the tools are there.
    let never = PathBuf::from(vars::cargo("OUT_DIR")?).join("never");
    println!("cargo::rerun-if-changed={}", never.display());
    Ok(())
}
