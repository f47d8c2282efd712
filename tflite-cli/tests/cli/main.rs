//! The program as its users see it: arguments in, text and exit codes out.

mod bench;
mod generate;
mod golden;
mod inputs;
mod inspect;
mod json;
mod npy;
mod parity;
mod pipes;
mod verify;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program has left.
struct Output {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Output {
    /// Fails unless the program was fine with everything.
    #[track_caller]
    fn good(self) -> String {
        assert_eq!((self.code, &*self.stderr), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Fails unless the program exits with this code, and names all of this on standard error, and
    /// in one line.
    #[track_caller]
    fn bad(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?}: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// The program, in the folder of this package, without colours from the environment.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tflite"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null());
    command
}

fn tflite(arguments: &[&str]) -> Output {
    let output = command(arguments).output().expect("the program starts");
    Output {
        // A signal, such as that of a crash, has no code.
        code: output.status.code().expect("no crash"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A model of the library's tests, as seen from this package.
fn model(name: &str) -> String {
    format!("../tflite/tests/models/{name}.tflite")
}

/// Where a file of the library's tests is.
fn library(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tflite/tests")
        .join(path)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}
