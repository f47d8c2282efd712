//! The weight cache of one delegate.

use std::ffi::CStr;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};

use tflite_sys as sys;

use super::file::{CacheFile, Outcome};
use super::key::{Key, Settings};
use super::{PackagedWeightCache, SharedWeightCache, Turn, WeightCache, WeightCacheStatus, reuse};
use crate::model::Model;

/// XNNPACK's name for a file that has none: only for its messages.
const NAME: &CStr = c"weight cache";

/// Flags with which XNNPACK may compute in half precision: the delegate's, and its own.
const HALF_PRECISION: (u32, u32) = (sys::TFLITE_XNNPACK_DELEGATE_FLAG_FORCE_FP16, 2 | 4);

/// The weight cache of one delegate. It must outlive that.
#[derive(Debug)]
pub(crate) enum ActiveCache {
    None,
    InMemory,
    File(CacheFile),
    Shared(SharedWeightCache),
    /// Instead of a file that does not fit, for a reason.
    Instead(SharedWeightCache, String),
}

impl ActiveCache {
    /// Says why there is none, if there should be one.
    pub(crate) fn open(
        cache: &WeightCache,
        model: &Model,
        settings: Settings,
    ) -> Result<Self, String> {
        let check = || {
            let half_precision = settings.flags & HALF_PRECISION.0 != 0
                || settings.runtime_flags & HALF_PRECISION.1 != 0;
            match reuse::obstacle(model.as_bytes(), half_precision) {
                None => check_memory(),
                Some(obstacle) => Err(obstacle),
            }
        };
        let key = || Key::new(model, settings);
        let packaged = |packaged: &PackagedWeightCache| {
            check()?;
            let key = Key::sampled(model, settings);
            // SAFETY: whoever made `packaged` promised that.
            unsafe { CacheFile::map_if_it_fits(&packaged.path, key) }
        };
        let file = match cache {
            WeightCache::None => return Ok(Self::None),
            WeightCache::Shared(shared) => return Ok(Self::Shared(shared.clone())),
            WeightCache::Packaged(cache) => {
                return Ok(match packaged(cache) {
                    Ok(file) => Self::File(file),
                    Err(reason) => Self::Instead(cache.otherwise.clone(), reason),
                });
            }
            WeightCache::InMemory => return check().map(|()| Self::InMemory),
            WeightCache::File(path) => {
                check()?;
                CacheFile::read(path, key())
            }
            WeightCache::Mapped(mapped) => {
                check()?;
                // SAFETY: whoever made `mapped` promised that.
                unsafe { CacheFile::map(&mapped.0, key()) }
            }
        };
        file.map(Self::File).map_err(|error| error.to_string())
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The cache that must be asked for a turn.
    pub(crate) fn shared(&self) -> Option<&SharedWeightCache> {
        match self {
            Self::Shared(shared) | Self::Instead(shared, _) => Some(shared),
            _ => None,
        }
    }

    /// Calls C with the options for this cache.
    pub(crate) fn create(
        &self,
        turn: Option<&Turn<'_>>,
        mut options: sys::TfLiteXNNPackDelegateOptions,
        create: impl FnOnce(
            &sys::TfLiteXNNPackDelegateOptions,
        ) -> Option<std::ptr::NonNull<sys::TfLiteDelegate>>,
    ) -> Option<std::ptr::NonNull<sys::TfLiteDelegate>> {
        match self {
            Self::None => {}
            Self::InMemory => {
                // SAFETY: the function has no preconditions. The path is a constant.
                options.weight_cache_file_path =
                    unsafe { sys::TfLiteXNNPackDelegateInMemoryFilePath() };
            }
            Self::Shared(_) | Self::Instead(..) => {
                if let Some(turn) = turn {
                    options.weights_cache = turn.as_ptr();
                }
            }
            Self::File(file) => {
                // Never 0, which means none to XNNPACK: the standard library keeps clear of it.
                let fd = file.descriptor().ok()?;
                let fd = fd.into_raw_fd();
                options.weight_cache_file_path = NAME.as_ptr();
                options.weight_cache_file_descriptor = fd;
                let delegate = create(&options);
                if delegate.is_none() {
                    // SAFETY: the descriptor was not taken: that only happens in the constructor
                    // of a delegate.
                    drop(unsafe { OwnedFd::from_raw_fd(fd) });
                }
                return delegate;
            }
        }
        create(&options)
    }

    /// To be called when XNNPACK has packed all weights: writes the file if there is to be one.
    pub(crate) fn finish(&self) -> WeightCacheStatus {
        match self {
            Self::None => WeightCacheStatus::Off,
            Self::InMemory => WeightCacheStatus::InMemory,
            Self::Shared(_) => WeightCacheStatus::Shared,
            Self::Instead(_, reason) => WeightCacheStatus::NotUsed {
                reason: reason.clone(),
            },
            Self::File(file) => match file.finish() {
                Outcome::Loaded => WeightCacheStatus::Loaded,
                Outcome::Saved { reason } => WeightCacheStatus::Saved { reason },
                Outcome::NotSaved { reason } => WeightCacheStatus::NotSaved { reason },
            },
        }
    }
}

/// XNNPACK ends the process if it cannot write to the memory that a cache is.
fn check_memory() -> Result<(), String> {
    // SAFETY: the function has no preconditions.
    if !unsafe { sys::TfLiteXNNPackDelegateCanUseInMemoryWeightCacheProvider() } {
        return Err("the system has no files in memory".to_owned());
    }
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is valid during the call.
    let status = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    if status == 0 && limit.rlim_cur != libc::RLIM_INFINITY {
        return Err("the length of files is limited (RLIMIT_FSIZE)".to_owned());
    }
    Ok(())
}
