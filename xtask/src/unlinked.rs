//! Without a C++ compiler, `cargo check` works, and linking says what is missing.

use std::fs;

use crate::run::{Result, cargo, run, target};

pub(crate) fn check() -> Result<()> {
    let dir = target().join("unlinked");
    // An empty build cache, or the library would be there without a compiler.
    let cache = dir.join("cache");
    let without_compiler = |arguments: &[&str]| {
        let mut command = cargo();
        command
            .args(arguments)
            .arg("--locked")
            // What the caller has set must not decide the outcome.
            .env_remove("TFLITE_SYS_LIB_DIR")
            .env_remove("TFLITE_SYS_SOURCE_DIR")
            .env_remove("DOCS_RS")
            .env("CXX", dir.join("no-such-compiler"))
            .env("CARGO_TARGET_DIR", &dir)
            .env("XDG_CACHE_HOME", &cache);
        command
    };
    run(&mut without_compiler(&[
        "check",
        "--package",
        "tflite-native",
    ]))?;
    let mut build = without_compiler(&["test", "--no-run", "--lib", "--package", "tflite-sys"]);
    let output = build.output().map_err(|error| format!("cargo: {error}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    let result = if output.status.success() {
        Err("a test was linked without the native library".to_owned())
    } else if !words.contains("TensorFlow Lite was not built - a C++ compiler not found") {
        Err(format!(
            "the linker's error does not say what is missing:\n{words}"
        ))
    } else if cache.join("tflite-sys").exists() {
        Err("something was fetched although it could not be built".to_owned())
    } else {
        Ok(())
    };
    // It is some hundred megabytes, and of no further use.
    let _ = fs::remove_dir_all(&dir);
    result
}
