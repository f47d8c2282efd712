//! Rust's standard library for another architecture.
//!
//! On most machines rustup has it. Where rustup's server is out of reach, Debian has it too: its
//! package `libstd-rust-dev:arm64`, with the compiler that it was made by.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::cross::Arch;
use crate::debian::{self, Root};
use crate::run::{Result, capture, tools};
use crate::setup::answers;

/// Where it comes from.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Std {
    /// rustup's if it can be had, or else Debian's
    #[default]
    Auto,
    /// The toolchain in use, to which rustup adds it
    Rustup,
    /// Debian's, with Debian's compiler
    Debian,
}

/// The newest suite of Debian.
const ROOT: Root = Root {
    name: "forky-rust",
    suite: "forky",
    architectures: &["amd64", "arm64"],
    packages: &["rustc", "libstd-rust-dev:arm64"],
};

/// Makes sure that there is one, and says which compiler has it, if that is not the usual one.
pub(crate) fn find(arch: Arch, from: Std) -> Result<Option<PathBuf>> {
    let triple = arch.triple();
    if from != Std::Debian {
        if serves(Path::new("rustc"), triple).is_ok() {
            eprintln!("    Rust's standard library for {triple}: that of the toolchain in use");
            return Ok(None);
        }
        // No root of Debian's is made where rustup does it, but one that is there is used.
        let has_root = from == Std::Auto && debian::is_there(&ROOT);
        if !has_root
            && answers(&["rustup", "target", "add", triple])
            && serves(Path::new("rustc"), triple).is_ok()
        {
            eprintln!("    Rust's standard library for {triple}: added by rustup");
            return Ok(None);
        }
        if from == Std::Rustup {
            return Err(format!("'rustup target add {triple}' has not worked"));
        }
    }
    if arch != Arch::Aarch64 || std::env::consts::ARCH != "x86_64" {
        return Err(format!(
            "there is no standard library for {triple}: rustup target add {triple}"
        ));
    }
    let root = debian::root(&ROOT)?;
    let rustc = wrapper(&root)?;
    let version = capture(Command::new(&rustc).arg("--version"))?;
    serves(&rustc, triple)?;
    eprintln!(
        "    Rust's standard library for {triple}: Debian's, with {}",
        version.trim()
    );
    Ok(Some(rustc))
}

/// Tries whether a compiler has the library: a folder alone may be half of one, or another version's.
fn serves(rustc: &Path, triple: &str) -> Result<()> {
    let source = tools().join("empty.rs");
    fs::create_dir_all(tools())
        .and_then(|()| fs::write(&source, ""))
        .map_err(|error| format!("{}: {error}", source.display()))?;
    let mut command = Command::new(rustc);
    command
        .args(["--target", triple, "--crate-type=lib", "--emit=metadata"])
        .arg("--out-dir")
        .arg(tools())
        .arg(&source);
    capture(&mut command).map(drop)
}

/// Where the loader can be. Without the package that makes `/lib64` a link, it is only in `/usr`.
const LOADERS: [&str; 2] = [
    "usr/lib64/ld-linux-x86-64.so.2",
    "lib64/ld-linux-x86-64.so.2",
];

/// A script that calls the compiler in `root` through the loader and the libraries in there.
fn wrapper(root: &Path) -> Result<PathBuf> {
    let loader = LOADERS
        .iter()
        .find(|loader| root.join(loader).is_file())
        .ok_or_else(|| format!("{} has no {}", root.display(), LOADERS.join(" or ")))?;
    let text = format!(
        "#!/bin/sh\n\
         root='{}'\n\
         libraries=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu\n\
         exec \"$root/{loader}\" --library-path \"$libraries\" \\\n  \
         \"$root/usr/bin/rustc\" --sysroot \"$root/usr\" \"$@\"\n",
        root.display()
    );
    let path = tools().join("rustc-of-debian");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    // Cargo takes a newer file for another compiler.
    if !fs::read_to_string(&path).is_ok_and(|there| there == text) {
        fs::write(&path, text).map_err(failed)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    Ok(path)
}
