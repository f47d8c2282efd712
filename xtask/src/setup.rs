//! The programs that a build needs, installed where that can be done.

use std::process::{Command, Stdio};

use crate::run::{Result, capture, run, step};

/// A program, the question that shows whether it is there, and Debian's package of it.
pub(crate) struct Tool {
    ask: &'static [&'static str],
    package: &'static str,
}

/// What building the native library takes.
pub(crate) const BUILD: &[Tool] = &[
    Tool {
        ask: &["cmake", "--version"],
        package: "cmake",
    },
    Tool {
        ask: &["ninja", "--version"],
        package: "ninja-build",
    },
    Tool {
        ask: &["cc", "--version"],
        package: "gcc",
    },
    Tool {
        ask: &["c++", "--version"],
        package: "g++",
    },
    Tool {
        ask: &["xz", "--version"],
        package: "xz-utils",
    },
    Tool {
        ask: &["python3", "--version"],
        package: "python3",
    },
];

/// What fetching the emulator and the Python peers takes.
pub(crate) const PYTHON: &[Tool] = &[
    Tool {
        ask: &["python3", "-m", "pip", "--version"],
        package: "python3-pip",
    },
    Tool {
        ask: &["python3", "-c", "import venv, ensurepip"],
        package: "python3-venv",
    },
];

/// What generating the bindings takes. Its `libclang` is a library, so clang's own answer to where
/// it keeps its libraries stands for it.
pub(crate) const BINDINGS: &[Tool] = &[
    Tool {
        ask: &["clang", "--version"],
        package: "clang",
    },
    Tool {
        ask: &[
            "sh",
            "-c",
            "ls $(clang -print-resource-dir)/../../libclang*.so* \
                              $(clang -print-resource-dir)/../../../libclang*.so* 2>/dev/null | grep -q .",
        ],
        package: "libclang-dev",
    },
];

/// Installs what is missing of `tools`, or says what to install.
pub(crate) fn ensure(tools: &[Tool]) -> Result<()> {
    let missing: Vec<_> = tools
        .iter()
        .filter(|tool| !answers(tool.ask))
        .map(|tool| tool.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    let is_root = capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !answers(&["apt-get", "--version"]) {
        return Err(format!(
            "missing: {list} (Debian's package names)\n\
             install them, for example with: sudo apt-get install {list}"
        ));
    }
    step(&format!("Installing {list}"), || {
        let apt = |arguments: &[&str]| {
            run(Command::new("apt-get")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdout(Stdio::null()))
        };
        apt(&["-qq", "update"])?;
        let mut install = vec!["-qq", "install", "--yes", "--no-install-recommends"];
        install.extend(&missing);
        apt(&install)
    })
}

/// Whether the program runs and is content.
pub(crate) fn answers(ask: &[&str]) -> bool {
    let [program, arguments @ ..] = ask else {
        return false;
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
