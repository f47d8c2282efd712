//! `cargo xtask bindings`: regenerates the bindings, or checks that they are what is committed.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::run::{Result, cargo, messages, root, step};
use crate::setup;

#[derive(Args)]
pub(crate) struct Options {
    /// Only compare with the committed file; fail on a difference
    #[arg(long)]
    check: bool,
}

/// Compares the committed bindings with the headers.
pub(crate) fn check() -> Result<()> {
    run(&Options { check: true })
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::for_build()?;
    setup::ensure(setup::BINDINGS)?;
    let committed = root().join("tflite-sys/src/bindings.rs");
    let generated = step("Generating the bindings", generate)?;
    let new = read(&generated)?;
    if options.check {
        let old = read(&committed)?;
        return match first_difference(&old, &new) {
            None => Ok(()),
            Some(line) => Err(format!(
                "{} differs from what the headers give, first in line {line}; \
                 run 'cargo xtask bindings' and commit the result",
                committed.display()
            )),
        };
    }
    fs::write(&committed, new).map_err(|error| format!("{}: {error}", committed.display()))
}

/// Builds with the feature `bindgen`, and says where the build script put its result.
fn generate() -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["check", "--package", "tflite-sys", "--features", "bindgen"]);
    let out_dir = messages(&mut command)?
        .iter()
        .filter(|message| message["reason"] == "build-script-executed")
        .filter(|message| {
            message["package_id"]
                .as_str()
                .is_some_and(|id| id.contains("/tflite-sys#"))
        })
        .find_map(|message| message["out_dir"].as_str().map(PathBuf::from));
    match out_dir {
        Some(dir) => Ok(dir.join("bindings.rs")),
        None => Err("cargo did not say where the build script of tflite-sys writes".to_owned()),
    }
}

fn read(path: &PathBuf) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The first line, counted from 1, in which two texts differ.
fn first_difference(old: &str, new: &str) -> Option<usize> {
    if old == new {
        return None;
    }
    let same = old
        .lines()
        .zip(new.lines())
        .take_while(|(old, new)| old == new)
        .count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn differences_are_found() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
    }
}
