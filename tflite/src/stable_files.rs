//! A promise about files, made by whoever starts a program.

use std::path::{Path, PathBuf};

use crate::{Model, PackagedWeightCache, Result};

/// The promise of whoever has started this process: nobody changes the files that it is told to
/// use, as long as it runs, and files of packed weights are such that this crate has written.
///
/// Files that are used as they lie on the disk spare time and memory, but [`Model::from_mmap`] and
/// [`PackagedWeightCache::new`] are unsafe, since no program can know what becomes of a file. Often
/// its author cannot know either, while it is plain where it is deployed: in a container's image or
/// in AWS Lambda's folder for code, nobody can change anything. So the promise can be made there, by
/// the variable [`TFLITE_STABLE_FILES`](Self::VARIABLE) with the value 1, as others are by
/// `LD_PRELOAD`. It counts only if the process was started with it: what the program itself has put
/// into its environment is no promise, and neither is anything without `/proc/self/environ`.
///
/// ```no_run
/// use tflite::{Model, StableFiles};
///
/// let path = "/var/task/classifier.tflite";
/// let model = match StableFiles::promised() {
///     Some(promise) => promise.map(path)?,
///     None => Model::from_file(path)?,
/// };
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StableFiles(());

impl StableFiles {
    /// The variable of the environment that makes the promise.
    pub const VARIABLE: &str = "TFLITE_STABLE_FILES";

    /// The promise, if it was made.
    pub fn promised() -> Option<Self> {
        // Not `std::env::var_os`: safe code can set variables before Rust 2024, and many do. What
        // the kernel shows here is what `execve` was given.
        Self::from_environment(&std::fs::read("/proc/self/environ").ok()?)
    }

    /// Entries like `NAME=value`, each with a NUL behind it. The first one of a name counts.
    fn from_environment(environment: &[u8]) -> Option<Self> {
        let value = environment.split(|&byte| byte == 0).find_map(|entry| {
            let value = entry.strip_prefix(Self::VARIABLE.as_bytes())?;
            value.strip_prefix(b"=")
        });
        (value?.trim_ascii() == b"1").then_some(Self(()))
    }

    /// Uses a model as it lies on the disk.
    ///
    /// # Errors
    ///
    /// Those of [`Model::from_mmap`].
    pub fn map(self, path: impl AsRef<Path>) -> Result<Model> {
        // SAFETY: this stands for the promise that nobody changes or shortens the file.
        unsafe { Model::from_mmap(path) }
    }

    /// Uses packed weights as they lie on the disk.
    pub fn packaged_weights(self, path: impl Into<PathBuf>) -> PackagedWeightCache {
        // SAFETY: this stands for the promise that nobody changes or shortens the file, and that
        // this crate has written it.
        unsafe { PackagedWeightCache::new(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_1_is_a_promise() {
        let of = |text: &str| StableFiles::from_environment(text.as_bytes());
        let name = StableFiles::VARIABLE;
        for value in ["1", " 1 "] {
            assert!(of(&format!("A=b\0{name}={value}\0C=d\0")).is_some());
        }
        for value in ["", "0", "2", "true", "11"] {
            assert_eq!(of(&format!("A=b\0{name}={value}\0")), None, "{value:?}");
        }
        for other in [
            "",
            "A=b\0",
            "X_{}=1\0",
            "{}_X=1\0",
            "{}\0",
            "A={}=1\0",
            "{}=0\0{}=1\0",
        ] {
            assert_eq!(of(&other.replace("{}", name)), None, "{other:?}");
        }
    }

    #[test]
    fn a_variable_that_the_program_sets_is_no_promise() {
        let before = StableFiles::promised();
        // SAFETY: no other test of this program looks at this variable, or calls C code that does.
        unsafe { std::env::set_var(StableFiles::VARIABLE, "1") };
        assert_eq!(StableFiles::promised(), before);
    }
}
