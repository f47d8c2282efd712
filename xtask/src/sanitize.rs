//! `cargo xtask sanitize`: the tests of `tflite` under sanitizers, with the native library
//! instrumented too.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::checks::{self, Check, Options, Outcome};
use crate::instrumented::{self, ADDRESS, file, host, nightly, options, with_native};
use crate::run::{Result, capture};

/// Tests that have something to gain: others measure time, or compile.
const TESTS: [&str; 3] = ["runtime", "verify", "parity"];

/// Tests in which threads meet. Without an instrumented standard library only those count whose
/// threads meet in ways that ThreadSanitizer sees: starting, ending, atomic numbers.
const THREADED: [&str; 3] = ["cancel", "ownership", "profil"];

/// Tests in which threads wait for each other's locks. ThreadSanitizer must see into those.
const CONTENDED: [&str; 2] = ["pool", "shared_cache"];

/// Modules without unsafe code, and those of which the unsafe parts call nothing foreign.
const PURE: [&str; 5] = [
    "info::",
    "schema::",
    "verify::",
    "tensor::strings::",
    "bytes::",
];

/// All steps.
const CHECKS: &[Check] = &[
    ("address, leaks, undefined behaviour: unit tests", || {
        under_address(&["--lib"])
    }),
    ("address, leaks, undefined behaviour: runtime", || {
        under_address(&["--test", TESTS[0]])
    }),
    ("address, leaks, undefined behaviour: verifier", || {
        under_address(&["--test", TESTS[1]])
    }),
    ("address, leaks, undefined behaviour: parity", || {
        under_address(&["--test", TESTS[2]])
    }),
    ("address, leaks, undefined behaviour: examples", || {
        under_address(&["--doc"])
    }),
    ("threads", under_thread),
    ("Miri", miri),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    checks::run(CHECKS, options, instrumented::prepare)
}

/// One of the package's tests under AddressSanitizer, LeakSanitizer and
/// UndefinedBehaviorSanitizer.
fn under_address(which: &[&str]) -> Result<Outcome> {
    let name = which.last().map_or("", |name| name.trim_start_matches('-'));
    let reports = Reports::new(name)?;
    let mut command = nightly();
    command
        .args(["test", "--package", "tflite-native", "--locked"])
        .args(["--target", &host()?])
        .args(which)
        .env("RUSTFLAGS", ADDRESS)
        .env("RUSTDOCFLAGS", ADDRESS)
        .env(
            "ASAN_OPTIONS",
            options(&[
                ("log_path", reports.log_path()),
                ("detect_leaks", "1".into()),
                ("detect_stack_use_after_return", "1".into()),
                ("strict_string_checks", "1".into()),
                // Tests ask for more memory than there is, and want an error.
                ("allocator_may_return_null", "1".into()),
            ]),
        )
        .env(
            "LSAN_OPTIONS",
            options(&[
                ("suppressions", file("leaks.txt").into()),
                ("print_suppressions", "0".into()),
            ]),
        )
        .env(
            "UBSAN_OPTIONS",
            options(&[
                ("log_path", reports.log_path()),
                ("print_stacktrace", "1".into()),
                ("suppressions", file("undefined.txt").into()),
            ]),
        );
    let counts = tests(with_native(&mut command, None));
    reports.check(counts)
}

/// Tests in which threads meet, under ThreadSanitizer.
fn under_thread() -> Result<Outcome> {
    let reports = Reports::new("threads")?;
    let mut command = nightly();
    let host = host()?;
    command
        .args(["test", "--package", "tflite-native", "--locked"])
        .args(["--lib", "--test", "runtime", "--target", &host]);
    let mut flags = "-Zsanitizer=thread".to_owned();
    let mut names = THREADED.to_vec();
    if has_source_of_std() {
        command.arg("-Zbuild-std");
        names.extend(CONTENDED);
    } else {
        eprintln!(
            "    without rust-src (rustup component add rust-src) the standard library is not \
             instrumented: on one processor its locks are hardly ever contended, so that nothing \
             happens in the part that ThreadSanitizer does not see. Tests in which they are \
             ({CONTENDED:?}) are left out"
        );
        flags.push_str(" -Cunsafe-allow-abi-mismatch=sanitizer");
        let runner = host.to_uppercase().replace('-', "_");
        command.env(format!("CARGO_TARGET_{runner}_RUNNER"), "taskset -c 0");
    }
    command.arg("--").args(names).env("RUSTFLAGS", flags).env(
        "TSAN_OPTIONS",
        options(&[
            ("log_path", reports.log_path()),
            ("suppressions", file("threads.txt").into()),
        ]),
    );
    let counts = tests(with_native(&mut command, Some("thread")));
    reports.check(counts)
}

fn has_source_of_std() -> bool {
    let mut rustc = Command::new("rustc");
    rustc
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .args(["--print", "sysroot"]);
    capture(&mut rustc).is_ok_and(|sysroot| {
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
        library.exists()
    })
}

/// Modules that call nothing foreign, under Miri.
fn miri() -> Result<Outcome> {
    if capture(nightly().args(["miri", "--version"])).is_err() {
        return Ok(Outcome::Skipped(
            "the nightly toolchain has no miri (rustup component add miri rust-src)".to_owned(),
        ));
    }
    let mut command = nightly();
    command
        .args(["miri", "test", "--package", "tflite-native", "--lib", "--"])
        .args(PURE)
        // Tests read models. Nothing is linked, so nothing needs to be built.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("DOCS_RS", "1")
        .env("CARGO_TARGET_DIR", instrumented::dir());
    tests(&mut command).map(Outcome::Counted)
}

/// Runs tests, and says how many there were.
fn tests(command: &mut Command) -> Result<String> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cargo: {error}"))?;
    let (mut passed, mut ignored) = (0_u64, 0_u64);
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(|line| line.ok()) {
            if let Some((one, other)) = counts(&line) {
                passed += one;
                ignored += other;
            }
            println!("{line}");
        }
    }
    let status = child.wait().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("the tests ended with {status}"));
    }
    if passed == 0 {
        return Err("no test was run".to_owned());
    }
    Ok(format!("{passed} tests, {ignored} ignored"))
}

/// Passed and ignored tests of a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let numbers = line.strip_prefix("test result: ")?;
    let before = |word: &str| {
        let part = numbers
            .split([';', '.'])
            .find(|part| part.ends_with(word))?;
        part.split_whitespace().next()?.parse().ok()
    };
    Some((before(" passed")?, before(" ignored")?))
}

/// What is in a report of a fault.
const FAULTS: [&str; 3] = ["ERROR: ", "runtime error: ", "WARNING: ThreadSanitizer"];

/// What the sanitizers report, also of processes whose output nobody sees.
struct Reports {
    dir: PathBuf,
}

impl Reports {
    fn new(name: &str) -> Result<Self> {
        let dir = instrumented::dir().join("reports").join(name);
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        Ok(Self { dir })
    }

    /// The beginning of the files' names.
    fn log_path(&self) -> std::ffi::OsString {
        self.dir.join("report").into()
    }

    /// An error if there is any, or if the tests have failed.
    fn check(&self, counts: Result<String>) -> Result<Outcome> {
        let listing = fs::read_dir(&self.dir).map_err(|error| error.to_string())?;
        let mut texts = Vec::new();
        for entry in listing {
            let path = entry.map_err(|error| error.to_string())?.path();
            let text = fs::read_to_string(&path).unwrap_or_default();
            // Memory that is refused is only mentioned.
            if FAULTS.iter().any(|fault| text.contains(fault)) {
                texts.push(text);
            }
        }
        if texts.is_empty() {
            return counts.map(Outcome::Counted);
        }
        let all = texts.join("\n");
        let mut faults: Vec<&str> = all
            .lines()
            .filter(|line| line.contains("SUMMARY: ") || line.contains("runtime error: "))
            .collect();
        faults.sort_unstable();
        faults.dedup();
        Err(format!(
            "{} reports in {}\n{}\n{}",
            texts.len(),
            self.dir.display(),
            faults.join("\n"),
            counts.err().unwrap_or_default()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn results_are_counted() {
        let line = "test result: ok. 15 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
                    finished in 7.45s";
        assert_eq!(counts(line), Some((15, 1)));
        assert_eq!(counts("running 16 tests"), None);
    }
}
