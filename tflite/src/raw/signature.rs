//! The runtime's signature runners.

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ptr::NonNull;

use tflite_sys as sys;

use super::{RawInterpreter, RawTensor, check};
use crate::error::Status;

/// Owns a `TfLiteSignatureRunner`: a handle of an object that stays in the interpreter.
pub(crate) struct RawSignatureHandle(NonNull<sys::TfLiteSignatureRunner>);

impl RawSignatureHandle {
    /// # Safety
    ///
    /// The model's signature of this key, if there is one, must name a subgraph that exists. Without
    /// a key, the model must have no signature, and leave out none of its inputs and outputs. The
    /// handle must be dropped before the interpreter.
    pub(crate) unsafe fn create(
        interpreter: &mut RawInterpreter,
        key: Option<&CStr>,
    ) -> Option<Self> {
        let key = key.map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: the interpreter is alive, and the key null or NUL-terminated; it is not kept.
        // The runtime does not check the subgraph, which is the caller's promise.
        let runner =
            unsafe { sys::TfLiteInterpreterGetSignatureRunner(interpreter.0.as_ptr(), key) };
        NonNull::new(runner).map(Self)
    }

    /// The runner, while its interpreter is borrowed.
    ///
    /// # Safety
    ///
    /// The handle must be one of this interpreter.
    pub(crate) unsafe fn runner<'a>(
        &self,
        _interpreter: &'a mut RawInterpreter,
    ) -> RawSignatureRunner<'a> {
        RawSignatureRunner {
            runner: self.0,
            interpreter: PhantomData,
        }
    }
}

impl Drop for RawSignatureHandle {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once, and the interpreter is still alive: that
        // is what `create`'s caller promised.
        unsafe { sys::TfLiteSignatureRunnerDelete(self.0.as_ptr()) };
    }
}

// SAFETY: it is a pointer to a pointer into the interpreter, and is only used along with that.
unsafe impl Send for RawSignatureHandle {}

/// A signature's runner. The interpreter is borrowed meanwhile, and keeps the handle.
pub(crate) struct RawSignatureRunner<'a> {
    runner: NonNull<sys::TfLiteSignatureRunner>,
    /// What changes through the runner is the interpreter's.
    interpreter: PhantomData<&'a mut RawInterpreter>,
}

impl RawSignatureRunner<'_> {
    /// `None` if there is no such input.
    pub(crate) fn input(&self, name: &CStr) -> Option<RawTensor<'_>> {
        // SAFETY: the runner is alive, as the interpreter is; an unknown name gives null.
        let tensor = unsafe {
            sys::TfLiteSignatureRunnerGetInputTensor(self.runner.as_ptr(), name.as_ptr())
        };
        RawTensor::new(tensor)
    }

    /// `None` if there is no such output.
    pub(crate) fn output(&self, name: &CStr) -> Option<RawTensor<'_>> {
        // SAFETY: the runner is alive, as the interpreter is; an unknown name gives null.
        let tensor = unsafe {
            sys::TfLiteSignatureRunnerGetOutputTensor(self.runner.as_ptr(), name.as_ptr())
        };
        RawTensor::new(tensor.cast_mut())
    }

    /// Only dimensions that the model leaves open can change.
    pub(crate) fn resize_input(&mut self, name: &CStr, dims: &[c_int]) -> Result<(), Status> {
        let rank = i32::try_from(dims.len()).map_err(|_| Status::Error)?;
        // SAFETY: the runner is alive, as the interpreter is, and borrowed exclusively; an
        // unknown name is an error, and the dimensions are copied during the call.
        check(unsafe {
            sys::TfLiteSignatureRunnerResizeInputTensor(
                self.runner.as_ptr(),
                name.as_ptr(),
                dims.as_ptr(),
                rank,
            )
        })
    }

    /// # Safety
    ///
    /// As for [`RawInterpreter::allocate`].
    pub(crate) unsafe fn allocate(&mut self) -> Result<(), Status> {
        // SAFETY: the runner is alive, as the interpreter is, and borrowed exclusively, so nobody
        // looks at the tensors' old memory. That the shapes fit XNNPACK is the caller's promise.
        check(unsafe { sys::TfLiteSignatureRunnerAllocateTensors(self.runner.as_ptr()) })
    }

    /// # Safety
    ///
    /// As for [`RawInterpreter::invoke`].
    pub(crate) unsafe fn invoke(&mut self) -> Result<(), Status> {
        // SAFETY: the runner is alive, as the interpreter is, and borrowed exclusively. Without
        // allocated tensors the runtime returns an error; the rest is the caller's promise.
        check(unsafe { sys::TfLiteSignatureRunnerInvoke(self.runner.as_ptr()) })
    }
}
