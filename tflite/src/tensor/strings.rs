//! Tensors of strings.
//!
//! Their memory is: the number of strings, where each one starts, where the last one ends, each
//! as an `i32` in little-endian order; then the strings themselves.

use std::slice;

use tflite_sys as sys;

use super::{Tensor, TensorMut, TensorType};
use crate::error::{Error, Result};
use crate::raw::RawTensor;

impl<'a> Tensor<'a> {
    /// The strings, in row-major order. TensorFlow's strings are bytes, often but not necessarily
    /// UTF-8.
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`] for tensors of another type; [`Error::MalformedStrings`] if the
    /// memory contradicts itself or the shape; [`Error::NotInvoked`], [`Error::NoData`].
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/strings.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.input_mut(0)?.write_strings(&["yes", "no", "ja"])?;
    /// interpreter.invoke()?;
    /// assert_eq!(interpreter.output(1)?.strings()?, [b"yes" as &[u8], b"no", b"ja"]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn strings(&self) -> Result<Vec<&'a [u8]>> {
        let memory = self.string_bytes()?;
        if memory.is_empty() {
            return match self.shape().elements() {
                Some(0) => Ok(Vec::new()),
                _ => Err(Error::NoData {
                    tensor: self.label(),
                    bytes: 0,
                }),
            };
        }
        parse(memory)
            .filter(|strings| self.shape().elements() == Some(strings.len()))
            .ok_or_else(|| Error::MalformedStrings {
                tensor: self.label(),
            })
    }

    /// The memory that the strings are encoded in. There is none if there are no strings.
    pub(super) fn string_bytes(&self) -> Result<&'a [u8]> {
        self.check_type(TensorType::String)?;
        let (Some(data), length) = self.memory()? else {
            return Ok(&[]);
        };
        // SAFETY: the tensor has `length` bytes at `data`, which an operator, `write_strings` or
        // the model has written. Nobody changes them during 'a: see `Tensor::data`.
        Ok(unsafe { slice::from_raw_parts(data.as_ptr(), length) })
    }
}

impl TensorMut<'_> {
    /// Writes all strings, in row-major order. The shape stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`] for tensors of another type; [`Error::LengthMismatch`] if there are
    /// more or fewer strings in the tensor; [`Error::StringsTooLong`]; [`Error::ReadOnly`].
    pub fn write_strings(&mut self, strings: &[impl AsRef<[u8]>]) -> Result<()> {
        self.0.check_type(TensorType::String)?;
        let raw = self.0.source.runtime();
        let Some(raw) = raw.filter(|raw| raw.allocation_type() == sys::kTfLiteDynamic) else {
            return Err(Error::ReadOnly {
                tensor: self.0.label(),
            });
        };
        // A shape beyond `usize` was refused when the input got it.
        let expected = self.shape().elements().unwrap_or(usize::MAX);
        if expected != strings.len() {
            return Err(self.length_mismatch(expected, strings.len()));
        }
        // Asked once each: an implementation of `AsRef` might not give the same bytes again.
        let strings: Vec<&[u8]> = strings.iter().map(AsRef::as_ref).collect();
        let total = strings
            .iter()
            .try_fold(0, |sum: usize, string| sum.checked_add(string.len()));
        let total = total.ok_or(Error::StringsTooLong { bytes: usize::MAX })?;
        // SAFETY: the kind has been checked. The interpreter is borrowed exclusively, and so is
        // `self`, so nobody looks at the memory.
        unsafe { write(raw, strings.len(), total, strings.iter().map(AsRef::as_ref)) }
    }
}

/// Makes all strings of a tensor empty, as many as its shape says.
///
/// # Safety
///
/// The tensor must be of the kind `kTfLiteDynamic`, and nobody may look at its memory.
pub(crate) unsafe fn clear(tensor: RawTensor<'_>) -> Result<()> {
    let count = tensor
        .dims::<super::Shape>()
        .and_then(|shape| shape.elements());
    let count = count.ok_or(Error::StringsTooLong { bytes: usize::MAX })?;
    // SAFETY: the caller's promise is the same.
    unsafe { write(tensor, count, 0, std::iter::repeat_n(&[][..], count)) }
}

/// Writes strings into a tensor: `count` of them, with `total` bytes.
///
/// # Safety
///
/// As for [`clear`].
unsafe fn write<'s>(
    tensor: RawTensor<'_>,
    count: usize,
    total: usize,
    strings: impl Iterator<Item = &'s [u8]>,
) -> Result<()> {
    let too_long = Error::StringsTooLong { bytes: total };
    let size = count
        .checked_add(2)
        .and_then(|words| words.checked_mul(4)?.checked_add(total));
    // Offsets are an i32. One that fits an i32 also fits a usize.
    let Some(size) = size.filter(|&size| i32::try_from(size).is_ok()) else {
        return Err(too_long);
    };
    // SAFETY: the caller's promise is the same.
    let (true, Some(data)) = (unsafe { tensor.realloc(size) }, tensor.data()) else {
        return Err(too_long);
    };
    // SAFETY: the memory is the tensor's and has just got this size. Zeroing makes a slice of it
    // allowed.
    unsafe { data.write_bytes(0, size) };
    // SAFETY: as before; nobody else looks at the memory.
    let memory = unsafe { slice::from_raw_parts_mut(data.as_ptr(), size) };
    encode(memory, count, strings);
    Ok(())
}

/// Fills memory of the right size.
pub(crate) fn encode<'s>(memory: &mut [u8], count: usize, strings: impl Iterator<Item = &'s [u8]>) {
    // All numbers are at most the memory's length, which fits an i32.
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes();
    let (header, contents) = memory.split_at_mut(4 * (count + 2));
    let start = header.len();
    let mut words = header.as_chunks_mut::<4>().0.iter_mut();
    let mut push = |value| {
        if let Some(word) = words.next() {
            *word = number(value);
        }
    };
    push(count);
    let mut end = 0;
    for string in strings {
        push(start + end);
        if let Some(to) = contents.get_mut(end..end + string.len()) {
            to.copy_from_slice(string);
        }
        end += string.len();
    }
    push(start + end);
}

/// The strings in a tensor's memory; `None` if it contradicts itself.
pub(crate) fn parse(memory: &[u8]) -> Option<Vec<&[u8]>> {
    let word = |index: usize| {
        let bytes = memory.get(index.checked_mul(4)?..)?.first_chunk::<4>()?;
        usize::try_from(i32::from_le_bytes(*bytes)).ok()
    };
    let count = word(0)?;
    // Before anything is allocated for them: there must be room for their offsets.
    if count.checked_add(2)?.checked_mul(4)? > memory.len() {
        return None;
    }
    (0..count)
        .map(|index| memory.get(word(index + 1)?..word(index + 2)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(strings: &[&[u8]]) -> Vec<u8> {
        let total: usize = strings.iter().map(|string| string.len()).sum();
        let mut memory = vec![0; 4 * (strings.len() + 2) + total];
        encode(&mut memory, strings.len(), strings.iter().copied());
        memory
    }

    #[test]
    fn the_layout_is_that_of_the_header() {
        // The example in upstream's string_util.h.
        let example = [
            2, 0, 0, 0, 16, 0, 0, 0, 18, 0, 0, 0, 18, 0, 0, 0, b'A', b'B',
        ];
        assert_eq!(encoded(&[b"AB", b""]), example);
        assert_eq!(parse(&example), Some(vec![b"AB" as &[u8], b""]));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let cases: [&[&[u8]]; 3] = [&[], &[b""], &[b"a", b"\0\xff", b"", b"longer than that"]];
        for strings in cases {
            assert_eq!(parse(&encoded(strings)), Some(strings.to_vec()));
        }
    }

    #[test]
    fn damage_is_refused_and_never_followed() {
        let good = encoded(&[b"one", b"two", b"three"]);
        for length in 0..good.len() {
            assert_eq!(parse(&good[..length]), None, "{length}");
        }
        for word in 0..4 {
            for value in [-1, i32::MIN, i32::MAX, 1000] {
                let mut bad = good.clone();
                bad[4 * word..][..4].copy_from_slice(&i32::to_le_bytes(value));
                assert_eq!(parse(&bad), None, "word {word} is {value}");
            }
        }
        // Backwards.
        let mut bad = good.clone();
        bad[8..12].copy_from_slice(&0_i32.to_le_bytes());
        assert_eq!(parse(&bad), None);
    }
}
