//! Memory of the caller's for tensors.

use std::ffi::c_int;
use std::ptr::NonNull;

use tflite_sys as sys;

use super::{RawInterpreter, check};
use crate::error::Status;

impl RawInterpreter {
    /// Gives a tensor other memory; whoever does it allocates tensors thereafter. Fails if the
    /// tensor's memory is not the interpreter's own, without a change.
    ///
    /// # Safety
    ///
    /// So many bytes must be there, initialised, writable and used by nobody else, until the tensor
    /// is given other memory or the interpreter is gone. They must be as many as the tensor has when
    /// tensors are allocated.
    pub(crate) unsafe fn set_memory(
        &mut self,
        tensor: usize,
        data: NonNull<u8>,
        bytes: usize,
    ) -> Result<(), Status> {
        // An index that is out of range C would follow.
        let (Ok(index), Some(_)) = (c_int::try_from(tensor), self.tensor(tensor)) else {
            return Err(Status::Error);
        };
        let allocation = sys::TfLiteCustomAllocation {
            data: data.as_ptr().cast(),
            bytes,
        };
        // SAFETY: the interpreter is alive and borrowed exclusively, and the index in range; the
        // struct is copied during the call. The memory is the caller's promise.
        check(unsafe {
            sys::TfLiteInterpreterSetCustomAllocationForTensor(
                self.0.as_ptr(),
                index,
                &raw const allocation,
                i64::from(sys::kTfLiteCustomAllocationFlagsNone),
            )
        })
    }
}
