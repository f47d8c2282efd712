//! Packed weights that come with a model.

use std::fmt;
use std::path::PathBuf;

use super::SharedWeightCache;

/// A file of packed weights that was made beforehand, and comes with the model: in a container's
/// image, for instance. It is used as it lies on the disk, and never written.
///
/// It is made with [`WeightCache::File`](crate::WeightCache::File), on a machine with the same kind
/// of processor and by the same build of the library. Whether it fits is told by the model's
/// graph, its small constants and some places in its large ones, so that those need not be read: a
/// mapped model with such a file takes next to no time and memory for them. A file that does not
/// fit is ignored, [`NotUsed`](crate::WeightCacheStatus::NotUsed) says why, and interpreters with
/// this cache, or a clone of it, pack the weights as with a [`SharedWeightCache`].
///
/// ```no_run
/// use tflite::{PackagedWeightCache, WeightCache, XnnpackOptions};
///
/// // SAFETY: the image is built with it, and nobody writes there.
/// let cache = unsafe { PackagedWeightCache::new("/var/task/classifier.weights") };
/// let xnnpack = XnnpackOptions::new().weight_cache(WeightCache::Packaged(cache));
/// ```
#[derive(Clone, PartialEq)]
pub struct PackagedWeightCache {
    pub(super) path: PathBuf,
    /// If the file does not fit.
    pub(super) otherwise: SharedWeightCache,
}

impl PackagedWeightCache {
    /// The file need not exist, nor fit.
    ///
    /// # Safety
    ///
    /// If there is a file, it must hold what this crate has written, and must not be changed or
    /// shortened, by anyone, while an interpreter uses it. Only the descriptions in it are checked
    /// before it is used, not the weights.
    pub unsafe fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            otherwise: SharedWeightCache::new(),
        }
    }
}

impl fmt::Debug for PackagedWeightCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PackagedWeightCache")
            .field(&self.path)
            .finish()
    }
}
