//! `cargo xtask package`: what is uploaded to Lambda, or goes into an image.
//!
//! ```text
//! target/lambda/bootstrap       the program
//! target/lambda/task/           the model, its labels and what else goes beside them
//! target/lambda/lambda.zip      all of them
//! target/lambda/bootstrap.zip   the program alone, for a model that comes some other way
//! ```

mod archive;
mod prebuilt;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::cross::{self, Arch, Program};
use crate::glibc;
use crate::run::{
    Result, cargo, empty_folder, executable, messages, root, run as run_command, step,
};
use crate::rust_std::Std;
use crate::setup;

pub(crate) use archive::{Entry, unpack};
use prebuilt::System;

/// The largest zips, in bytes: what their users are promised.
const MOST_WITH_MODEL: u64 = 20_000_000;
const MOST_WITHOUT: u64 = 6_000_000;

#[derive(Args, Default)]
pub(crate) struct Options {
    /// The folder that everything goes into; default: target/lambda of the repository
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// The architecture to build for; default: this machine's
    #[arg(long, value_enum)]
    pub(crate) target: Option<Arch>,
    /// Build with this system's own compiler instead of Zig's: what is built needs its glibc
    #[arg(long, conflicts_with = "target")]
    pub(crate) system: bool,
    /// A program that is built already, to pack instead of building one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prebuilt", "system", "target"])]
    pub(crate) bootstrap: Option<PathBuf>,
    /// The model; its labels lie beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// One more file for the model's folder, such as a weight cache
    #[arg(long, value_name = "FILE")]
    pub(crate) add: Vec<PathBuf>,
    /// Pack the model's weights beforehand, for the kind of processor of this machine, and add them
    #[arg(long)]
    pub(crate) weights: bool,
    /// Archive the native library too, for TFLITE_SYS_LIB_DIR
    #[arg(long)]
    pub(crate) prebuilt: bool,
    /// The glibc that the program must run with; default: 2.26, or 2.34 for what Zig has not built
    #[arg(long, value_name = "VERSION")]
    pub(crate) glibc: Option<String>,
    /// Where Rust's standard library for another architecture comes from
    #[arg(long, value_enum, default_value_t)]
    pub(crate) rust_std: Std,
}

/// The glibc of Lambda's `provided:al2023`.
const AMAZON_LINUX_2023: &str = "2.34";

pub(crate) fn run(options: &Options) -> Result<()> {
    let output = options.output.clone().unwrap_or_else(folder);
    let is_ours = options.bootstrap.is_none() && !options.system;
    let floor = if is_ours {
        glibc::FLOOR
    } else {
        AMAZON_LINUX_2023
    };
    let glibc = options.glibc.as_deref().unwrap_or(floor);
    let program = match &options.bootstrap {
        Some(program) => program.clone(),
        None => {
            let built = build(options, glibc)?;
            if options.prebuilt {
                let archive = prebuilt::make(&built.messages, &built.system, &output)?;
                println!("{}", archive.display());
            }
            built.program
        }
    };
    let model = options.model.clone().unwrap_or_else(the_model);
    let mut more = options.add.clone();
    if options.weights {
        more.push(pack_weights(&program, &model, &output)?);
    }
    let made = pack(&program, &model, &more, &output)?;
    let report = glibc::check(&program, glibc)?;
    eprintln!("    {} {report}", made.program.display());
    for zip in [&made.zip, &made.program_zip] {
        println!("{}  {:.1} MB", zip.display(), size(zip)? as f64 / 1e6);
    }
    report.verdict(&made.program)?;
    // Of a model of the user's own nothing is promised.
    if options.model.is_none() && more.is_empty() {
        check_sizes(&made)
    } else {
        at_most(&made.program_zip, MOST_WITHOUT)
    }
}

/// Whether the zips are as small as is promised of the repository's model.
pub(crate) fn check_sizes(made: &Made) -> Result<()> {
    at_most(&made.zip, MOST_WITH_MODEL)?;
    at_most(&made.program_zip, MOST_WITHOUT)
}

/// Has the program pack the weights as it needs them, into the file that it looks for beside the model.
fn pack_weights(program: &Path, model: &Path, output: &Path) -> Result<PathBuf> {
    let name = model.file_name().unwrap_or_default();
    let weights = output.join(name).with_extension("weights");
    // Without a slash it would be looked for elsewhere.
    let program =
        fs::canonicalize(program).map_err(|error| format!("{}: {error}", program.display()))?;
    fs::create_dir_all(output).map_err(|error| format!("{}: {error}", output.display()))?;
    step("Packing the weights", || {
        let mut command = Command::new(&program);
        command.arg("pack-weights").arg(&weights);
        run_command(command.env("MODEL_PATH", model).env_remove("MODEL_URI"))
    })
    .map_err(|error| {
        format!("{error}; weights are packed on the kind of processor that they are for")
    })?;
    Ok(weights)
}

/// Where everything goes, and where the `Dockerfile` looks for it, wherever Cargo's own output is.
pub(crate) fn folder() -> PathBuf {
    root().join("target/lambda")
}

pub(crate) fn the_model() -> PathBuf {
    root().join("model/clothing.tflite")
}

struct Built {
    program: PathBuf,
    /// What Cargo has said of its work.
    messages: Vec<serde_json::Value>,
    system: System,
}

fn build(options: &Options, glibc: &str) -> Result<Built> {
    if !options.system {
        let arch = match options.target {
            Some(arch) => arch,
            None => Arch::native()?,
        };
        let mut built = cross::build(&[Program::Bootstrap], arch, glibc, options.rust_std)?;
        return Ok(Built {
            program: built.programs.remove(0),
            messages: built.messages,
            system: System::Zig(arch, glibc.to_owned()),
        });
    }
    setup::for_build()?;
    step("Building bootstrap", || {
        let messages = messages(cargo().args([
            "build",
            "--release",
            "--locked",
            "--package",
            "lambda-fn",
            "--bin",
            "bootstrap",
        ]))?;
        let program = executable(&messages).ok_or("cargo build made no bootstrap")?;
        Ok(Built {
            program,
            messages,
            system: System::Own,
        })
    })
}

/// What has been packed.
pub(crate) struct Made {
    pub(crate) program: PathBuf,
    pub(crate) zip: PathBuf,
    pub(crate) program_zip: PathBuf,
}

/// Puts a program, a model with its labels and further files into `output`, and packs them.
pub(crate) fn pack(program: &Path, model: &Path, more: &[PathBuf], output: &Path) -> Result<Made> {
    let task = output.join("task");
    // What an earlier run has left would go into the image.
    empty_folder(&task)?;
    mode(&task, 0o755)?;

    let mut files = vec![model.to_owned()];
    let labels = model.with_extension("labels.txt");
    // A model may have them inside.
    if labels.exists() {
        files.push(labels);
    }
    files.extend_from_slice(more);

    let placed = output.join("bootstrap");
    place(program, &placed, 0o755)?;
    let mut entries = vec![Entry {
        name: "bootstrap".to_owned(),
        content: read(&placed)?,
        mode: 0o755,
    }];
    let program_zip = output.join("bootstrap.zip");
    write(&program_zip, &archive::zip(&mut entries)?)?;
    for file in &files {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| format!("{}: no name for a file of the package", file.display()))?;
        place(file, &task.join(name), 0o644)?;
        entries.push(Entry {
            name: name.to_owned(),
            content: read(file)?,
            mode: 0o644,
        });
    }
    let zip = output.join("lambda.zip");
    write(&zip, &archive::zip(&mut entries)?)?;
    Ok(Made {
        program: placed,
        zip,
        program_zip,
    })
}

/// Copies a file, readable for all users: Lambda runs functions as one that owns nothing.
fn place(from: &Path, to: &Path, permissions: u32) -> Result<()> {
    // Over itself a copy would empty it.
    if fs::canonicalize(from).ok() != fs::canonicalize(to).ok() {
        // Never written into: an earlier one may be running.
        let _ = fs::remove_file(to);
        fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    mode(to, permissions)
}

fn mode(path: &Path, permissions: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(permissions))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).map_err(|error| format!("{}: {error}", path.display()))
}

pub(crate) fn size(path: &Path) -> Result<u64> {
    fs::metadata(path)
        .map(|metadata| metadata.len())
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn at_most(path: &Path, limit: u64) -> Result<()> {
    match size(path)? {
        length if length > limit => Err(format!(
            "{} has {length} bytes, more than {limit}",
            path.display()
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
