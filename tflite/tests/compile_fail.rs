//! What the compiler must refuse, and what it must not: `compile_fail/*.rs` and `compile_pass/*.rs`.
//!
//! Each case that fails has a `.stderr` of the errors that are expected: the code, and the line of
//! the case that it points to. The compiler's sentences are left out, since they change from one
//! version to the next, and the oldest supported one must pass too. This is why the cases are not
//! given to the crate `trybuild`, which compares all of it.
//!
//! `BLESS=1 cargo test --package tflite-native --test compile_fail` writes the `.stderr` anew.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Cases by name, with their errors.
type Errors = BTreeMap<String, Vec<String>>;

#[test]
fn the_compiler_refuses_what_it_should() {
    let cases = cases("compile_fail");
    let found = check("fail", &cases);
    let mut failures = String::new();
    for (name, path) in &cases {
        let actual = found.get(name).map(|errors| errors.concat());
        let Some(actual) = actual else {
            let _ = writeln!(failures, "{name}: it compiles");
            continue;
        };
        let golden = path.with_extension("stderr");
        if env::var_os("BLESS").is_some() {
            fs::write(&golden, &actual).expect("writable");
            continue;
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if actual != expected {
            let _ = writeln!(
                failures,
                "{name}: expected\n{expected}but there is\n{actual}"
            );
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn the_compiler_accepts_what_it_should() {
    let cases = cases("compile_pass");
    let found = check("pass", &cases);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_expectation_has_its_case() {
    let cases = cases("compile_fail");
    for entry in fs::read_dir(folder("compile_fail")).expect("there") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        assert!(cases.contains_key(&*name), "{path:?}");
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// The cases in a folder, by name.
fn cases(name: &str) -> BTreeMap<String, PathBuf> {
    let cases: BTreeMap<String, PathBuf> = fs::read_dir(folder(name))
        .expect("there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            (name.into_owned(), path)
        })
        .collect();
    assert!(!cases.is_empty(), "no case in {name}");
    cases
}

/// Checks all cases as programs of one package that depends on this one, and returns the errors.
fn check(package: &str, cases: &BTreeMap<String, PathBuf>) -> Errors {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("compile-{package}"));
    fs::create_dir_all(&dir).expect("a writable target folder");
    let mut manifest = format!(
        "[package]\nname = \"compile-{package}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         autobins = false\n\n[workspace]\n\n\
         [dependencies.tflite]\npackage = \"tflite-native\"\npath = {root:?}\n\
         default-features = false\nfeatures = {FEATURES:?}\n"
    );
    for (name, path) in cases {
        let _ = write!(manifest, "\n[[bin]]\nname = \"{name}\"\npath = {path:?}\n");
    }
    fs::write(dir.join("Cargo.toml"), manifest).expect("a writable target folder");
    // The same versions of dependencies, so that nothing has to be fetched.
    let lock = root.join("../Cargo.lock");
    if lock.exists() {
        fs::copy(lock, dir.join("Cargo.lock")).expect("a writable target folder");
    }
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(&dir)
        .args(["check", "--quiet", "--keep-going", "--offline", "--bins"])
        .args(["--message-format", "json", "--target-dir"])
        // The dependencies' build scripts have run there already.
        .arg(dir.join("../.."))
        .output()
        .expect("cargo");
    let messages = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let mut checked = 0;
    let mut errors = Errors::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).expect("a JSON object a line");
        let name = message["target"]["name"].as_str().unwrap_or_default();
        if !cases.contains_key(name) {
            assert_ne!(message["message"]["level"], "error", "{message:#}");
            continue;
        }
        if message["reason"] == "compiler-artifact" {
            checked += 1;
        } else if let Some(error) = error(&message["message"]) {
            errors.entry(name.to_owned()).or_default().push(error);
        }
    }
    // Or Cargo has failed before it came to the cases.
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(checked + errors.len(), cases.len(), "{words}");
    for list in errors.values_mut() {
        // Which error comes first depends on the compiler.
        list.sort();
        list.dedup();
    }
    errors
}

/// All that change the API which the cases are about.
const FEATURES: &[&str] = &["ndarray"];

/// The code of an error, and the line of code that it points to. `None` for what is no error, and
/// for the last one, which only says how many there were.
fn error(message: &Value) -> Option<String> {
    if message["level"] != "error" {
        return None;
    }
    let spans = message["spans"].as_array()?;
    let span = spans.iter().find(|span| span["is_primary"] == true)?;
    let code = message["code"]["code"].as_str().unwrap_or("without a code");
    let line = span["text"][0]["text"].as_str().unwrap_or_default().trim();
    Some(format!("error[{code}]: {line}\n"))
}
