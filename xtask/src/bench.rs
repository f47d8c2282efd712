//! `cargo xtask bench`: this project beside what a user would pick instead, in turns, on one machine.
//!
//! Everything is built and installed here; `bench/run.py` measures and writes the report.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::checks::Outcome;
use crate::cross::{self, Arch, Program};
use crate::run::{
    Result, build_program, cargo, executable, messages, root, run as run_command, step, target,
};
use crate::rust_std::Std;
use crate::{emulator, glibc, instructions, python, setup};

#[derive(Args)]
pub(crate) struct Options {
    /// Compare instruction counts with the committed ones, and measure nothing else
    #[arg(long)]
    check: bool,
    /// How often each side's turn comes
    #[arg(long, value_name = "N", default_value = "15")]
    rounds: NonZeroUsize,
    /// The workloads to measure, separated by commas: invoke, start, preprocess, request, package, serve, wrapper,
    /// scaling
    #[arg(long, value_name = "NAMES")]
    only: Option<String>,
    /// Where the report goes
    #[arg(long, value_name = "DIR", default_value_os_t = root().join("docs/bench"))]
    out: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.check {
        return match instructions::check()? {
            Outcome::Skipped(reason) => Err(format!("nothing was counted: {reason}")),
            Outcome::Counted(counts) => {
                println!("{counts}");
                Ok(())
            }
            Outcome::Passed => Ok(()),
        };
    }
    setup::for_build()?;
    setup::ensure(setup::LOAD)?;
    let work = target().join("bench");
    fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;

    let [bootstrap, worker] = deployed()?;
    let peers = environment("bench", "what is compared", "requirements.txt")?;
    let settings = json!({
        "root": root(),
        "work": work,
        "models": models(&work)?,
        "worker": worker,
        "worker_of_the_system": build_program(&["--package", "bench-ours"])?,
        "classify": build_program(&["--package", "lambda-fn", "--example", "classify"])?,
        "preprocess": build_program(&["--package", "keras-preprocess", "--example", "preprocess"])?,
        "overhead": overhead()?,
        "bootstrap": bootstrap,
        "tract": tract(&work)?,
        "peak": peak(&work)?,
        "emulator": emulator::find()?,
        "python": peers,
        "python_tflite_runtime": environment(
            "bench-tflite-runtime",
            "the book's TensorFlow Lite",
            "requirements-tflite-runtime.txt",
        )?,
        "rounds": options.rounds,
    });
    let path = work.join("setup.json");
    fs::write(&path, settings.to_string())
        .map_err(|error| format!("{}: {error}", path.display()))?;

    let mut command = python::script(&peers, "bench/run.py");
    command
        .arg("--setup")
        .arg(&path)
        .arg("--out")
        .arg(&options.out);
    if let Some(only) = &options.only {
        command.args(["--only", only]);
    }
    step("Measuring, in turns", || run_command(&mut command))
}

/// An environment with the packages that a file of `bench/` pins.
fn environment(name: &str, what: &str, requirements: &str) -> Result<PathBuf> {
    let file = root().join("bench").join(requirements);
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    python::environment(name, what, &python::pins(&text))
}

/// The models; those of Keras are made once.
fn models(work: &Path) -> Result<PathBuf> {
    let folder = work.join("models");
    if !folder.join("multiply-adds.json").exists() {
        let python = environment(
            "bench-models",
            "TensorFlow, to make the models (1.7 GB)",
            "requirements-models.txt",
        )?;
        step("Making the models", || {
            let mut script = python::script(&python, "bench/models.py");
            script.arg("--out").arg(&folder);
            for name in ["clothing.tflite", "clothing-int8.tflite"] {
                script.arg(root().join("model").join(name));
            }
            run_command(&mut script)
        })?;
    }
    Ok(folder)
}

/// The program that compares the safe API with the C calls.
fn overhead() -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["bench", "--locked", "--package", "tflite-native"]);
    command.args(["--bench", "overhead", "--no-run"]);
    executable(&messages(&mut command)?).ok_or_else(|| "cargo bench made no program".to_owned())
}

/// The function and the side that invokes, both as they are deployed.
fn deployed() -> Result<[PathBuf; 2]> {
    let programs = [Program::Bootstrap, Program::BenchOurs];
    let built = cross::build(&programs, Arch::native()?, glibc::FLOOR, Std::Auto)?;
    let built = built.programs.try_into();
    built.map_err(|_| "cargo zigbuild made another number of programs".to_owned())
}

/// tract's side, from a workspace of its own.
fn tract(work: &Path) -> Result<PathBuf> {
    let build = || {
        let mut command = cargo();
        command
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(root().join("bench/tract/Cargo.toml"))
            .env("CARGO_TARGET_DIR", work.join("tract"));
        executable(&messages(&mut command)?).ok_or_else(|| "cargo made no bench-tract".to_owned())
    };
    step("Building tract's side", build)
}

/// The program for the machine's limits: the only one that is compiled for this very processor.
fn peak(work: &Path) -> Result<PathBuf> {
    let program = work.join("peak");
    let mut command = std::process::Command::new("rustc");
    command
        .args(["-O", "-C", "target-cpu=native", "--edition", "2024", "-o"])
        .arg(&program)
        .arg(root().join("bench/peak.rs"));
    run_command(&mut command)?;
    Ok(program)
}
