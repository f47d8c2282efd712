//! The programs that a build from source needs.

use std::process::{Command, Stdio};

/// Says what is missing, and what installs it; `None` if nothing is.
pub(crate) fn missing() -> Option<String> {
    let mut names = Vec::new();
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
    Some(format!(
        "{} not found. Install with 'apt-get install cmake ninja-build g++ python3 xz-utils' or the \
         like, or set {} to a folder with a prebuilt library",
        names.join(" and "),
        crate::vars::LIB_DIR
    ))
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
