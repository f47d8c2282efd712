//! Builds with sanitizers: a nightly compiler for Rust, Clang for the native library.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::run::{Result, capture, cargo, root, target};
use crate::setup;

/// What the native library is instrumented for, beside what `RUSTFLAGS` ask for. Tests and fuzz
/// targets share it: it takes a quarter of an hour to build.
const NATIVE: &str = "undefined,coverage";

/// What runs under sanitizers.
pub(crate) const ADDRESS: &str = "-Zsanitizer=address";

/// Installs what is missing.
pub(crate) fn prepare() -> Result<()> {
    setup::for_build()?;
    setup::ensure(setup::SYMBOLIZER)?;
    if clang().is_none() {
        setup::ensure(setup::CLANG)?;
    }
    capture(nightly().arg("--version"))
        .map(drop)
        .map_err(|error| {
            format!("a nightly toolchain is needed: rustup toolchain install nightly\n{error}")
        })
}

/// Cargo of the nightly toolchain.
pub(crate) fn nightly() -> Command {
    let mut command = cargo_of_nightly();
    command.current_dir(root());
    command
}

fn cargo_of_nightly() -> Command {
    // Keeps what `cargo()` sets for progress. The proxy of rustup picks the toolchain.
    let ours = cargo();
    let mut command = Command::new("cargo");
    for (name, value) in ours.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    for variable in ["CARGO", "RUSTC", "RUSTDOC"] {
        command.env_remove(variable);
    }
    command.env("RUSTUP_TOOLCHAIN", "nightly");
    command
}

/// Has the native library built with Clang, instrumented for `native` or the usual.
pub(crate) fn with_native<'c>(command: &'c mut Command, native: Option<&str>) -> &'c mut Command {
    let suffix = clang().unwrap_or("-19");
    command
        .env("CC", format!("clang{suffix}"))
        .env("CXX", format!("clang++{suffix}"))
        .env("TFLITE_SYS_SANITIZE", native.unwrap_or(NATIVE))
        .env("CARGO_TARGET_DIR", dir())
}

/// What is behind the name of the first Clang that has the sanitizers and knows enough of C++20:
/// Abseil asks where it is called from, which older ones cannot say.
fn clang() -> Option<&'static str> {
    static SUFFIX: OnceLock<Option<&str>> = OnceLock::new();
    let names = ["", "-22", "-21", "-20", "-19", "-18", "-17", "-16"];
    *SUFFIX.get_or_init(|| names.into_iter().find(|suffix| is_enough(suffix)))
}

fn is_enough(suffix: &str) -> bool {
    let mut command = Command::new(format!("clang++{suffix}"));
    command
        .args(["-std=c++20", "-fsanitize=address", "-o", "/dev/null"])
        .args(["-x", "c++", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut input) = child.stdin.take() {
        let _ = input
            .write_all(b"#include <source_location>\nstd::source_location here;\nint main() {}\n");
    }
    child.wait().is_ok_and(|status| status.success())
}

/// The folder of all that is built with sanitizers.
pub(crate) fn dir() -> PathBuf {
    target().join("sanitize")
}

/// The triple of this machine.
pub(crate) fn host() -> Result<String> {
    let mut rustc = Command::new("rustc");
    let text = capture(rustc.env("RUSTUP_TOOLCHAIN", "nightly").arg("-vV"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| "rustc does not name the host".to_owned())
}

/// A path among the files of this package.
pub(crate) fn file(name: &str) -> PathBuf {
    root().join("xtask/sanitizers").join(name)
}

/// Options of the sanitizers' run-time libraries, as one variable's value.
pub(crate) fn options(pairs: &[(&str, OsString)]) -> OsString {
    let mut value = OsString::new();
    for (name, own) in pairs {
        if !value.is_empty() {
            value.push(":");
        }
        value.push(name);
        value.push("=");
        value.push(own);
    }
    value
}
