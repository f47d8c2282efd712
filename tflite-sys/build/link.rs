//! What Cargo and the linker are told.

use std::path::{Path, PathBuf};

#[cfg(feature = "bundled")]
use crate::cache::Built;
use crate::compilers;
use crate::error::Error;
use crate::identity;
use crate::selected::{self, Selection};
use crate::vars::{self, Target};

/// Links a library that was built from source.
#[cfg(feature = "bundled")]
pub(crate) fn built(
    library: &Built,
    target: &Target,
    selection: Option<&Selection>,
) -> Result<(), Error> {
    println!("cargo::metadata=root={}", library.dir.display());
    println!("cargo::metadata=include={}", library.include.display());
    static_library(&library.archive(), target, selection)
}

/// Has the crate know the library by its contents.
fn identify(library: &Path) -> Result<(), Error> {
    let id = identity::of(library)?;
    println!("cargo::rustc-env=TFLITE_SYS_LIBRARY_ID={id}");
    Ok(())
}

fn static_library(
    archive: &Path,
    target: &Target,
    selection: Option<&Selection>,
) -> Result<(), Error> {
    // A file is in some folder.
    let dir = archive.parent().unwrap_or(archive);
    println!("cargo::rustc-link-search=native={}", dir.display());
    let name = match selection {
        None => {
            identify(archive)?;
            "tensorflowlite_c"
        }
        Some(selection) => {
            let out = PathBuf::from(vars::cargo("OUT_DIR")?).join("selected");
            println!("cargo::rustc-link-search=native={}", out.display());
            identify(&selection.apply(archive, &out)?)?;
            selected::LIBRARY
        }
    };
    // Not bundled into the rlib: that would copy the archive at each build.
    println!("cargo::rustc-link-lib=static:-bundle={name}");
    match CxxLibrary::shipped(dir) {
        Some(library) => library.link(),
        None => CxxLibrary::find(target)?.link(),
    }
    if target.os == "linux" {
        // Part of libc itself since glibc 2.34, and in musl; older ones have them apart.
        for library in ["m", "pthread", "dl"] {
            println!("cargo::rustc-link-lib=dylib={library}");
        }
    }
    Ok(())
}

/// The C++ runtime: linked statically where that is usual, so that programs run on machines without
/// it.
pub(crate) enum CxxLibrary {
    /// As the user said; `None` for none.
    Named(Option<String>),
    /// The system's own, and part of every system.
    Apple,
    /// libc++, which the linker brings and links statically.
    Zig,
    /// The compiler's static one, in this folder.
    Static(PathBuf),
    /// The one that came with a prebuilt library, in that one's folder.
    Shipped,
}

/// Name of the C++ runtime beside a prebuilt library. Not that of any compiler's own: some linkers
/// put their own in the place of libraries with such names.
const SHIPPED: &str = "tflite_cxx";

impl CxxLibrary {
    pub(crate) fn find(target: &Target) -> Result<Self, Error> {
        if let Some(library) = vars::get_even_empty(vars::CXXSTDLIB) {
            let library = library.to_string_lossy().into_owned();
            return Ok(Self::Named(Some(library).filter(|name| !name.is_empty())));
        }
        if target.is_apple() {
            return Ok(Self::Apple);
        }
        let file = "libstdc++.a";
        let missing = |compiler: PathBuf| Error::NoStaticCxx { compiler, file };
        let Ok(compiler) = cc::Build::new().cpp(true).try_get_compiler() else {
            return Err(missing("no compiler".into()));
        };
        if compilers::is_zig(&compiler) {
            return Ok(Self::Zig);
        }
        let mut command = compiler.to_command();
        let answer = match command.arg(format!("-print-file-name={file}")).output() {
            Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            Err(_) => String::new(),
        };
        // A compiler that does not know the file answers with the bare name.
        match Path::new(&answer).parent() {
            Some(dir) if dir.is_absolute() => Ok(Self::Static(dir.to_owned())),
            _ => Err(missing(compiler.path().to_owned())),
        }
    }

    /// The one beside a library: with it, no C++ compiler is needed. The user's word goes first.
    fn shipped(dir: &Path) -> Option<Self> {
        let is_there = dir.join(format!("lib{SHIPPED}.a")).exists();
        (is_there && vars::get_even_empty(vars::CXXSTDLIB).is_none()).then_some(Self::Shipped)
    }

    fn link(&self) {
        match self {
            Self::Named(None) => {}
            Self::Shipped => println!("cargo::rustc-link-lib=static:-bundle={SHIPPED}"),
            Self::Named(Some(library)) => println!("cargo::rustc-link-lib={library}"),
            Self::Apple | Self::Zig => println!("cargo::rustc-link-lib=dylib=c++"),
            Self::Static(dir) => {
                println!("cargo::rustc-link-search=native={}", dir.display());
                println!("cargo::rustc-link-lib=static:-bundle=stdc++");
            }
        }
    }
}

/// A library that the user has built, or got, elsewhere.
pub(crate) struct Prebuilt {
    /// The folder that the user named.
    root: PathBuf,
    /// The folder that it is in.
    lib: PathBuf,
    /// The folder of its headers, if it came with them.
    include: Option<PathBuf>,
    /// The name of its file.
    file: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Static,
    Dylib,
}

impl Prebuilt {
    /// Looks for the library in `root` and in its `lib`, and for headers beside it.
    pub(crate) fn find(root: PathBuf, target: &Target) -> Result<Self, Error> {
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
        let found = [root.clone(), root.join("lib")]
            .into_iter()
            .find(|dir| dir.join(file).exists());
        let Some(lib) = found else {
            println!("cargo::rerun-if-changed={}", root.display());
            return Err(Error::NoPrebuilt {
                dir: root,
                file: file.to_owned(),
            });
        };
        println!("cargo::rerun-if-changed={}", lib.join(file).display());
        let include = [root.join("include"), root.join("../include")]
            .into_iter()
            .find(|dir| dir.join("tensorflow/lite").is_dir());
        Ok(Self {
            root,
            lib,
            include,
            file,
            kind,
        })
    }

    /// The folder of its headers, if it came with them.
    pub(crate) fn include(&self) -> Option<&Path> {
        self.include.as_deref()
    }

    /// Links it.
    pub(crate) fn link(&self, target: &Target, selection: Option<&Selection>) -> Result<(), Error> {
        println!("cargo::metadata=root={}", self.root.display());
        if let Some(include) = &self.include {
            println!("cargo::metadata=include={}", include.display());
        }
        let file = self.lib.join(self.file);
        match self.kind {
            Kind::Static => static_library(&file, target, selection),
            Kind::Dylib if selection.is_some() => Err(Error::OpsLibrary {
                path: file,
                reason: "only a static library can be linked in part".to_owned(),
            }),
            Kind::Dylib => {
                identify(&file)?;
                println!("cargo::rustc-link-search=native={}", self.lib.display());
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
