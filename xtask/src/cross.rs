//! `cargo xtask build`: programs for Lambda, with a compiler and linker that know old glibcs.
//!
//! Zig carries the symbol lists of all glibc versions for both architectures, and its own libc++,
//! which it links statically. The native library and Rust's code both go through it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::glibc;
use crate::python;
use crate::run::{Result, capture, cargo, checked, empty_folder, messages, step, tools};
use crate::rust_std::{self, Std};
use crate::setup;

/// Cargo's command and the compiler, as packages of Python's registry.
const PINS: &[&str] = &["cargo-zigbuild==0.24.0", "ziglang==0.17.1"];

/// An architecture that Lambda has.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    #[value(name = "x86_64")]
    X86_64,
    #[value(name = "aarch64", alias = "arm64")]
    Aarch64,
}

impl Arch {
    /// Rust's name.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// This machine's.
    pub(crate) fn native() -> Result<Self> {
        match env::consts::ARCH {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Aarch64),
            other => Err(format!("Lambda has no {other}")),
        }
    }

    /// Zig's name, with a version of glibc.
    fn zig(self, glibc: &str) -> String {
        match self {
            Self::X86_64 => format!("x86_64-linux-gnu.{glibc}"),
            Self::Aarch64 => format!("aarch64-linux-gnu.{glibc}"),
        }
    }

    /// Whether programs for it run on this machine as they are.
    pub(crate) fn is_native(self) -> bool {
        self.triple().starts_with(env::consts::ARCH)
    }
}

/// A program of the workspace.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    /// The Lambda function
    Bootstrap,
    /// The command-line tool
    Tflite,
    /// This project's side of the benchmark
    #[value(skip)]
    BenchOurs,
}

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Tflite => "tflite",
            Self::BenchOurs => "bench-ours",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Bootstrap => "lambda-fn",
            Self::Tflite => "tflite-cli",
            Self::BenchOurs => "bench-ours",
        }
    }
}

#[derive(Args)]
pub(crate) struct Options {
    /// What to build
    #[arg(value_enum, default_values = ["bootstrap"])]
    programs: Vec<Program>,
    /// The architecture to build for
    #[arg(long, value_enum)]
    target: Arch,
    /// The oldest glibc that the programs must run with
    #[arg(long, default_value = glibc::FLOOR)]
    glibc: String,
    /// Where Rust's standard library for another architecture comes from
    #[arg(long, value_enum, default_value = "auto")]
    rust_std: Std,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let built = build(
        &options.programs,
        options.target,
        &options.glibc,
        options.rust_std,
    )?;
    for program in built.programs {
        println!("{}", program.display());
    }
    Ok(())
}

/// What a build has made.
pub(crate) struct Built {
    /// In the order that was asked for.
    pub(crate) programs: Vec<PathBuf>,
    /// What Cargo has said of its work.
    pub(crate) messages: Vec<Value>,
}

/// Builds programs as they are deployed, and fails if they need more than that glibc.
pub(crate) fn build(programs: &[Program], arch: Arch, glibc: &str, std: Std) -> Result<Built> {
    setup::for_cross_build()?;
    let python = python()?;
    let rustc = rust_std::find(arch, std)?;
    let what = format!("Building for {} with glibc {glibc}", arch.triple());
    let messages = step(&what, || {
        let mut all = Vec::new();
        for program in programs {
            let mut command = cargo();
            command
                .args(["zigbuild", "--release", "--locked", "--target"])
                .arg(format!("{}.{glibc}", arch.triple()))
                // Each by itself: together they would get features that the others ask for.
                .args(["--package", program.package(), "--bin", program.name()])
                .env("PATH", before(python.parent().unwrap_or(&python))?);
            if let Some(rustc) = &rustc {
                command.env("RUSTC", rustc);
            }
            all.extend(messages(&mut command)?);
        }
        Ok(all)
    })?;
    let programs = programs
        .iter()
        .map(|program| {
            let path = messages
                .iter()
                .filter(|message| message["target"]["name"] == program.name())
                .find_map(|message| message["executable"].as_str().map(PathBuf::from))
                .ok_or_else(|| format!("cargo zigbuild made no {}", program.name()))?;
            describe(&path, glibc)?;
            Ok(path)
        })
        .collect::<Result<_>>()?;
    Ok(Built { programs, messages })
}

/// The interpreter whose packages have Zig.
fn python() -> Result<PathBuf> {
    python::environment("zig", "Zig and cargo-zigbuild", PINS)
}

/// Zig's notices for its C++ library, with names to file them under.
pub(crate) fn cxx_notices() -> Result<Vec<(String, PathBuf)>> {
    let ask = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
    let dir = capture(Command::new(python()?).args(["-c", ask]))?;
    let notice = |library: &str| {
        let path = Path::new(dir.trim())
            .join("lib")
            .join(library)
            .join("LICENSE.TXT");
        (library.to_owned(), path)
    };
    Ok(["libcxx", "libcxxabi"].map(notice).into())
}

/// The archives of Zig's C++ library, which it compiles for each target and links statically.
pub(crate) fn cxx_libraries(arch: Arch, glibc: &str) -> Result<Vec<PathBuf>> {
    let dir = tools().join("zig-libraries");
    empty_folder(&dir)?;
    let source = dir.join("empty.cpp");
    fs::write(&source, "int main() {}\n")
        .map_err(|error| format!("{}: {error}", source.display()))?;
    let mut command = Command::new(python()?);
    command
        .args(["-m", "ziglang", "c++", "-v", "-target"])
        .arg(arch.zig(glibc))
        // As `cargo zigbuild` has it, and with what Rust's linker asks for.
        .args(["-O2", "-fno-sanitize=all", "-fPIC", "-o"])
        .arg(dir.join("empty"))
        .arg(&source);
    let output = command.output().map_err(|error| error.to_string())?;
    checked(&command, &output)?;
    // The linker's line has all that it is given.
    let words = String::from_utf8_lossy(&output.stderr);
    ["libc++.a", "libc++abi.a"]
        .into_iter()
        .map(|name| {
            words
                .split_whitespace()
                .map(Path::new)
                .find(|path| path.file_name().is_some_and(|file| file == name))
                .map(Path::to_owned)
                .ok_or_else(|| format!("Zig does not say where its {name} is:\n{words}"))
        })
        .collect()
}

fn describe(program: &Path, glibc: &str) -> Result<()> {
    let size = fs::metadata(program)
        .map_err(|error| format!("{}: {error}", program.display()))?
        .len();
    let report = glibc::check(program, glibc)?;
    report.verdict(program)?;
    eprintln!(
        "    {} is {:.1} MB and {report}",
        program.display(),
        size as f64 / 1e6
    );
    Ok(())
}

/// The search path with `dir` before all others.
fn before(dir: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(dir.to_owned()).chain(env::split_paths(&path)))
        .map_err(|error| format!("{}: {error}", dir.display()))
}
