//! Tensors by their own index in the first subgraph.

use std::ffi::c_int;
use std::slice;

use tflite_sys as sys;

use super::{RawInterpreter, RawTensor, check};
use crate::error::Status;

impl RawInterpreter {
    /// `None` if there is no such tensor.
    pub(crate) fn tensor(&self, index: usize) -> Option<RawTensor<'_>> {
        let index = c_int::try_from(index).ok()?;
        // SAFETY: the interpreter is alive. In the pinned source, an index that is out of range
        // gives null; c_api.h says nothing.
        RawTensor::new(unsafe { sys::TfLiteInterpreterGetTensor(self.0.as_ptr(), index) })
    }

    /// Which tensors are the inputs; -1 for what is left out.
    pub(crate) fn input_indices(&self) -> &[c_int] {
        // SAFETY: the interpreter is alive.
        let indices = unsafe { sys::TfLiteInterpreterInputTensorIndices(self.0.as_ptr()) };
        // SAFETY: c_api.h: there are as many as inputs, and they live as long as the interpreter.
        // Nothing changes them while it is borrowed.
        unsafe { list(indices, self.input_count()) }
    }

    /// Which tensors are the outputs; -1 for what is left out.
    pub(crate) fn output_indices(&self) -> &[c_int] {
        // SAFETY: the interpreter is alive.
        let indices = unsafe { sys::TfLiteInterpreterOutputTensorIndices(self.0.as_ptr()) };
        // SAFETY: as for the inputs.
        unsafe { list(indices, self.output_count()) }
    }

    pub(crate) fn variable_count(&self) -> usize {
        // SAFETY: the interpreter is alive.
        let count = unsafe { sys::TfLiteInterpreterGetVariableTensorCount(self.0.as_ptr()) };
        usize::try_from(count).unwrap_or(0)
    }

    /// `None` if there is no such variable.
    pub(crate) fn variable(&self, index: usize) -> Option<RawTensor<'_>> {
        if index >= self.variable_count() {
            return None;
        }
        let index = i32::try_from(index).ok()?;
        // SAFETY: the interpreter is alive, and the index below the number of variables, which C
        // does not check.
        let tensor = unsafe { sys::TfLiteInterpreterGetVariableTensor(self.0.as_ptr(), index) };
        RawTensor::new(tensor)
    }

    /// Sets the variables of all subgraphs to zero. Fails if one of them is not allocated.
    pub(crate) fn reset_variables(&mut self) -> Result<(), Status> {
        // SAFETY: the interpreter is alive and borrowed exclusively. What has no memory is an
        // error in the pinned source.
        check(unsafe { sys::TfLiteInterpreterResetVariableTensors(self.0.as_ptr()) })
    }
}

/// # Safety
///
/// If the pointer is not null, so many numbers must lie there for `'a`, and not change.
unsafe fn list<'a>(numbers: *const c_int, count: usize) -> &'a [c_int] {
    if numbers.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise is the same.
    unsafe { slice::from_raw_parts(numbers, count) }
}
