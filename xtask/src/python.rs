//! The official Python interpreter, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Result, capture, root, step, tools};
use crate::setup;

/// What `model/golden.py` and `model/sample/trousers.py` import.
const NEEDED: [&str; 4] = ["ai-edge-litert", "numpy", "pillow", "tqdm"];

/// The interpreter of an environment that has what the repository's comparisons need, at the
/// versions that `model/requirements.txt` pins.
pub(crate) fn interpreter() -> Result<PathBuf> {
    let text = requirements()?;
    environment("python", "the official Python interpreter", &needed(&text))
}

/// The environment with TensorFlow and Keras.
const TENSORFLOW: &str = "python-tensorflow";

/// The interpreter of an environment with all of `model/requirements.txt`: with TensorFlow and
/// Keras, 1.7 GB.
pub(crate) fn with_tensorflow() -> Result<PathBuf> {
    let text = requirements()?;
    environment(TENSORFLOW, "TensorFlow and Keras (1.7 GB)", &pins(&text))
}

/// Whether that environment is there.
pub(crate) fn has_tensorflow() -> Result<bool> {
    Ok(is_installed(
        &tools().join(TENSORFLOW),
        &pins(&requirements()?),
    ))
}

fn requirements() -> Result<String> {
    let file = root().join("model/requirements.txt");
    fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Installs packages, which are pip's arguments, into an environment of their own, unless they are
/// there, and says where its interpreter is.
pub(crate) fn environment(name: &str, what: &str, pins: &[&str]) -> Result<PathBuf> {
    let dir = tools().join(name);
    let python = dir.join("bin/python");
    if is_installed(&dir, pins) {
        return Ok(python);
    }
    setup::ensure(setup::PYTHON)?;
    step(&format!("Installing {what}"), || {
        capture(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&dir),
        )?;
        capture(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(pins),
        )?;
        let stamp = dir.join(STAMP);
        fs::write(&stamp, pins.join("\n")).map_err(|error| format!("{}: {error}", stamp.display()))
    })?;
    Ok(python)
}

/// What is installed, in the folder of an environment.
const STAMP: &str = "installed.txt";

fn is_installed(dir: &Path, pins: &[&str]) -> bool {
    fs::read_to_string(dir.join(STAMP)).is_ok_and(|installed| installed == pins.join("\n"))
}

/// The lines of a requirements file that name a package.
pub(crate) fn pins(requirements: &str) -> Vec<&str> {
    let lines = requirements.lines().map(str::trim);
    lines.filter(|line| line.contains("==")).collect()
}

/// The lines of a requirements file that are needed.
fn needed(requirements: &str) -> Vec<&str> {
    let mut lines = pins(requirements);
    lines.retain(|line| {
        line.split_once("==")
            .is_some_and(|(name, _)| NEEDED.contains(&name))
    });
    lines
}

/// A script of the repository, ready to run.
pub(crate) fn script(python: &Path, script: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg(root().join(script))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_needed_package_is_pinned() {
        let file = root().join("model/requirements.txt");
        let text = fs::read_to_string(file).expect("the file is in the repository");
        assert_eq!(needed(&text).len(), NEEDED.len(), "{:?}", needed(&text));
    }
}
