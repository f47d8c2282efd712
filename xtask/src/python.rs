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
    let file = root().join("model/requirements.txt");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let pins = needed(&text);
    let dir = tools().join("python");
    let python = dir.join("bin/python");
    let stamp = dir.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins.join("\n")) {
        return Ok(python);
    }
    setup::ensure(setup::PYTHON)?;
    step("Installing the official Python interpreter", || {
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
                .args(&pins),
        )?;
        fs::write(&stamp, pins.join("\n")).map_err(|error| format!("{}: {error}", stamp.display()))
    })?;
    Ok(python)
}

/// The lines of a requirements file that are needed.
fn needed(requirements: &str) -> Vec<&str> {
    requirements
        .lines()
        .map(str::trim)
        .filter(|line| {
            line.split_once("==")
                .is_some_and(|(name, _)| NEEDED.contains(&name))
        })
        .collect()
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
