//! The binary in a clean environment.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The shipped model, or `None` and a word about it where the checkout has none.
pub(crate) fn model() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/clothing.tflite");
    if !path.is_file() {
        println!(
            "skipped: {} does not exist; model/train.py makes it",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// `bootstrap` with nothing in its environment but what Lambda sets.
pub(crate) fn bootstrap() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
    command
        .env_clear()
        .env("AWS_LAMBDA_FUNCTION_NAME", "test")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
        // Nobody listens on the discard port.
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9");
    command
}

/// Sends a signal, such as `TERM`.
pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// A file that lasts as long as the build folder.
pub(crate) fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}
