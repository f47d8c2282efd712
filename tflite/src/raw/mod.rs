//! The runtime's objects, each with one owner that frees it.
//!
//! Nothing here decides anything: the functions check what the header requires, call C, and
//! hand back what it says.

mod custom;
mod index;
mod operator;
mod signature;
mod tensor;

use std::ffi::c_int;
use std::ptr::NonNull;

use tflite_sys as sys;

use crate::error::Status;
use crate::report::Reporter;

pub(crate) use operator::{OperatorCallbacks, RawNode, RawOperator};
pub(crate) use signature::{RawSignatureHandle, RawSignatureRunner};
pub(crate) use tensor::RawTensor;

/// Owns a `TfLiteModel`.
pub(crate) struct RawModel(NonNull<sys::TfLiteModel>);

impl RawModel {
    /// Verifies the bytes and makes a model of them, or says on `reporter` why not.
    ///
    /// # Safety
    ///
    /// The bytes must neither move nor change, and the reporter must live, while this model or an
    /// interpreter made from it lives.
    pub(crate) unsafe fn create(bytes: &[u8], reporter: &Reporter) -> Option<Self> {
        // SAFETY: pointer and length are a slice's. How long bytes and reporter live is the
        // caller's promise.
        let model = unsafe {
            sys::tflite_sys_model_create(bytes.as_ptr().cast(), bytes.len(), reporter.as_ptr())
        };
        NonNull::new(model).map(Self)
    }
}

impl Drop for RawModel {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once. c_api.h allows to delete a model before
        // the interpreters made from it.
        unsafe { sys::TfLiteModelDelete(self.0.as_ptr()) };
    }
}

// SAFETY: c_api.h does not say whether a model is bound to a thread. In the pinned source (the one of
// Chromium 150.0.7871.100, core/c/c_api_internal.h) it is a `shared_ptr<const FlatBufferModel>`,
// whose counter is atomic, and nothing in it is thread-local.
unsafe impl Send for RawModel {}
// SAFETY: c_api.h is silent on this, too. In the pinned source all functions that take a model read it
// only, and there is no cache inside.
unsafe impl Sync for RawModel {}

/// Owns a `TfLiteInterpreterOptions`.
pub(crate) struct RawOptions(NonNull<sys::TfLiteInterpreterOptions>);

impl RawOptions {
    pub(crate) fn create() -> Option<Self> {
        // SAFETY: the function has no preconditions.
        NonNull::new(unsafe { sys::TfLiteInterpreterOptionsCreate() }).map(Self)
    }

    pub(crate) fn set_threads(&mut self, threads: i32) {
        // SAFETY: the options are alive.
        unsafe { sys::TfLiteInterpreterOptionsSetNumThreads(self.0.as_ptr(), threads) };
    }

    /// # Safety
    ///
    /// The reporter must outlive every interpreter created with these options.
    pub(crate) unsafe fn set_reporter(&mut self, reporter: &Reporter) {
        // SAFETY: both objects are alive; that the reporter lives on is the caller's promise.
        unsafe {
            sys::tflite_sys_interpreter_options_set_reporter(self.0.as_ptr(), reporter.as_ptr());
        }
    }

    /// Lets invocations be cancelled.
    pub(crate) fn enable_cancellation(&mut self) -> Result<(), Status> {
        // SAFETY: the options are alive.
        check(unsafe { sys::TfLiteInterpreterOptionsEnableCancellation(self.0.as_ptr(), true) })
    }

    /// # Safety
    ///
    /// The profiler must be valid, and outlive every interpreter created with these options.
    pub(crate) unsafe fn set_profiler(&mut self, profiler: NonNull<sys::tflite_sys_profiler>) {
        // SAFETY: the options are alive; the profiler is the caller's promise.
        unsafe {
            sys::tflite_sys_interpreter_options_set_profiler(self.0.as_ptr(), profiler.as_ptr());
        }
    }

    /// # Safety
    ///
    /// The delegate must be valid, and outlive every interpreter created with these options.
    pub(crate) unsafe fn add_delegate(&mut self, delegate: NonNull<sys::TfLiteOpaqueDelegate>) {
        // SAFETY: the options are alive; the delegate is the caller's promise.
        unsafe {
            sys::TfLiteInterpreterOptionsAddDelegate(self.0.as_ptr(), delegate.as_ptr());
        }
    }
}

impl Drop for RawOptions {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; c_api.h allows it right after the
        // interpreter was created.
        unsafe { sys::TfLiteInterpreterOptionsDelete(self.0.as_ptr()) };
    }
}

/// Owns a `TfLiteInterpreter`.
pub(crate) struct RawInterpreter(NonNull<sys::TfLiteInterpreter>);

impl RawInterpreter {
    /// # Safety
    ///
    /// The model's bytes, and the reporter and delegates in `options`, must outlive the result.
    pub(crate) unsafe fn create(model: &RawModel, options: &RawOptions) -> Option<Self> {
        // SAFETY: both objects are alive during the call, and need not be after it. What must be
        // is the caller's promise.
        let interpreter =
            unsafe { sys::TfLiteInterpreterCreate(model.0.as_ptr(), options.0.as_ptr()) };
        NonNull::new(interpreter).map(Self)
    }

    pub(crate) fn input_count(&self) -> usize {
        // SAFETY: the interpreter is alive.
        let count = unsafe { sys::TfLiteInterpreterGetInputTensorCount(self.0.as_ptr()) };
        usize::try_from(count).unwrap_or(0)
    }

    pub(crate) fn output_count(&self) -> usize {
        // SAFETY: the interpreter is alive.
        let count = unsafe { sys::TfLiteInterpreterGetOutputTensorCount(self.0.as_ptr()) };
        usize::try_from(count).unwrap_or(0)
    }

    /// `None` if there is no such input, or if it is optional and left out.
    pub(crate) fn input(&self, index: usize) -> Option<RawTensor<'_>> {
        if index >= self.input_count() {
            return None;
        }
        let index = i32::try_from(index).ok()?;
        // SAFETY: the interpreter is alive and the index is in the range that c_api.h requires.
        let tensor = unsafe { sys::TfLiteInterpreterGetInputTensor(self.0.as_ptr(), index) };
        RawTensor::new(tensor)
    }

    /// `None` if there is no such output, or if it is optional and left out.
    pub(crate) fn output(&self, index: usize) -> Option<RawTensor<'_>> {
        if index >= self.output_count() {
            return None;
        }
        let index = i32::try_from(index).ok()?;
        // SAFETY: the interpreter is alive and the index is in the range that c_api.h requires.
        let tensor = unsafe { sys::TfLiteInterpreterGetOutputTensor(self.0.as_ptr(), index) };
        RawTensor::new(tensor.cast_mut())
    }

    /// The index must be that of an input.
    pub(crate) fn resize_input(&mut self, index: usize, dims: &[c_int]) -> Result<(), Status> {
        let (Ok(raw_index), Ok(rank)) = (i32::try_from(index), i32::try_from(dims.len())) else {
            return Err(Status::Error);
        };
        // An optional input has tensor index -1, which the runtime refuses; an index that is out
        // of range it would not.
        if index >= self.input_count() {
            return Err(Status::Error);
        }
        // SAFETY: the interpreter is alive and borrowed exclusively, the index is in range, and
        // the dimensions are copied during the call. What delegates require of shapes, which is
        // more than they check, matters when tensors are allocated: see `allocate`.
        check(unsafe {
            sys::TfLiteInterpreterResizeInputTensor(self.0.as_ptr(), raw_index, dims.as_ptr(), rank)
        })
    }

    /// # Safety
    ///
    /// If XNNPACK was applied, the interpreter's `Probe` must have found that it may
    /// serve these shapes.
    pub(crate) unsafe fn allocate(&mut self) -> Result<(), Status> {
        // SAFETY: the interpreter is alive and borrowed exclusively, so nobody looks at the
        // tensors' old memory. The runtime's kernels check shapes themselves; that they fit
        // XNNPACK is the caller's promise.
        check(unsafe { sys::TfLiteInterpreterAllocateTensors(self.0.as_ptr()) })
    }

    /// # Safety
    ///
    /// All tensors of strings among the inputs must hold strings, as many as their shape says. If
    /// XNNPACK was applied, the shapes that it came to must be those of the runtime's kernels, and
    /// none may depend on values.
    pub(crate) unsafe fn invoke(&mut self) -> Result<(), Status> {
        // SAFETY: the interpreter is alive and borrowed exclusively. Without allocated tensors the
        // runtime returns an error; what it does not check is the caller's promise.
        check(unsafe { sys::TfLiteInterpreterInvoke(self.0.as_ptr()) })
    }
}

impl RawInterpreter {
    /// Applies a delegate now. That prepares all operators, and allocates tensors, if the
    /// delegate's flags do not say that it allows dynamic tensors.
    ///
    /// # Safety
    ///
    /// The delegate must be valid and outlive the interpreter.
    pub(crate) unsafe fn modify_graph(
        &mut self,
        delegate: NonNull<sys::TfLiteOpaqueDelegate>,
    ) -> Result<(), Status> {
        // SAFETY: the interpreter is alive and borrowed exclusively; the delegate is the caller's
        // promise.
        check(unsafe {
            sys::TfLiteInterpreterModifyGraphWithDelegate(self.0.as_ptr(), delegate.as_ptr())
        })
    }
}

/// Cancels an interpreter's invocations.
pub(crate) struct RawCanceller(NonNull<sys::TfLiteInterpreter>);

impl RawInterpreter {
    pub(crate) fn canceller(&self) -> RawCanceller {
        RawCanceller(self.0)
    }
}

impl RawCanceller {
    /// # Safety
    ///
    /// The interpreter must be alive.
    pub(crate) unsafe fn cancel(&self) {
        // SAFETY: the interpreter is alive, and c_api.h calls this function thread-safe, even
        // while the interpreter is invoked. It fails if cancellation is not enabled; then there
        // is nothing to be done.
        let _ = unsafe { sys::TfLiteInterpreterCancel(self.0.as_ptr()) };
    }
}

// SAFETY: the only thing to be done with it is thread-safe, says c_api.h.
unsafe impl Send for RawCanceller {}

impl Drop for RawInterpreter {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once.
        unsafe { sys::TfLiteInterpreterDelete(self.0.as_ptr()) };
    }
}

// SAFETY: c_api.h asks for one thread at a time, and does not say whether it must be a certain one. In
// the pinned source (the one of Chromium 150.0.7871.100) an interpreter has no thread-local state,
// and its workers take orders from whichever thread invokes it. It is not `Sync`: not even reading
// tensors is safe while another thread invokes.
unsafe impl Send for RawInterpreter {}

fn check(status: sys::TfLiteStatus) -> Result<(), Status> {
    match Status::from_raw(status) {
        None => Ok(()),
        Some(failure) => Err(failure),
    }
}
