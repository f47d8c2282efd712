//! `cargo xtask test-lambda`: what `cargo xtask package` packs, unpacked and run where nothing is as on
//! this machine: with the libraries of an old Debian, and with what Lambda hides of /sys and /proc
//! hidden.
//!
//! The answers are compared with those of programs that are built and run here as ever.

mod world;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::checks::{self, Check, Options, Outcome};
use crate::cross::{self, Arch, Program};
use crate::debian::{self, Root};
use crate::demo;
use crate::emulator::{self, Emulator};
use crate::endtoend;
use crate::glibc;
use crate::package;
use crate::run::{
    Result, build_program, capture, checked, empty_folder, root as repository, target,
};
use crate::rust_std::Std;
use crate::setup;

use self::world::WORLDS;

/// How far answers may be from those of this machine.
const TOLERANCE: f64 = 1e-3;
/// A model as deployed, and small ones: convolution, and what is quantized.
const MODELS: [&str; 4] = [
    "model/clothing.tflite",
    "tflite/tests/models/conv.tflite",
    "tflite/tests/models/int8_conv.tflite",
    "tflite/tests/models/int8_dense.tflite",
];

const CHECKS: &[Check] = &[
    (
        "x86-64 package in Debian 11, without /sys and /proc",
        x86_64,
    ),
    (
        "arm64 package in Debian 11, without /sys and /proc",
        aarch64,
    ),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    checks::run(CHECKS, options, setup::for_build)
}

pub(crate) fn x86_64() -> Result<Outcome> {
    check(Arch::X86_64)
}

pub(crate) fn aarch64() -> Result<Outcome> {
    check(Arch::Aarch64)
}

/// glibc 2.31: older than that of Lambda's images but for Amazon Linux 2.
fn bullseye(arch: Arch) -> Root {
    Root {
        name: match arch {
            Arch::X86_64 => "bullseye-amd64",
            Arch::Aarch64 => "bullseye-arm64",
        },
        suite: "bullseye",
        architectures: match arch {
            Arch::X86_64 => &["amd64"],
            Arch::Aarch64 => &["arm64"],
        },
        packages: &["libc6", "libgcc-s1"],
    }
}

fn check(arch: Arch) -> Result<Outcome> {
    if !setup::is_root() {
        return Ok(Outcome::Skipped("only root may use chroot".to_owned()));
    }
    let programs = [Program::Bootstrap, Program::Tflite];
    let built = cross::build(&programs, arch, glibc::FLOOR, Std::Auto)?;
    let system = System::new(arch, &built.programs)?;
    let here = build_program(&["--package", "tflite-cli", "--bin", "tflite"])?;
    let expected = ask(&demo::build()?, &demo::model(), "test-lambda-here.log")?;

    let mut wrong = Vec::new();
    for world in WORLDS {
        world.make(&system.root)?;
        for model in MODELS {
            if let Err(error) = compare(&system, &here, model) {
                wrong.push(format!("{model} with {}: {error}", world.name));
            }
        }
        if let Err(error) = classify(&system, &expected) {
            wrong.push(format!("bootstrap with {}: {error}", world.name));
        }
        eprintln!("    with {}: {}", world.name, MODELS.join(", "));
    }
    if wrong.is_empty() {
        Ok(Outcome::Counted(format!(
            "{} models and bootstrap in {} worlds; zip {:.1} MB",
            MODELS.len(),
            WORLDS.len(),
            system.zip as f64 / 1e6
        )))
    } else {
        Err(wrong.join("\n"))
    }
}

/// A folder with an old system and our programs in it.
struct System {
    root: PathBuf,
    /// The size of the zip.
    zip: u64,
    /// What runs its programs, as a path in there.
    emulator: Option<&'static str>,
}

impl System {
    fn new(arch: Arch, programs: &[PathBuf]) -> Result<Self> {
        let root = debian::root(&bullseye(arch))?;
        let system = Self {
            zip: unpack(&programs[0], &root.join("var/task"))?,
            root,
            emulator: (!arch.is_native()).then_some("/opt/qemu"),
        };
        let opt = system.root.join("opt");
        fs::create_dir_all(&opt).map_err(|error| format!("{}: {error}", opt.display()))?;
        for file in programs[1..]
            .iter()
            .cloned()
            .chain(MODELS.map(|model| repository().join(model)))
        {
            copy(&file, &opt.join(file.file_name().unwrap_or_default()))?;
        }
        if system.emulator.is_some() {
            setup::ensure(setup::QEMU)?;
            let qemu = capture(Command::new("sh").args(["-c", "command -v qemu-aarch64-static"]))?;
            copy(Path::new(qemu.trim()), &opt.join("qemu"))?;
        }
        Ok(system)
    }

    /// A command that runs the program of that path in there.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(&self.root)
            .args(self.emulator)
            .arg(program)
            .current_dir("/");
        command
    }

    fn file(&self, model: &str) -> String {
        let name = Path::new(model).file_name().unwrap_or_default();
        format!("/opt/{}", name.display())
    }
}

/// Packs a program with the model of the repository, and unpacks the zip as Lambda does. Says how large
/// the zip is.
fn unpack(program: &Path, task: &Path) -> Result<u64> {
    let output = target().join("test-lambda/package");
    empty_folder(&output)?;
    let made = package::pack(program, &package::the_model(), &[], &output)?;
    package::check_sizes(&made)?;
    package::unpack(&made.zip, task)?;
    package::size(&made.zip)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}

/// XNNPACK computes the model in there, nothing is printed, and the outputs are those of here.
fn compare(system: &System, here: &Path, model: &str) -> Result<()> {
    let file = system.file(model);
    let report = silent(
        system
            .command("/opt/tflite")
            .args(["inspect", "--json", &file]),
    )?;
    let report: Value =
        serde_json::from_slice(&report.stdout).map_err(|error| error.to_string())?;
    let execution = &report["execution"];
    if execution["xnnpack"] != "applied" || execution["delegated"].as_u64().unwrap_or(0) == 0 {
        return Err(format!("XNNPACK does not compute it: {execution}"));
    }
    let arguments = ["--seed", "7", "--output"];
    silent(
        system
            .command("/opt/tflite")
            .args(["run", &file])
            .args(arguments)
            .arg("/opt/out"),
    )?;
    let ours = target().join("test-lambda/here");
    silent(
        Command::new(here)
            .arg("run")
            .arg(repository().join(model))
            .args(arguments)
            .arg(&ours),
    )?;
    let result = same_arrays(&system.root.join("opt/out"), &ours);
    for dir in [system.root.join("opt/out"), ours] {
        fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    result
}

/// Runs a command that must succeed and write nothing to stderr.
fn silent(command: &mut Command) -> Result<Output> {
    let output = command.output().map_err(|error| error.to_string())?;
    checked(command, &output)?;
    if output.stderr.is_empty() {
        Ok(output)
    } else {
        let words = String::from_utf8_lossy(&output.stderr);
        Err(format!("it printed: {words}"))
    }
}

/// Whether both folders have the same arrays, but for the tolerance.
fn same_arrays(there: &Path, here: &Path) -> Result<()> {
    let names = |dir: &Path| -> Result<Vec<PathBuf>> {
        let listing = fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let mut names: Vec<_> = listing
            .filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name())))
            .collect();
        names.sort();
        Ok(names)
    };
    let arrays = names(here)?;
    if arrays.is_empty() || names(there)? != arrays {
        return Err(format!("not the outputs {arrays:?}"));
    }
    for name in arrays {
        let read = |dir: &Path| {
            let path = dir.join(&name);
            let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            array(&bytes).map_err(|error| format!("{}: {error}", path.display()))
        };
        let (there, here) = (read(there)?, read(here)?);
        if there.header != here.header || there.values.len() != here.values.len() {
            return Err(format!("{}: {} here", there.header, here.header));
        }
        for (index, (there, here)) in there.values.iter().zip(&here.values).enumerate() {
            let difference = (there - here).abs();
            if difference.is_nan() || difference > TOLERANCE * here.abs().max(1.0) {
                return Err(format!("element {index} is {there}, but {here} here"));
            }
        }
    }
    Ok(())
}

struct Array {
    header: String,
    values: Vec<f64>,
}

/// An .npy file of float32 or int8.
fn array(bytes: &[u8]) -> Result<Array> {
    let bad = || "no .npy file of version 1".to_owned();
    if bytes.get(..8) != Some(b"\x93NUMPY\x01\x00") {
        return Err(bad());
    }
    let length = bytes.get(8..10).ok_or_else(bad)?;
    let length = usize::from(length[0]) | usize::from(length[1]) << 8;
    let header = bytes.get(10..10 + length).ok_or_else(bad)?;
    let header = String::from_utf8_lossy(header).trim().to_owned();
    let data = &bytes[10 + length..];
    let values = if header.contains("'<f4'") {
        data.as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
            .collect()
    } else if header.contains("'|i1'") {
        data.iter()
            .map(|byte| f64::from(byte.cast_signed()))
            .collect()
    } else {
        return Err(format!("neither float32 nor int8: {header}"));
    };
    Ok(Array { header, values })
}

/// `bootstrap` in there gives the answer that it gives here.
fn classify(system: &System, expected: &Value) -> Result<()> {
    let script = target().join("bootstrap-in-root");
    // What the user has set names a file that is not in there.
    let mut text = "#!/bin/sh\nunset SSL_CERT_FILE\nexec".to_owned();
    let command = system.command("/var/task/bootstrap");
    for word in std::iter::once(command.get_program()).chain(command.get_args()) {
        text.push_str(&format!(" '{}'", word.display()));
    }
    fs::write(&script, text).map_err(|error| format!("{}: {error}", script.display()))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("{}: {error}", script.display()))?;
    // The one variable of Lambda's that says where the zip is unpacked.
    let task = [("LAMBDA_TASK_ROOT", PathBuf::from("/var/task"))];
    let answer = ask(&script, &task, "test-lambda.log")?;
    let (there, here) = (demo::scores(&answer)?, demo::scores(expected)?);
    let same = there.len() == here.len()
        && there
            .iter()
            .zip(&here)
            .all(|(there, here)| there.0 == here.0 && (there.1 - here.1).abs() <= TOLERANCE);
    if same {
        Ok(())
    } else {
        Err(format!("{answer}, but {expected} here"))
    }
}

/// The answer to the book's question, of a program under the emulator.
fn ask(program: &Path, variables: &[(&str, PathBuf)], log: &str) -> Result<Value> {
    let (rie, log) = (emulator::find()?, target().join(log));
    endtoend::ask(|| Emulator::start(&rie, program, variables, &log), &log)
}
