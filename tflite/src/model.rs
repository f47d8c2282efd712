//! Models.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::bytes::ModelBytes;
use crate::error::{Error, Result};
use crate::info::ModelInfo;
use crate::raw::RawModel;
use crate::report::Reporter;
use crate::signature::Signature;
use crate::{schema, verify, version, weight_cache};

/// A model: what to compute, and the weights.
///
/// Cloning it is cheap and shares the bytes, also between threads. Interpreters keep the model
/// that they were made from, so it may be dropped at any time.
///
/// # Trust
///
/// Before the runtime sees a model, this crate checks that it does not contradict itself: see
/// [`ModelProblem`](crate::ModelProblem) for what is refused. The kernels are large and trust much
/// that cannot be known beforehand, so a model that was made to do harm may still find a way, as a
/// program can. Load models from sources that you trust as you would trust code.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

/// Fields are dropped in this order: first the native model, then what it points to. c_api.h wants
/// the reporter to live as long as the interpreters, which keep an `Inner`.
struct Inner {
    native: RawModel,
    _reporter: Reporter,
    bytes: ModelBytes,
    signatures: OnceLock<Vec<Arc<Signature>>>,
    fingerprint: OnceLock<u128>,
    placeholder: OnceLock<Option<Arc<Signature>>>,
    tensors: OnceLock<usize>,
}

impl Model {
    /// Reads a model from a file into memory. The file may change afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::ReadModel`] if the file cannot be read, or is longer than a model can be, which is
    /// 2 GiB; else as [`from_bytes`](Self::from_bytes).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// let model = tflite::Model::from_file(path)?;
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(ModelBytes::read(path.as_ref())?)
    }

    /// Copies a model out of these bytes to memory of the alignment that the runtime needs.
    ///
    /// Wraps `TfLiteModelCreateWithErrorReporter()`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidModel`] if the bytes are no model or a damaged one,
    /// [`Error::UnsoundModel`] if they contradict themselves, [`Error::Version`] if the wrong
    /// library is linked, [`Error::OutOfMemory`].
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self> {
        Self::new(ModelBytes::copy(bytes.as_ref())?)
    }

    /// Uses a model that is part of the program. It is copied only if it is not aligned to 16
    /// bytes, or ends so near to the end of a page that XNNPACK, which reads up to 16 bytes more
    /// than there are, could reach the next one.
    ///
    /// # Errors
    ///
    /// As [`from_bytes`](Self::from_bytes).
    ///
    /// ```
    /// static BYTES: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite"));
    /// let model = tflite::Model::from_static(BYTES)?;
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn from_static(bytes: &'static [u8]) -> Result<Self> {
        Self::new(ModelBytes::from_static(bytes)?)
    }

    /// Maps a model's file into memory: pages are loaded when they are needed first, and shared
    /// between processes.
    ///
    /// # Safety
    ///
    /// The file must not be changed or shortened, by anyone, while the model or an interpreter
    /// made from it exists. Otherwise the process is killed by a signal at best.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// // SAFETY: nobody changes the file while this program runs.
    /// let model = unsafe { tflite::Model::from_mmap(path) }?;
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub unsafe fn from_mmap(path: impl AsRef<Path>) -> Result<Self> {
        // SAFETY: the caller's promise is the same.
        Self::new(unsafe { ModelBytes::map(path.as_ref()) }?)
    }

    fn new(bytes: ModelBytes) -> Result<Self> {
        version::check()?;
        #[cfg(feature = "log")]
        crate::log::install();
        let length = bytes.as_slice().len();
        verify::verify(bytes.as_slice()).map_err(|refusal| Error::refused(length, refusal))?;
        let reporter = Reporter::new();
        // SAFETY: moving a `ModelBytes` or a `Reporter` does not move what it points to, nobody
        // can change the bytes, and `Inner` keeps both behind the native model. Interpreters keep
        // an `Inner`.
        let native = unsafe { RawModel::create(bytes.as_slice(), &reporter) };
        let native = native.ok_or_else(|| Error::InvalidModel {
            bytes: length,
            log: reporter.take(),
        })?;
        Ok(Self(Arc::new(Inner {
            native,
            _reporter: reporter,
            bytes,
            signatures: OnceLock::new(),
            fingerprint: OnceLock::new(),
            placeholder: OnceLock::new(),
            tensors: OnceLock::new(),
        })))
    }

    /// The model as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.bytes.as_slice()
    }

    /// The model's functions that have names, in the order of the file.
    ///
    /// Those that contradict the rest of the model are left out.
    pub fn signatures(&self) -> &[Arc<Signature>] {
        self.0
            .signatures
            .get_or_init(|| Signature::read_all(self.as_bytes()))
    }

    /// What is inside: functions, operators, tensors, metadata, labels.
    ///
    /// # Errors
    ///
    /// As [`ModelInfo::from_bytes`].
    pub fn info(&self) -> Result<ModelInfo> {
        ModelInfo::from_bytes(self.as_bytes())
    }

    /// A checksum of all bytes.
    pub(crate) fn fingerprint(&self) -> u128 {
        *self
            .0
            .fingerprint
            .get_or_init(|| weight_cache::hash(self.as_bytes()))
    }

    /// Whether both have the same bytes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_bytes() == other.as_bytes()
    }

    /// What stands in for a signature if the model has none.
    pub(crate) fn placeholder(&self) -> Option<&Arc<Signature>> {
        let placeholder = || Signature::placeholder(self.as_bytes());
        self.0.placeholder.get_or_init(placeholder).as_ref()
    }

    /// How many tensors the first subgraph has.
    pub(crate) fn tensor_count(&self) -> usize {
        *self
            .0
            .tensors
            .get_or_init(|| schema::tensor_count(self.as_bytes()).unwrap_or(0))
    }

    /// Gives the pages of a mapped file back: once weights are packed, few are needed.
    pub(crate) fn release(&self) {
        self.0.bytes.release();
    }

    pub(crate) fn native(&self) -> &RawModel {
        &self.0.native
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("bytes", &self.as_bytes().len())
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Model>();
};
