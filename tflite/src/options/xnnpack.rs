//! How XNNPACK shall compute.

use std::ops::{BitOr, BitOrAssign};

use tflite_sys as sys;

use super::MAX_THREADS;
use crate::error::{Error, Result};
use crate::weight_cache::WeightCache;

/// Whether to compute with XNNPACK, a library of fast kernels for the CPU.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Xnnpack {
    /// Use it for the operators that it supports. If it does not work on this machine or with
    /// this model, the runtime's own kernels compute everything, and
    /// [`Interpreter::delegate_report`](crate::Interpreter::delegate_report) says so.
    #[default]
    Auto,
    /// As [`Auto`](Self::Auto), with other options than the default ones.
    With(XnnpackOptions),
    /// Use the runtime's own kernels alone. They are several times slower.
    Off,
}

impl From<XnnpackOptions> for Xnnpack {
    fn from(options: XnnpackOptions) -> Self {
        Self::With(options)
    }
}

/// How XNNPACK shall compute: what `TfLiteXNNPackDelegateOptions` has, on top of
/// `TfLiteXNNPackDelegateOptionsDefault()`.
///
/// `weight_cache_provider` is not here: it is a C++ object, which C cannot make. The descriptor of
/// a weight cache's file is not here either: [`WeightCache::File`] uses one of its own.
///
/// ```
/// # let model = tflite::Model::from_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite"))?;
/// use tflite::{Interpreter, InterpreterOptions, WeightCache, XnnpackFlags, XnnpackOptions};
///
/// let xnnpack = XnnpackOptions::new()
///     .enable(XnnpackFlags::TRANSIENT_INDIRECTION_BUFFER)
///     .weight_cache(WeightCache::InMemory);
/// let interpreter = Interpreter::new(&model, InterpreterOptions::new().xnnpack(xnnpack))?;
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct XnnpackOptions {
    threads: Option<usize>,
    enabled: XnnpackFlags,
    disabled: XnnpackFlags,
    runtime_flags: XnnpackRuntimeFlags,
    handle_variable_ops: bool,
    weight_cache: WeightCache,
    lock_weight_cache: bool,
}

impl XnnpackOptions {
    /// As many threads as the interpreter, the library's default flags, no weight cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many threads XNNPACK uses, 1 to [`MAX_THREADS`], if not as many as
    /// [`InterpreterOptions::threads`](crate::InterpreterOptions::threads) says. Other numbers are
    /// refused when the interpreter is created.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Sets these flags.
    pub fn enable(mut self, flags: XnnpackFlags) -> Self {
        self.enabled |= flags;
        self.disabled = self.disabled.without(flags);
        self
    }

    /// Clears these flags, such as those that are set by default.
    pub fn disable(mut self, flags: XnnpackFlags) -> Self {
        self.disabled |= flags;
        self.enabled = self.enabled.without(flags);
        self
    }

    /// Sets flags of XNNPACK itself, in `runtime_flags`.
    pub fn runtime_flags(mut self, flags: XnnpackRuntimeFlags) -> Self {
        self.runtime_flags = flags;
        self
    }

    /// Whether XNNPACK computes operators on variables. The library's field has no effect any more,
    /// and here the runtime's kernels compute them, since XNNPACK does not compare how much a
    /// variable holds.
    #[deprecated = "XNNPACK never computes operators on variables"]
    pub fn handle_variable_ops(mut self, handle: bool) -> Self {
        self.handle_variable_ops = handle;
        self
    }

    /// Where the weights are kept that XNNPACK has packed.
    pub fn weight_cache(mut self, cache: WeightCache) -> Self {
        self.weight_cache = cache;
        self
    }

    /// Whether the weight cache shall stay in physical memory, as far as the system allows. For
    /// [`WeightCache::File`] and [`WeightCache::InMemory`] only. If the system refuses, nothing
    /// happens.
    pub fn lock_weight_cache(mut self, lock: bool) -> Self {
        self.lock_weight_cache = lock;
        self
    }

    /// The number of threads, where the interpreter has this one.
    pub(crate) fn checked_threads(&self, interpreter: Option<i32>) -> Result<i32> {
        match self.threads {
            Some(threads) => check_threads(threads),
            // The runtime's default is one thread too.
            None => Ok(interpreter.unwrap_or(1)),
        }
    }

    pub(crate) fn cache(&self) -> &WeightCache {
        &self.weight_cache
    }

    /// The fields of the C struct that are plain numbers.
    pub(crate) fn apply(&self, raw: &mut sys::TfLiteXNNPackDelegateOptions) {
        raw.flags = (raw.flags | self.enabled.0) & !self.disabled.0;
        raw.runtime_flags |= self.runtime_flags.0;
        raw.handle_variable_ops = self.handle_variable_ops;
        raw.weight_cache_lock_memory = self.lock_weight_cache;
    }
}

/// A number of threads as C wants it.
pub(super) fn check_threads(threads: usize) -> Result<i32> {
    let error = Error::ThreadCount {
        threads,
        max: MAX_THREADS,
    };
    if threads == 0 || threads > MAX_THREADS {
        return Err(error);
    }
    i32::try_from(threads).map_err(|_| error)
}

macro_rules! flags {
    ($(#[$doc:meta])* $type:ident { $($(#[$flag_doc:meta])* $name:ident = $value:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $type(u32);

        impl $type {
            /// No flag.
            pub const NONE: Self = Self(0);
            $($(#[$flag_doc])* pub const $name: Self = Self($value);)*

            /// The number that C knows.
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Whether all of these flags are set.
            pub const fn contains(self, flags: Self) -> bool {
                self.0 & flags.0 == flags.0
            }
        }

        impl BitOr for $type {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl BitOrAssign for $type {
            fn bitor_assign(&mut self, other: Self) {
                self.0 |= other.0;
            }
        }
    };
}

flags! {
    /// What XNNPACK shall take on, and how: the flags of `xnnpack_delegate.h`.
    XnnpackFlags {
        /// Operators on signed 8-bit integers. Set by default.
        QS8 = sys::TFLITE_XNNPACK_DELEGATE_FLAG_QS8;
        /// Operators on unsigned 8-bit integers. Set by default.
        QU8 = sys::TFLITE_XNNPACK_DELEGATE_FLAG_QU8;
        /// Compute float32 operators in half precision. Not used on processors that cannot, or with
        /// models that do not fit: see [`XnnpackStatus::Refused`](crate::XnnpackStatus::Refused).
        FORCE_FP16 = sys::TFLITE_XNNPACK_DELEGATE_FLAG_FORCE_FP16;
        /// No effect: operators on variables are left to the runtime's kernels, since XNNPACK does not
        /// compare how much a variable holds.
        VARIABLE_OPERATORS = sys::TFLITE_XNNPACK_DELEGATE_FLAG_VARIABLE_OPERATORS;
        /// Less memory for convolutions, whose pointers are then made at each invocation.
        TRANSIENT_INDIRECTION_BUFFER =
            sys::TFLITE_XNNPACK_DELEGATE_FLAG_TRANSIENT_INDIRECTION_BUFFER;
        /// Operators that are new. No effect: this library is built with them.
        ENABLE_LATEST_OPERATORS = sys::TFLITE_XNNPACK_DELEGATE_FLAG_ENABLE_LATEST_OPERATORS;
        /// No effect: inputs can always be resized.
        ENABLE_SUBGRAPH_RESHAPING = sys::TFLITE_XNNPACK_DELEGATE_FLAG_ENABLE_SUBGRAPH_RESHAPING;
        /// Only arithmetic that gives the same numbers on all processors that the library was built
        /// for. Slower.
        SLOW_CONSISTENT_ARITHMETIC = sys::TFLITE_XNNPACK_DELEGATE_FLAG_SLOW_CONSISTENT_ARITHMETIC;
        /// Fix the shapes when XNNPACK is applied. A resize applies it anew.
        DISABLE_SUBGRAPH_RESHAPING = sys::TFLITE_XNNPACK_DELEGATE_FLAG_DISABLE_SUBGRAPH_RESHAPING;
        /// Leave operators on floats with weights of integers to the runtime's kernels.
        DISABLE_DYNAMICALLY_QUANTIZED_OPS =
            sys::TFLITE_XNNPACK_DELEGATE_FLAG_DISABLE_DYNAMICALLY_QUANTIZED_OPS;
    }
}

impl XnnpackFlags {
    /// `TFLITE_XNNPACK_DELEGATE_FLAG_DYNAMIC_FULLY_CONNECTED`: also take `FULLY_CONNECTED`
    /// operators whose weights or bias are not constants.
    ///
    /// # Safety
    ///
    /// XNNPACK then no longer checks that a bias is as long as there are rows of weights. That must
    /// be so for each such operator, with all shapes that inputs get.
    pub const unsafe fn dynamic_fully_connected() -> Self {
        Self(sys::TFLITE_XNNPACK_DELEGATE_FLAG_DYNAMIC_FULLY_CONNECTED)
    }

    const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }
}

flags! {
    /// Flags of XNNPACK itself, `XNN_FLAG_*` in `xnnpack.h`.
    XnnpackRuntimeFlags {
        /// Compute in half precision if the model's metadata allows it.
        HINT_FP16_INFERENCE = 0x2;
        /// As [`XnnpackFlags::FORCE_FP16`].
        FORCE_FP16_INFERENCE = 0x4;
        /// Measure the time of each operator.
        BASIC_PROFILING = 0x8;
        /// Let worker threads sleep between operators. Always set.
        DONT_SPIN_WORKERS = 0x10;
        /// As [`XnnpackFlags::TRANSIENT_INDIRECTION_BUFFER`].
        TRANSIENT_INDIRECTION_BUFFER = 0x20;
        /// As [`XnnpackFlags::SLOW_CONSISTENT_ARITHMETIC`].
        SLOW_CONSISTENT_ARITHMETIC = 0x2000;
    }
}

impl XnnpackRuntimeFlags {
    /// Any flags.
    ///
    /// # Safety
    ///
    /// XNNPACK must compute what it should with them: there are flags that other parts of it set
    /// by themselves, and others change the layout of tensors.
    pub const unsafe fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(options: &XnnpackOptions) -> sys::TfLiteXNNPackDelegateOptions {
        // SAFETY: the function has no preconditions.
        let mut raw = unsafe { sys::TfLiteXNNPackDelegateOptionsDefault() };
        options.apply(&mut raw);
        raw
    }

    #[test]
    fn each_option_has_its_field() {
        let default = raw(&XnnpackOptions::new());
        assert_eq!(default.flags & 3, 3, "8-bit integers are on");
        #[expect(deprecated, reason = "it is still there")]
        let options = XnnpackOptions::new()
            .enable(XnnpackFlags::FORCE_FP16 | XnnpackFlags::SLOW_CONSISTENT_ARITHMETIC)
            .disable(XnnpackFlags::QU8)
            .runtime_flags(XnnpackRuntimeFlags::HINT_FP16_INFERENCE)
            .handle_variable_ops(true)
            .lock_weight_cache(true);
        let raw = raw(&options);
        assert_eq!(raw.flags, (default.flags & !2) | 4 | 0x200);
        assert_eq!(raw.runtime_flags, 2);
        assert!(raw.handle_variable_ops && raw.weight_cache_lock_memory);
        assert!(raw.weights_cache.is_null() && raw.weight_cache_provider.is_null());
        assert!(raw.weight_cache_file_path.is_null());
        assert_eq!(raw.weight_cache_file_descriptor, -1);
    }

    #[test]
    fn the_last_word_on_a_flag_counts() {
        let on = XnnpackOptions::new()
            .disable(XnnpackFlags::QS8)
            .enable(XnnpackFlags::QS8);
        assert_eq!(raw(&on).flags & 1, 1);
        let off = on.disable(XnnpackFlags::QS8);
        assert_eq!(raw(&off).flags & 1, 0);
    }

    #[test]
    fn threads_are_the_interpreters_unless_said() {
        let options = XnnpackOptions::new();
        assert_eq!(options.checked_threads(None).expect("valid"), 1);
        assert_eq!(options.checked_threads(Some(3)).expect("valid"), 3);
        assert_eq!(
            options.threads(2).checked_threads(Some(3)).expect("valid"),
            2
        );
        for threads in [0, MAX_THREADS + 1] {
            let error = XnnpackOptions::new().threads(threads).checked_threads(None);
            assert!(matches!(error, Err(Error::ThreadCount { .. })));
        }
    }
}
