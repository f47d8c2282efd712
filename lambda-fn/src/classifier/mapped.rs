//! Files that are used as they lie on the disk: the only unsafe code of this crate.
//!
//! Whoever sets `MODEL_MMAP=1` promises that nobody changes the model's file and that of its packed
//! weights while the function runs, and that the latter is one that `tflite` has written. No program
//! can check that: a read-only file system may be writable elsewhere.
#![expect(
    unsafe_code,
    reason = "the promise is the deployer's, who sets MODEL_MMAP=1"
)]

use std::path::Path;

use tflite::{Model, PackagedWeightCache};

/// What is only made where the settings say `MODEL_MMAP=1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilesStay(());

impl FilesStay {
    /// `None` without that promise.
    pub(crate) fn promised(mmap: bool) -> Option<Self> {
        mmap.then_some(Self(()))
    }

    pub(super) fn model(self, path: &Path) -> tflite::Result<Model> {
        // SAFETY: a `FilesStay` stands for the promise that nobody changes or shortens the file.
        unsafe { Model::from_mmap(path) }
    }

    pub(super) fn weights(self, path: &Path) -> PackagedWeightCache {
        // SAFETY: as above; and the file is one that `tflite` has written.
        unsafe { PackagedWeightCache::new(path) }
    }
}
