//! Memory for tensors that the user owns.

use std::fmt;
use std::ptr::NonNull;
use std::slice;

use crate::bytes::AlignedBytes;
use crate::error::Result;
use crate::tensor::TensorElement;

/// Memory that an interpreter can use as an input or output in place of its own, aligned to 64
/// bytes. It is always initialised.
///
/// See [`Interpreter::bind_input`](crate::Interpreter::bind_input).
///
/// ```
/// let mut buffer = tflite::AlignedBuffer::zeroed(12)?;
/// buffer.as_mut_slice::<f32>().expect("12 is a multiple of 4").fill(1.5);
/// assert_eq!(buffer.as_slice::<f32>(), Some(&[1.5, 1.5, 1.5][..]));
/// assert!(buffer.as_bytes().as_ptr().addr().is_multiple_of(64));
/// # Ok::<(), tflite::Error>(())
/// ```
pub struct AlignedBuffer {
    memory: AlignedBytes,
}

impl AlignedBuffer {
    /// So many bytes of zeros.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn zeroed(length: usize) -> Result<Self> {
        Ok(Self {
            memory: AlignedBytes::zeroed(length)?,
        })
    }

    /// A copy of these elements.
    ///
    /// # Errors
    ///
    /// As [`zeroed`](Self::zeroed).
    pub fn from_slice<T: TensorElement>(elements: &[T]) -> Result<Self> {
        let mut buffer = Self::zeroed(size_of_val(elements))?;
        if let Some(own) = buffer.as_mut_slice() {
            own.copy_from_slice(elements);
        }
        Ok(buffer)
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.memory.as_slice()
    }

    /// The bytes, to write.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        self.memory.as_mut_slice()
    }

    /// The bytes as elements; `None` if they are not a whole number of elements.
    pub fn as_slice<T: TensorElement>(&self) -> Option<&[T]> {
        let bytes = self.as_bytes();
        if !bytes.len().is_multiple_of(size_of::<T>()) {
            return None;
        }
        // SAFETY: all bytes are initialised, and any are a valid `T`. They are aligned to 64 bytes,
        // more than any element needs, and the size fits.
        Some(unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) })
    }

    /// The bytes as elements, to write; `None` if they are not a whole number of elements.
    pub fn as_mut_slice<T: TensorElement>(&mut self) -> Option<&mut [T]> {
        let bytes = self.as_bytes_mut();
        if !bytes.len().is_multiple_of(size_of::<T>()) {
            return None;
        }
        let (data, length) = (bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>());
        // SAFETY: as for `as_slice`; and `self` is borrowed exclusively.
        Some(unsafe { slice::from_raw_parts_mut(data, length) })
    }

    /// Where the bytes are: at the same place as long as this lives. There is memory even if there
    /// are no bytes.
    pub(crate) fn as_ptr(&self) -> NonNull<u8> {
        self.memory.as_ptr()
    }
}

impl fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBuffer")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_the_bytes() {
        let buffer = AlignedBuffer::from_slice(&[1.0_f64, -2.0]).expect("memory");
        assert_eq!((buffer.len(), buffer.is_empty()), (16, false));
        assert_eq!(buffer.as_bytes()[..8], 1.0_f64.to_ne_bytes());
        assert_eq!(buffer.as_slice::<f64>(), Some(&[1.0, -2.0][..]));
        assert_eq!(buffer.as_slice::<u32>().map(<[u32]>::len), Some(4));
        let odd = AlignedBuffer::from_slice(&[7_u8; 5]).expect("memory");
        assert_eq!(odd.as_slice::<u16>(), None);
        assert_eq!(odd.as_slice::<i8>(), Some(&[7; 5][..]));
    }

    #[test]
    fn sizes_without_memory() {
        let empty = AlignedBuffer::zeroed(0).expect("nothing");
        assert!(empty.is_empty());
        assert_eq!(empty.as_slice::<f32>(), Some(&[][..]));
        for length in [usize::MAX, isize::MAX.unsigned_abs()] {
            assert!(AlignedBuffer::zeroed(length).is_err());
        }
    }
}
