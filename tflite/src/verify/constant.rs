//! The contents of constants.

use super::error::Fault;
use super::{ModelProblem, sparsity};
use crate::schema::enums::element_bits;
use crate::schema::field::tensor as at;
use crate::schema::table::{Table, Vector};
use crate::tensor::TensorType;

type Result<T = ()> = std::result::Result<T, Fault>;

/// The size has to be exact: kernels take some sizes from the buffer, and others from the shape.
pub(super) fn verify(
    tensor: &Table<'_, '_>,
    dtype: TensorType,
    shape: Vector<'_, i32>,
    elements: u64,
    data: &[u8],
    sparsity: Option<&Table<'_, '_>>,
) -> Result {
    // Reading strings and booleans takes time, and many tensors can share a buffer.
    let charge = || tensor.buffer().charge(data.len(), at::BUFFER, 0);
    if dtype == TensorType::String {
        charge()?;
        return verify_strings(data, elements);
    }
    let Some(bits) = element_bits(dtype) else {
        let place = "a constant";
        return Err(ModelProblem::Type { dtype, place }.into());
    };
    let stored = match sparsity {
        Some(sparsity) => sparsity::count_stored(sparsity, shape)?,
        None => elements,
    };
    let expected = stored
        .checked_mul(bits)
        .map_or(u64::MAX, |bits| bits.div_ceil(8));
    let actual = u64::try_from(data.len()).unwrap_or(u64::MAX);
    if expected != actual {
        return Err(ModelProblem::ConstantSize {
            dtype,
            shape: shape.to_vec(),
            expected,
            actual,
        }
        .into());
    }
    if dtype == TensorType::Bool {
        charge()?;
        if let Some(&byte) = data.iter().find(|&&byte| byte > 1) {
            return Err(ModelProblem::Contents {
                what: "a boolean is neither 0 nor 1",
                value: byte.into(),
                expected: 1,
            }
            .into());
        }
    }
    Ok(())
}

/// The number of strings, where each starts, where the last one ends, and then the strings.
fn verify_strings(data: &[u8], elements: u64) -> Result {
    let (words, _) = data.as_chunks::<4>();
    let word = |index: usize| words.get(index).copied().map(i32::from_le_bytes);
    let problem = |what, value: i64, expected: i64| ModelProblem::Contents {
        what,
        value,
        expected,
    };
    let length = i64::try_from(data.len()).unwrap_or(i64::MAX);
    let Some(count) = word(0) else {
        return Err(problem("a string tensor's size in bytes", length, 8).into());
    };
    let count = i64::from(count);
    let expected = i64::try_from(elements).unwrap_or(i64::MAX);
    if count != expected {
        return Err(problem("the number of strings", count, expected).into());
    }
    let header = (count + 2) * 4;
    if header > length {
        return Err(problem("a string tensor's size in bytes", length, header).into());
    }
    let mut previous = header;
    for index in 1..=usize::try_from(count + 1).unwrap_or(usize::MAX) {
        let offset = word(index).map_or(-1, i64::from);
        if index == 1 && offset != header {
            return Err(problem("where the first string starts", offset, header).into());
        }
        if offset < previous {
            return Err(problem("where a string ends", offset, previous).into());
        }
        previous = offset;
    }
    if previous != length {
        return Err(problem("where the last string ends", previous, length).into());
    }
    Ok(())
}
