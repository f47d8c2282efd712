//! No safe function may show memory that nobody initialised.

use tflite_sys as sys;

use super::{Native, concerns};
use crate::error::{Error, Result, TensorRole};
use crate::raw::RawTensor;
use crate::tensor::{TensorType, strings};

impl Native {
    /// Zeroes inputs and outputs after an allocation: memory is not initialised then, and no safe
    /// function may show that. Outputs too, since some kernels leave some of theirs unwritten.
    ///
    /// Strings become empty. Without that, operators would follow a null pointer, or look for as
    /// many strings as there are now among those that there were before a resize.
    pub(super) fn zero(&mut self) -> Result<()> {
        for index in 0..self.raw.input_count() {
            if let Some(tensor) = self.raw.input(index) {
                // SAFETY: the tensors have been allocated, and `&mut self` says that nobody looks.
                unsafe { zero_input(tensor, index) }?;
            }
        }
        // SAFETY: the interpreter is alive and borrowed exclusively.
        let layouts = unsafe { self.census.layouts_now() };
        self.empty = layouts.division(|subgraph| concerns(&self.model, 0, subgraph));
        self.is_static = layouts.are_static();
        for index in 0..self.raw.output_count() {
            if let Some(tensor) = self.raw.output(index)
                && self.is_static
            {
                // SAFETY: the tensors have been allocated, all of them since none is dynamic, and
                // `&mut self` says that nobody looks.
                unsafe { zero_output(tensor) };
            }
        }
        Ok(())
    }
}

/// Memory of the interpreter's own. Other tensors are constants, or were computed from some.
const IN_ARENA: [sys::TfLiteAllocationType; 2] =
    [sys::kTfLiteArenaRw, sys::kTfLiteArenaRwPersistent];

/// Zeroes an input, unless it is a constant. Fails if the input is a handle or an object: nobody
/// could write it, and operators would follow a null pointer.
///
/// # Safety
///
/// The interpreter must have allocated its tensors since it was changed, and nobody may look at
/// this one.
pub(in crate::interpreter) unsafe fn zero_input(tensor: RawTensor<'_>, index: usize) -> Result<()> {
    let kind = tensor.allocation_type();
    let dtype = TensorType::from_raw(tensor.dtype());
    match dtype {
        TensorType::String if kind == sys::kTfLiteDynamic => {
            // SAFETY: the kind has been checked, and the rest is the caller's promise.
            unsafe { strings::clear(tensor) }
        }
        TensorType::Resource | TensorType::Variant => Err(Error::OpaqueType {
            tensor: format!("{} {index}", TensorRole::Input),
            dtype,
        }),
        _ => {
            if kind == sys::kTfLiteDynamic || IN_ARENA.contains(&kind) {
                // SAFETY: the memory is not a constant's, and the rest is the caller's promise.
                unsafe { zero(tensor) };
            }
            Ok(())
        }
    }
}

/// Zeroes an output, unless it is a constant.
///
/// # Safety
///
/// As for [`zero_input`]; no tensor of the subgraph may be dynamic. Behind an operator with a dynamic
/// result, memory is not allocated before the invocation, and the pointer may be an old one.
pub(in crate::interpreter) unsafe fn zero_output(tensor: RawTensor<'_>) {
    if IN_ARENA.contains(&tensor.allocation_type()) {
        // SAFETY: the memory is not a constant's, and the rest is the caller's promise.
        unsafe { zero(tensor) };
    }
}

/// Zeroes a tensor's memory if it holds plain numbers.
///
/// # Safety
///
/// The memory must be allocated and writable, and nobody may look at it.
unsafe fn zero(tensor: RawTensor<'_>) {
    if !TensorType::from_raw(tensor.dtype()).is_plain() {
        return;
    }
    if let Some(data) = tensor.data() {
        // SAFETY: memory of this size lies there, and the rest is the caller's promise.
        unsafe { data.write_bytes(0, tensor.byte_size()) };
    }
}
