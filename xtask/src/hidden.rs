//! XNNPACK computes where /sys and /proc are hidden: with programs built here, in a mount namespace
//! of their own. `cargo xtask test-lambda` does the same for programs built for Lambda, and more.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::checks::Outcome;
use crate::run::{Result, cargo, checked, messages, root};

/// Two empty folders in the places of what the kernel says.
const HIDE: &str = "mount -t tmpfs none /sys && mount -t tmpfs none /proc && exec \"$@\"";

pub(crate) fn check() -> Result<Outcome> {
    let hidden = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", HIDE, "sh"]);
        command
    };
    let Ok(output) = hidden().args(["test", "!", "-e", "/proc/self"]).output() else {
        return Ok(Outcome::Skipped("there is no unshare".to_owned()));
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Ok(Outcome::Skipped(format!(
            "this system gives no mount namespace: {}",
            words.trim()
        )));
    }
    let mut build = cargo();
    build.args(["build", "--locked", "--package", "tflite-cli"]);
    let tool = messages(&mut build)?
        .iter()
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or("cargo build made no tflite")?;
    let mut command = hidden();
    command
        .arg(tool)
        .args(["inspect", "--json"])
        .arg(root().join("tflite/tests/models/conv.tflite"));
    let output = command.output().map_err(|error| error.to_string())?;
    checked(&command, &output)?;
    if !output.stderr.is_empty() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("it printed: {words}"));
    }
    let report: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let execution = &report["execution"];
    if execution["xnnpack"] == "applied" && execution["delegated"].as_u64() > Some(0) {
        Ok(Outcome::Passed)
    } else {
        Err(format!("XNNPACK does not compute the model: {execution}"))
    }
}
