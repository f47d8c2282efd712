//! A promise about files, made by whoever starts a program.

use std::ffi::OsString;
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
/// `LD_PRELOAD`. It comes from outside of the process: to set a variable inside is unsafe in Rust.
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
        Self::from_value(std::env::var_os(Self::VARIABLE))
    }

    fn from_value(value: Option<OsString>) -> Option<Self> {
        (value? == "1").then_some(Self(()))
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
        assert!(StableFiles::from_value(Some("1".into())).is_some());
        for value in ["", "0", "2", "true", " 1", "11"] {
            assert_eq!(
                StableFiles::from_value(Some(value.into())),
                None,
                "{value:?}"
            );
        }
        assert_eq!(StableFiles::from_value(None), None);
    }
}
