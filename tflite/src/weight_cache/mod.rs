//! Packed weights: kept in a file, in memory, or shared by interpreters.
//!
//! XNNPACK packs the weights of convolutions and dense layers when it is applied, into an order
//! that its kernels like. That takes time and memory, and both can be saved.

mod active;
mod file;
mod format;
mod key;
mod packaged;
mod reuse;
mod sample;
mod shared;

use std::fmt;
use std::path::PathBuf;

pub(crate) use self::active::ActiveCache;
pub(crate) use self::key::{Settings, hash};
pub use self::packaged::PackagedWeightCache;
pub use self::shared::SharedWeightCache;
pub(crate) use self::shared::Turn;

/// Where XNNPACK keeps the weights that it has packed.
///
/// [`DelegateReport::weight_cache`](crate::DelegateReport::weight_cache) says what became of it. A
/// cache that cannot be used is no error: the weights are packed as without one. Those in files and
/// in memory are for Linux and Android.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum WeightCache {
    /// Each interpreter packs the weights, and keeps them for itself.
    #[default]
    None,
    /// As `None`, but subgraphs of one interpreter that use the same weights, as signatures often
    /// do, keep them once.
    InMemory,
    /// A file of packed weights, for programs that start often. It is written when there is none.
    ///
    /// The file belongs to one model, one build of the library, one kind of processor and one set
    /// of XNNPACK's flags; all that, and a checksum of every byte, is compared before it is used.
    /// A file that does not fit, is damaged, or cannot be read is written anew: under another name
    /// first, so that any number of processes may do it at once. If it cannot be written, the
    /// interpreter works without it.
    ///
    /// It has about the size of the model. It pays with large models only: reading and checking a
    /// file of 85 MB took 38 ms on one machine, packing as much 61 ms,
    /// and [mapping](Self::Mapped) the file 2 ms.
    ///
    /// # Trust
    ///
    /// The file is read into memory of its own, so nothing happens if it is changed later. Its
    /// checksum finds damage, not malice: whoever may write the file can have XNNPACK read what it
    /// must not. Keep it where only those can write who may also replace the model.
    File(PathBuf),
    /// As [`File`](Self::File), used without a copy: see [`MappedWeightCache`].
    Mapped(MappedWeightCache),
    /// A file that came with the model and is never written: see [`PackagedWeightCache`].
    Packaged(PackagedWeightCache),
    /// Packed weights that several interpreters of one model have in common.
    Shared(SharedWeightCache),
}

/// A file of packed weights that is used as it lies on the disk: no time is spent on reading it,
/// and processes share its memory.
///
/// ```no_run
/// use tflite::{MappedWeightCache, WeightCache, XnnpackOptions};
///
/// // SAFETY: nobody but this program writes to that folder, and this crate replaces files whole.
/// let cache = unsafe { MappedWeightCache::new("/var/cache/classifier/weights") };
/// let xnnpack = XnnpackOptions::new().weight_cache(WeightCache::Mapped(cache));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MappedWeightCache(PathBuf);

impl MappedWeightCache {
    /// The file need not exist: it is written as one for [`WeightCache::File`] is.
    ///
    /// # Safety
    ///
    /// The file must hold what this crate has written, and must not be changed or shortened, by
    /// anyone, while an interpreter uses it. Replacing it by another file is no change. Only the
    /// descriptions in it are checked before it is used, not the weights.
    pub unsafe fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl fmt::Debug for MappedWeightCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MappedWeightCache").field(&self.0).finish()
    }
}

/// What became of a weight cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightCacheStatus {
    /// The options ask for none, or XNNPACK is not applied.
    #[default]
    Off,
    /// The packed weights are those in the file.
    Loaded,
    /// The weights were packed, and the file was written.
    Saved {
        /// Why an older file was not used; `None` if there was none.
        reason: Option<String>,
    },
    /// The weights were packed, but the file could not be written.
    NotSaved {
        /// Why.
        reason: String,
    },
    /// The weights are packed once for this interpreter.
    InMemory,
    /// The weights are in the cache that interpreters share.
    Shared,
    /// The file that came with the model was not used. The weights are packed, once for all
    /// interpreters with this cache.
    NotUsed {
        /// Why.
        reason: String,
    },
    /// The weights are packed as without a cache.
    Unavailable {
        /// Why.
        reason: String,
    },
}
