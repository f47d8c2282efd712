//! Reading tensors.

use std::ptr::NonNull;
use std::slice;

use super::{Access, Tensor, TensorElement, TensorType};
use crate::error::{Error, Result};

impl<'a> Tensor<'a> {
    /// The elements, in row-major order.
    ///
    /// Wraps `TfLiteTensorData()`.
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`] if `T` is not the Rust type of [`dtype`](Self::dtype);
    /// [`Error::NotInvoked`] for an output before the first invocation; [`Error::NoData`] and
    /// [`Error::SizeMismatch`] if the runtime did not allocate the tensor as its type and shape
    /// say; [`Error::Unaligned`] for some constants.
    pub fn data<T: TensorElement>(&self) -> Result<&'a [T]> {
        let (data, length) = self.elements::<T>()?;
        // SAFETY: `elements` has checked type, size and alignment. Any bits are a valid `T`.
        // The memory is initialised: inputs are zeroed, and so are outputs whose shape is known
        // before an invocation, since kernels may leave some of an output unwritten. Where shapes
        // depend on values, that kernels write all of an output is the runtime's business: see the
        // crate's documentation. Constants are part of the model. Nobody changes it during 'a: what does takes the
        // interpreter as `&mut`, and `TensorMut` gives no view for longer than it is borrowed.
        Ok(unsafe { slice::from_raw_parts(data.as_ptr(), length) })
    }

    /// The elements as plain bytes, whatever their type. Each has the machine's byte order;
    /// 4-bit and 2-bit types are packed.
    ///
    /// # Errors
    ///
    /// [`Error::OpaqueType`] for strings, resources, variants and unknown types; else as
    /// [`data`](Self::data).
    pub fn bytes(&self) -> Result<&'a [u8]> {
        let (data, length) = self.plain_bytes()?;
        // SAFETY: the tensor has `length` bytes at `data`; else as in `data`.
        Ok(unsafe { slice::from_raw_parts(data.as_ptr(), length) })
    }

    /// A copy of boolean elements. Any byte but 0 is true, as in C.
    ///
    /// # Errors
    ///
    /// As [`data`](Self::data).
    pub fn to_bools(&self) -> Result<Vec<bool>> {
        self.check_type(TensorType::Bool)?;
        Ok(self.bytes()?.iter().map(|&byte| byte != 0).collect())
    }

    /// Where the elements are, and how many, if they can be seen as `T`. The pointer is dangling
    /// but aligned if there are none.
    pub(super) fn elements<T: TensorElement>(&self) -> Result<(NonNull<T>, usize)> {
        self.check_type(T::TYPE)?;
        let (data, bytes) = self.memory()?;
        let length = self.shape.elements();
        if length.and_then(|length| length.checked_mul(size_of::<T>())) != Some(bytes) {
            return Err(Error::SizeMismatch {
                tensor: self.label(),
                shape: self.shape(),
                bytes,
                dtype: T::TYPE,
            });
        }
        let data = match data {
            Some(data) => data.cast::<T>(),
            None => NonNull::dangling(),
        };
        if !data.is_aligned() {
            return Err(Error::Unaligned {
                tensor: self.label(),
                alignment: align_of::<T>(),
            });
        }
        Ok((data, bytes / size_of::<T>()))
    }

    /// Where the bytes are, and how many, if they are plain.
    pub(super) fn plain_bytes(&self) -> Result<(NonNull<u8>, usize)> {
        let dtype = self.dtype();
        if !dtype.is_plain() {
            return Err(Error::OpaqueType {
                tensor: self.label(),
                dtype,
            });
        }
        let (data, length) = self.memory()?;
        Ok((data.unwrap_or(NonNull::dangling()), length))
    }

    /// Where the bytes are, and how many. `None` only if there are none.
    pub(super) fn memory(&self) -> Result<(Option<NonNull<u8>>, usize)> {
        let tensor = || self.label();
        match self.access {
            Access::Allowed => {}
            Access::NotInvoked => return Err(Error::NotInvoked { tensor: tensor() }),
            Access::Hidden => return Err(Error::NotReadable { tensor: tensor() }),
        }
        let bytes = self.byte_len();
        if bytes == 0 {
            // The runtime does not care where empty tensors are.
            return Ok((None, 0));
        }
        let data = self.source.data();
        if data.is_none() || bytes > isize::MAX.unsigned_abs() {
            return Err(Error::NoData {
                tensor: self.label(),
                bytes,
            });
        }
        Ok((data, bytes))
    }

    pub(super) fn check_type(&self, expected: TensorType) -> Result<()> {
        let actual = self.dtype();
        if actual == expected {
            return Ok(());
        }
        Err(Error::TypeMismatch {
            tensor: self.label(),
            expected,
            actual,
        })
    }
}
