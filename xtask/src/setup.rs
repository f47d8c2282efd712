//! The programs that a build needs, installed where that can be done.

use std::process::{Command, Stdio};

use crate::run::{Result, capture, run, step};

/// A program, the question that shows whether it is there, and Debian's package of it.
pub(crate) struct Tool {
    ask: &'static [&'static str],
    package: &'static str,
    /// Whether things only go slower without it.
    optional: bool,
}

const fn needed(ask: &'static [&'static str], package: &'static str) -> Tool {
    Tool {
        ask,
        package,
        optional: false,
    }
}

/// What building the native library takes beside a C++ compiler.
const NATIVE: &[Tool] = &[
    needed(&["cc", "--version"], "gcc"),
    needed(&["cmake", "--version"], "cmake"),
    needed(&["make", "--version"], "make"),
    needed(&["python3", "--version"], "python3"),
    needed(&["xz", "--version"], "xz-utils"),
    Tool {
        ask: &["ninja", "--version"],
        package: "ninja-build",
        optional: true,
    },
];

/// The system's own C++ compiler.
const CXX: &[Tool] = &[needed(&["c++", "--version"], "g++")];

/// What fetching the emulator and the Python peers takes.
pub(crate) const PYTHON: &[Tool] = &[
    needed(&["python3", "-m", "pip", "--version"], "python3-pip"),
    needed(&["python3", "-c", "import venv, ensurepip"], "python3-venv"),
];

/// What generating the bindings takes.
pub(crate) const BINDINGS: &[Tool] = &[
    needed(&["clang", "--version"], "clang"),
    // A library has no answer of its own: it is looked for where clang's and the system's are.
    needed(
        &[
            "sh",
            "-c",
            // Not libclang-cpp.so, which is another library.
            "for dir in $(clang -print-resource-dir)/../.. $(clang -print-resource-dir)/../../..; do \
                ls $dir/libclang.so* $dir/libclang-[0-9]*.so* $dir/*/libclang-[0-9]*.so*; \
             done 2>/dev/null | grep -q .",
        ],
        "libclang-dev",
    ),
];

/// What unpacks parts of Debian.
pub(crate) const ROOTS: &[Tool] = &[needed(&["mmdebstrap", "--version"], "mmdebstrap")];

/// What runs programs for arm64 on other machines.
pub(crate) const QEMU: &[Tool] = &[needed(
    &["qemu-aarch64-static", "--version"],
    "qemu-user-static",
)];

/// What the page is tested with.
pub(crate) const CHROMIUM: &[Tool] = &[needed(&["chromium", "--version"], "chromium")];

/// What puts load on servers. `wrk -v` answers, and fails.
pub(crate) const LOAD: &[Tool] = &[needed(&["sh", "-c", "command -v wrk"], "wrk")];

/// What makes images and containers.
pub(crate) const CONTAINERS: &[Tool] = &[
    needed(&["buildah", "--version"], "buildah"),
    needed(&["mmdebstrap", "--version"], "mmdebstrap"),
    needed(&["unshare", "--version"], "util-linux"),
    needed(&["git", "--version"], "git"),
    needed(&["xz", "--version"], "xz-utils"),
];

/// What counts instructions.
pub(crate) const VALGRIND: &[Tool] = &[needed(&["valgrind", "--version"], "valgrind")];

/// What makes the reports of sanitizers readable.
pub(crate) const SYMBOLIZER: &[Tool] = &[needed(&["llvm-symbolizer", "--version"], "llvm")];

/// A Clang that is new enough for C++20, where the usual one is not, with its sanitizers: CMake
/// tries them.
pub(crate) const CLANG: &[Tool] = &[
    needed(&["clang++-19", "--version"], "clang-19"),
    needed(
        &[
            "sh",
            "-c",
            "ls $(clang++-19 -print-resource-dir)/lib/*/libclang_rt.asan*",
        ],
        "libclang-rt-19-dev",
    ),
];

/// Installs what a build from source takes, unless a prebuilt library is named.
pub(crate) fn for_build() -> Result<()> {
    match std::env::var_os("TFLITE_SYS_LIB_DIR") {
        Some(_) => Ok(()),
        None => ensure_all(&[NATIVE, CXX]),
    }
}

/// Installs what a cross build takes, whose compiler is Zig. A prebuilt library is named for one target at a
/// time.
pub(crate) fn for_cross_build() -> Result<()> {
    ensure(NATIVE)
}

/// Whether this is root, who alone may install packages and make containers here.
pub(crate) fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs what is missing of `tools`, or says what to install.
pub(crate) fn ensure(tools: &[Tool]) -> Result<()> {
    ensure_all(&[tools])
}

fn ensure_all(lists: &[&[Tool]]) -> Result<()> {
    let tools = lists.iter().copied().flatten();
    let missing: Vec<_> = tools.filter(|tool| !answers(tool.ask)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing
        .iter()
        .map(|tool| tool.package)
        .collect::<Vec<_>>()
        .join(" ");
    if !is_root() || !answers(&["apt-get", "--version"]) {
        if missing.iter().all(|tool| tool.optional) {
            eprintln!("    things go slower without {list} (Debian's package names)");
            return Ok(());
        }
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
        install.extend(missing.iter().map(|tool| tool.package));
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
