//! Programs that need what old systems lack, made by the compiler from libraries that say so.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Report, check, parts};
use crate::run::{capture, target};

/// A folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let dir = target().join("glibc-tests").join(name);
    std::fs::create_dir_all(&dir).expect("a folder for the test");
    dir
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file for the test");
}

fn cc(dir: &Path, arguments: &[&str]) {
    let mut command = Command::new("cc");
    command.current_dir(dir).args(["-nostdlib", "-fPIC", "-O0"]);
    capture(command.args(arguments)).expect("the compiler makes it");
}

/// A library called `soname` with functions, each in a version of its own.
fn library(dir: &Path, soname: &str, functions: &[(&str, &str)]) {
    let mut code = String::new();
    let mut script = String::new();
    for (function, version) in functions {
        code.push_str(&format!("void {function}(void) {{}}\n"));
        script.push_str(&format!("{version} {{ global: {function}; }};\n"));
    }
    write(&dir.join("library.c"), &code);
    write(&dir.join("library.map"), &script);
    let soname_flag = format!("-Wl,-soname,{soname}");
    cc(
        dir,
        &[
            "-shared",
            "-Wl,--version-script,library.map",
            &soname_flag,
            "-o",
            soname,
            "library.c",
        ],
    );
}

/// A library that calls these functions of `libraries`, examined.
fn caller(dir: &Path, functions: &[&str], libraries: &[&str], max: &str) -> Report {
    let mut code = String::new();
    for function in functions {
        code.push_str(&format!("void {function}(void);\n"));
    }
    code.push_str("void entry(void) {\n");
    for function in functions {
        code.push_str(&format!("  {function}();\n"));
    }
    code.push_str("}\n");
    write(&dir.join("caller.c"), &code);
    let mut arguments = vec![
        "-shared",
        "-Wl,--no-as-needed",
        "-o",
        "caller.so",
        "caller.c",
    ];
    arguments.extend(libraries);
    cc(dir, &arguments);
    check(&dir.join("caller.so"), max).expect("it can be examined")
}

#[test]
fn old_symbols_are_good() {
    let dir = folder("old");
    library(
        &dir,
        "libc.so.6",
        &[("old", "GLIBC_2.17"), ("newer", "GLIBC_2.26")],
    );
    let report = caller(&dir, &["old", "newer"], &["libc.so.6"], "2.26");
    assert!(report.is_good(), "{report}");
    assert_eq!(report.newest.as_deref(), Some("2.26"));
    assert_eq!(report.libraries, ["libc.so.6"]);
}

#[test]
fn newer_symbols_are_listed_with_their_version() {
    let dir = folder("new");
    // 2.4 is older than 2.26, and 2.100 newer, though not as text.
    library(
        &dir,
        "libc.so.6",
        &[
            ("oldest", "GLIBC_2.4"),
            ("statx", "GLIBC_2.28"),
            ("future", "GLIBC_2.100"),
        ],
    );
    let functions = ["oldest", "statx", "future"];
    let report = caller(&dir, &functions, &["libc.so.6"], "2.26");
    let wrong: Vec<_> = report
        .too_new
        .iter()
        .map(|(version, symbols)| (version.as_str(), symbols.iter().collect::<Vec<_>>()))
        .collect();
    assert_eq!(wrong.len(), 2, "{report}");
    assert_eq!(
        report.too_new["GLIBC_2.28"].first().map(String::as_str),
        Some("statx")
    );
    assert_eq!(
        report.too_new["GLIBC_2.100"].first().map(String::as_str),
        Some("future")
    );
    assert_eq!(report.newest.as_deref(), Some("2.100"));
    assert!(
        report
            .verdict(Path::new("x"))
            .is_err_and(|text| text.contains("statx"))
    );

    assert!(check(&dir.join("caller.so"), "2.100").is_ok_and(|report| report.is_good()));
    let report = check(&dir.join("caller.so"), "2.28").expect("it can be examined");
    assert_eq!(report.too_new.len(), 1, "{report}");
}

#[test]
fn versions_that_are_no_numbers_are_bad() {
    for version in ["GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"] {
        let dir = folder(version);
        library(&dir, "libc.so.6", &[("inner", version)]);
        let report = caller(&dir, &["inner"], &["libc.so.6"], "2.40");
        assert!(report.too_new.contains_key(version), "{report}");
        assert_eq!(report.newest, None);
    }
}

#[test]
fn new_symbols_of_libgcc_are_bad() {
    let dir = folder("libgcc");
    library(
        &dir,
        "libgcc_s.so.1",
        &[("unwind", "GCC_3.3.1"), ("half", "GCC_12.0.0")],
    );
    let report = caller(&dir, &["unwind", "half"], &["libgcc_s.so.1"], "2.26");
    assert_eq!(
        report.too_new.keys().collect::<Vec<_>>(),
        ["GCC_12.0.0"],
        "{report}"
    );
}

#[test]
fn other_libraries_are_foreign_whatever_they_need() {
    let dir = folder("foreign");
    library(&dir, "libstdc++.so.6", &[("chars", "GLIBCXX_3.4")]);
    let report = caller(&dir, &["chars"], &["libstdc++.so.6"], "2.26");
    assert_eq!(report.foreign, ["libstdc++.so.6"], "{report}");
    assert!(!report.is_good());
}

#[test]
fn another_loader_is_foreign() {
    let dir = folder("loader");
    write(&dir.join("program.c"), "void _start(void) {}\n");
    let loader = "-Wl,--dynamic-linker,/lib/ld-musl-x86_64.so.1";
    cc(&dir, &["-pie", loader, "-o", "program", "program.c"]);
    let report = check(&dir.join("program"), "2.26").expect("it can be examined");
    assert_eq!(report.foreign, ["ld-musl-x86_64.so.1"], "{report}");
}

#[test]
fn a_static_program_needs_nothing() {
    let dir = folder("static");
    write(&dir.join("program.c"), "void _start(void) {}\n");
    cc(
        &dir,
        &[
            "-static",
            "-no-pie",
            "-fno-PIC",
            "-o",
            "program",
            "program.c",
        ],
    );
    let report = check(&dir.join("program"), "2.26").expect("it can be examined");
    assert!(report.is_good() && report.libraries.is_empty(), "{report}");
}

#[test]
fn other_files_and_damaged_ones_are_errors() {
    let dir = folder("damaged");
    write(&dir.join("text"), "no program");
    assert!(check(&dir.join("text"), "2.26").is_err());
    assert!(check(&dir.join("missing"), "2.26").is_err());

    library(&dir, "libc.so.6", &[("old", "GLIBC_2.17")]);
    caller(&dir, &["old"], &["libc.so.6"], "2.26");
    let whole = std::fs::read(dir.join("caller.so")).expect("the file is there");
    // No part of a file may pass for a good one.
    for length in (0..whole.len()).step_by(97) {
        let part = dir.join("part");
        std::fs::write(&part, &whole[..length]).expect("a file for the test");
        assert!(
            check(&part, "2.26").is_err(),
            "{length} of {} bytes",
            whole.len()
        );
    }
}

#[test]
fn the_limit_must_be_a_version() {
    assert!(check(Path::new("/bin/sh"), "new").is_err());
    assert!(parts("2.26") < parts("2.100"));
    assert_eq!(parts("7.0.0"), parts("7"));
    assert_eq!(parts("PRIVATE"), None);
}
