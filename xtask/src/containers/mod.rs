//! `cargo xtask containers`: what is said of containers, images and the prebuilt library, tried out.
//!
//! No registry of images and no Docker is needed: the base images are made of Debian 11, whose glibc
//! (2.31) is older than that of Amazon Linux 2023, and `buildah` does what Docker would.

mod buildah;
mod prebuilt;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::checks::{self, Check, Options, Outcome};
use crate::emulator::{self, Emulator};
use crate::endtoend;
use crate::glibc;
use crate::package;
use crate::run::{Result, capture, empty_folder, root, run as run_command, target};
use crate::setup;
use crate::vendor;

use buildah::Store;
pub(crate) use prebuilt::BUSY;

/// Debian's release, and its glibc.
const SUITE: &str = "bullseye";
const GLIBC: &str = "2.31";
/// The base of the build container, and that of the image: what `Dockerfile` names.
const BUILD_BASE: &str = "localhost/build-base";
const RUNTIME_BASE: &str = "public.ecr.aws/lambda/provided:al2023";
const BUILDER: &str = "localhost/tflite-build";
const IMAGE: &str = "localhost/tf-lite-lambda";
/// Somebody who owns nothing, as on Lambda.
const NOBODY: &str = "65534:65534";

const CHECKS: &[Check] = &[
    ("zip, for a user who owns nothing", zip),
    ("image", image),
    (
        "build with the prebuilt library, without a C++ compiler",
        || prebuilt(prebuilt::PROMISED),
    ),
    ("build in a container without a network", build),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    checks::run(CHECKS, options, || Ok(()))
}

/// Why there can be no containers here, if there can be none.
fn missing() -> Result<Option<Outcome>> {
    if !setup::is_root() {
        let reason = "containers are made without Docker here, which takes root";
        return Ok(Some(Outcome::Skipped(reason.to_owned())));
    }
    setup::ensure(setup::CONTAINERS)?;
    Ok(None)
}

/// The folder of all that these checks make.
fn folder() -> PathBuf {
    target().join("containers")
}

/// A folder as Docker would see the repository after a build in the container.
fn context() -> PathBuf {
    folder().join("context")
}

/// What `cargo xtask package` makes here, in the folder where `Dockerfile` looks for it,
/// with the prebuilt library if that is wanted.
fn packed(prebuilt: bool) -> Result<PathBuf> {
    let output = context().join("target/lambda");
    empty_folder(&output)?;
    package::run(&package::Options {
        output: Some(output.clone()),
        prebuilt,
        ..package::Options::default()
    })?;
    Ok(output)
}

/// The one archive of the prebuilt library in a folder.
fn archive(dir: &Path) -> Result<PathBuf> {
    let list = fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    list.filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "xz"))
        .ok_or_else(|| format!("{} has no prebuilt library", dir.display()))
}

/// Debian's release as an image's file system, with apt in it.
fn system() -> Result<PathBuf> {
    let path = folder().join(format!("{SUITE}.tar"));
    if !path.exists() {
        fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
        let staging = folder().join(format!("{SUITE}.tmp.tar"));
        capture(
            Command::new("mmdebstrap")
                .args(["--variant=apt", SUITE])
                .arg(&staging),
        )?;
        fs::rename(&staging, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(path)
}

/// The whole way of `build-amazonlinux/Dockerfile`: tools, crates, and the build without a network.
fn build() -> Result<Outcome> {
    if let Some(skipped) = missing()? {
        return Ok(skipped);
    }
    vendor::run()?;
    let store = Store::new(&folder())?;
    // The toolchain comes from this machine: rustup's server is not everywhere. `build.sh` takes the
    // cargo that it finds.
    let path = "PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    store.import(
        BUILD_BASE,
        &system()?,
        &[],
        &["--env", path, "--env", "CARGO_HOME=/opt/cargo"],
    )?;
    let toolchain = capture(Command::new("rustc").args(["--print", "sysroot"]))?;
    let volumes = [
        format!("{}:/opt/rust:ro", toolchain.trim()),
        format!("{}:/opt/cargo/registry", registry()?.display()),
    ];
    let mut command = store.command();
    command
        .args(["build", "--layers=false", "--pull-never"])
        .args(["--build-arg", &format!("BASE={BUILD_BASE}")])
        .arg("--ignorefile")
        .arg(root().join("build-amazonlinux/Dockerfile.dockerignore"))
        .arg("--file")
        .arg(root().join("build-amazonlinux/Dockerfile"))
        .args(["--tag", BUILDER]);
    for volume in &volumes {
        command.args(["--volume", volume]);
    }
    run_command(command.arg(root()))?;

    let output = folder().join("built");
    empty_folder(&output)?;
    let container = store.from(BUILDER)?;
    let mut volumes = volumes.to_vec();
    volumes.push(format!("{}:/out", output.display()));
    // What Docker's `--network none` does.
    let line = store.run(&container, &volumes, None, &store.start_line(&container)?);
    let mut command = Command::new("unshare");
    command
        .arg("--net")
        .arg(line.get_program())
        .args(line.get_args());
    run_command(&mut command)?;
    store.remove(&container)?;

    let report = glibc::check(&output.join("bootstrap"), GLIBC)?;
    report.verdict(&output.join("bootstrap"))?;
    let library = archive(&output)?;
    Ok(Outcome::Counted(format!(
        "bootstrap {report}; {}; the zip answers {}; with the library {}",
        sizes(&[
            output.join("bootstrap"),
            output.join("lambda.zip"),
            output.join("bootstrap.zip"),
            library.clone(),
        ])?,
        run_zip(&store, &output)?,
        // The promise has its own step.
        prebuilt::build(&library, BUSY)?,
    )))
}

/// Cargo's downloads on this machine, which the container may read and add to.
fn registry() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    Ok(home
        .ok_or("neither CARGO_HOME nor HOME is set")?
        .join("registry"))
}

fn sizes(files: &[PathBuf]) -> Result<String> {
    let each = files
        .iter()
        .map(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            Ok(format!(
                "{name} {:.2} MB",
                package::size(file)? as f64 / 1e6
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(each.join(", "))
}

/// A stand-in for Lambda's base image, under its name: an old system, the real emulator, and a start
/// script that does what AWS's does.
fn runtime_base(store: &Store) -> Result<()> {
    let script = folder().join("lambda-entrypoint.sh");
    let text = "#!/bin/sh\n\
        # On Lambda the runtime's interface is there already; elsewhere the emulator is it.\n\
        export _HANDLER=\"$1\"\n\
        if [ -n \"$AWS_LAMBDA_RUNTIME_API\" ]; then exec /var/runtime/bootstrap; fi\n\
        exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap\n";
    fs::write(&script, text).map_err(|error| format!("{}: {error}", script.display()))?;
    run_command(Command::new("chmod").arg("755").arg(&script))?;
    store.import(
        RUNTIME_BASE,
        &system()?,
        &[
            (&emulator::find()?, "/usr/local/bin/aws-lambda-rie"),
            (&script, "/lambda-entrypoint.sh"),
        ],
        &[
            "--env",
            "LAMBDA_TASK_ROOT=/var/task",
            "--env",
            "LAMBDA_RUNTIME_DIR=/var/runtime",
            "--workingdir",
            "/var/task",
            "--entrypoint",
            "[\"/lambda-entrypoint.sh\"]",
        ],
    )
}

pub(crate) fn zip() -> Result<Outcome> {
    if let Some(skipped) = missing()? {
        return Ok(skipped);
    }
    let packed = packed(false)?;
    let answer = run_zip(&Store::new(&folder())?, &packed)?;
    Ok(Outcome::Counted(format!(
        "{}; answers {answer}",
        sizes(&[packed.join("lambda.zip"), packed.join("bootstrap.zip")])?
    )))
}

/// Runs `lambda.zip`, unpacked as Lambda does it, read-only, by somebody who owns nothing. Returns the
/// answer.
fn run_zip(store: &Store, packed: &Path) -> Result<Value> {
    runtime_base(store)?;
    let task = folder().join("task");
    package::unpack(&packed.join("lambda.zip"), &task)?;

    let container = store.from(RUNTIME_BASE)?;
    let volumes = [format!("{}:/var/task:ro", task.display())];
    let line = ["/usr/local/bin/aws-lambda-rie", "/var/task/bootstrap"].map(str::to_owned);
    let command = store.run(&container, &volumes, Some(NOBODY), &line);
    let log = folder().join("zip.log");
    let answer = endtoend::ask(|| Emulator::start_elsewhere(&command, &log), &log)?;
    store.remove(&container)?;
    Ok(answer)
}

/// The image of `Dockerfile`, built and run as the book does it.
pub(crate) fn image() -> Result<Outcome> {
    if let Some(skipped) = missing()? {
        return Ok(skipped);
    }
    packed(false)?;
    let store = Store::new(&folder())?;
    runtime_base(&store)?;
    for name in ["Dockerfile", ".dockerignore"] {
        fs::copy(root().join(name), context().join(name))
            .map_err(|error| format!("{name}: {error}"))?;
    }
    run_command(
        store
            .command()
            .args(["build", "--layers=false", "--pull-never", "--tag", IMAGE])
            .arg(context()),
    )?;
    let container = store.from(IMAGE)?;
    let line = store.start_line(&container)?;
    let mut answers = Vec::new();
    // Docker's way is root; Lambda's is not.
    for (user, name) in [(None, "root"), (Some(NOBODY), "nobody")] {
        let command = store.run(&container, &[], user, &line);
        let log = folder().join(format!("image-{name}.log"));
        let answer = endtoend::ask(|| Emulator::start_elsewhere(&command, &log), &log)?;
        eprintln!("    as {name}: {answer}");
        answers.push(answer);
    }
    if answers.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(format!("two answers to one question: {answers:?}"));
    }
    let added = store.added(&container)?;
    store.remove(&container)?;
    Ok(Outcome::Counted(format!(
        "{:.1} MB on top of the base; answers {}",
        added as f64 / 1e6,
        answers[0]
    )))
}

/// A program with the library of `cargo xtask package --prebuilt`.
pub(crate) fn prebuilt(at_most: Duration) -> Result<Outcome> {
    let built = prebuilt::build(&archive(&packed(true)?)?, at_most)?;
    Ok(Outcome::Counted(built))
}
