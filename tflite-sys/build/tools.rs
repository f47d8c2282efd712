//! The programs that a build from source needs.

use std::process::{Command, Stdio};

use crate::source;

/// What installs them all.
pub(crate) const ADVICE: &str = "Install with 'apt-get install cmake ninja-build g++ python3 \
     xz-utils' or the like, or set TFLITE_SYS_LIB_DIR to a folder with a prebuilt library";

/// Says what is missing, and what installs it; `None` if nothing is.
pub(crate) fn missing() -> Option<String> {
    let mut names = Vec::new();
    if !has_ninja() && !runs("make") {
        names.push("ninja or make");
    }
    if !source::is_at_hand() && !runs("xz") {
        names.push("xz");
    }
    if !runs("cmake") {
        names.push("cmake");
    }
    let cxx = cc::Build::new().cpp(true).try_get_compiler();
    if !cxx.is_ok_and(|tool| {
        let mut command = tool.to_command();
        succeeds(command.arg("--version"))
    }) {
        names.push("a C++ compiler");
    }
    // XNNPACK's CMake project lists its sources by a Python script.
    if !runs("python3") {
        names.push("python3");
    }
    if names.is_empty() {
        return None;
    }
    Some(format!("{} not found. {ADVICE}", names.join(" and ")))
}

/// Whether ninja is there: builds are faster with it, but make serves.
pub(crate) fn has_ninja() -> bool {
    runs("ninja")
}

fn runs(program: &str) -> bool {
    succeeds(Command::new(program).arg("--version"))
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
