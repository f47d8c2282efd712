//! Packed weights that interpreters have in common.

use std::fmt;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tflite_sys as sys;

use super::key::Settings;
use crate::model::Model;

/// Packed weights that several interpreters of one model have in common, also in different threads.
///
/// Each interpreter still packs the weights when it is made, and then finds that they are there
/// already: this saves memory, not time. Interpreters invoke at the same time as without it.
///
/// It belongs to the model and the flags of the first interpreter that is made with it. Others do
/// not use it, and say so in their [report](crate::DelegateReport::weight_cache).
///
/// Wraps `TfLiteXNNPackDelegateWeightsCacheCreateWithSize()` and
/// `TfLiteXNNPackDelegateWeightsCacheFinalizeSoft()`. `…FinalizeHard()` is left out: no interpreter
/// could be made after it, nor [reset](crate::Interpreter::reset).
///
/// ```
/// # let model = tflite::Model::from_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/conv.tflite"))?;
/// use tflite::{Interpreter, InterpreterOptions, SharedWeightCache, WeightCache, XnnpackOptions};
///
/// let cache = WeightCache::Shared(SharedWeightCache::new());
/// let options = InterpreterOptions::new().xnnpack(XnnpackOptions::new().weight_cache(cache));
/// let one = Interpreter::new(&model, options.clone())?;
/// let two = Interpreter::new(&model, options)?;
/// assert_eq!(two.delegate_report().weight_cache, tflite::WeightCacheStatus::Shared);
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct SharedWeightCache(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    /// No interpreter has used it.
    #[default]
    Empty,
    /// Finalized: XNNPACK only looks up what is there.
    Ready { raw: Raw, binding: Binding },
    /// An interpreter could not be made. XNNPACK may have left its lock closed. Those that were
    /// made before go on.
    Broken { _raw: Option<Raw> },
}

/// What all interpreters must have in common.
struct Binding {
    model: Model,
    settings: Settings,
}

/// Owns a `TfLiteXNNPackDelegateWeightsCache`.
struct Raw(NonNull<sys::TfLiteXNNPackDelegateWeightsCache>);

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; delegates that use it keep a clone of the
        // `SharedWeightCache` that it is part of.
        unsafe { sys::TfLiteXNNPackDelegateWeightsCacheDelete(self.0.as_ptr()) };
    }
}

// SAFETY: xnnpack_delegate.h does not say whether a cache is bound to a thread. In the pinned source
// (cache.c of Chromium 150.0.7871.100) it is a table and a mapping, without thread-local state.
unsafe impl Send for Raw {}

impl SharedWeightCache {
    /// A cache for the interpreters of one model.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets one interpreter be made with the cache; or says why it must do without.
    pub(crate) fn turn(&self, model: &Model, settings: Settings) -> Result<Turn<'_>, String> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // XNNPACK does not notice when something is missing in a finalized cache: it must be sure
        // that nothing is. The same model and flags lead to the same packed weights, unless the
        // graph is another when XNNPACK comes to it.
        if settings.others {
            return Err("it cannot be shared beside other delegates".to_owned());
        }
        if settings.flags & sys::TFLITE_XNNPACK_DELEGATE_FLAG_DISABLE_SUBGRAPH_RESHAPING != 0 {
            return Err("it cannot be shared if XNNPACK is applied anew at a resize".to_owned());
        }
        match &*state {
            State::Broken { .. } => Err("an interpreter failed while it filled it".to_owned()),
            State::Ready { binding, .. } if !binding.model.is_same(model) => {
                Err("it belongs to another model".to_owned())
            }
            State::Ready { binding, .. } if binding.settings != settings => {
                Err("it belongs to interpreters with other flags".to_owned())
            }
            State::Ready { raw, .. } => Ok(Turn {
                raw: raw.0,
                state,
                binding: None,
            }),
            State::Empty => {
                // Packed weights are a bit larger than the model's. What is never used takes no
                // memory, while growing means to move.
                let length = model.as_bytes().len();
                let size = length + length / 8;
                // SAFETY: the function has no preconditions.
                let raw = NonNull::new(unsafe {
                    sys::TfLiteXNNPackDelegateWeightsCacheCreateWithSize(size)
                });
                let raw = raw.ok_or("XNNPACK could not make it")?;
                let binding = Binding {
                    model: model.clone(),
                    settings,
                };
                Ok(Turn {
                    raw,
                    state,
                    binding: Some((Raw(raw), binding)),
                })
            }
        }
    }
}

/// The right to make an interpreter with the cache: one at a time.
///
/// Not yet finalized, the cache moves when it grows, and finalized, XNNPACK still writes to its
/// unused part.
pub(crate) struct Turn<'a> {
    raw: NonNull<sys::TfLiteXNNPackDelegateWeightsCache>,
    state: MutexGuard<'a, State>,
    /// Of a cache that is not finalized yet.
    binding: Option<(Raw, Binding)>,
}

impl Turn<'_> {
    /// Valid as long as the cache.
    pub(crate) fn as_ptr(&self) -> *mut sys::TfLiteXNNPackDelegateWeightsCache {
        self.raw.as_ptr()
    }

    /// To be called when XNNPACK has packed all weights, and before tensors are allocated: from
    /// then on, the cache does not move. Fails if the interpreter must not be used.
    pub(crate) fn packed(mut self) -> crate::Result<()> {
        let Some((raw, binding)) = self.binding.take() else {
            return Ok(());
        };
        // SAFETY: the cache is alive, and whoever has the lock is the only one to change it.
        let is_final =
            unsafe { sys::TfLiteXNNPackDelegateWeightsCacheFinalizeSoft(raw.0.as_ptr()) };
        *self.state = if is_final {
            State::Ready { raw, binding }
        } else {
            State::Broken { _raw: Some(raw) }
        };
        let log = "the shared weight cache could not be finalized".to_owned();
        is_final
            .then_some(())
            .ok_or(crate::Error::CreateInterpreter { log })
    }

    /// To be called when the interpreter could not be made.
    pub(crate) fn failed(mut self) {
        let raw = match (self.binding.take(), std::mem::take(&mut *self.state)) {
            (Some((raw, _)), _) | (None, State::Ready { raw, .. }) => Some(raw),
            (None, State::Broken { _raw }) => _raw,
            (None, State::Empty) => None,
        };
        *self.state = State::Broken { _raw: raw };
    }
}

impl PartialEq for SharedWeightCache {
    /// Whether it is the very same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for SharedWeightCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWeightCache").finish_non_exhaustive()
    }
}

const _: () = {
    const fn check<T: Send + Sync + Clone + 'static>() {}
    check::<SharedWeightCache>();
};
