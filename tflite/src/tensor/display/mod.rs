//! Tensors as text, as NumPy prints arrays.

#![forbid(unsafe_code)]

mod complex;
mod layout;
mod real;

use std::fmt;
use std::iter;

use self::complex::Complex;
use self::layout::Shown;
use self::real::{Precision, Real, Sign};
use super::packed::Packing;
use super::{Tensor, TensorMut, TensorType, narrow};

/// The elements of a tensor, as they lie in memory.
pub(super) enum Elements<'a> {
    Bytes(&'a [u8]),
    Strings(Vec<&'a [u8]>),
}

/// Prints as NumPy does: `[1. 2. 3.]`, with lines of at most 75 characters, at most 8 digits
/// behind the point, and only the corners of tensors with more than 1000 elements. Numbers in
/// bfloat16 and packed integers look like those in float32 and int8. What cannot be read, such as
/// an output before an invocation, is described in angle brackets.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/dynamic_batch.tflite");
/// # let model = tflite::Model::from_file(path)?;
/// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
/// interpreter.resize_input(0, &[2, 4])?;
/// interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32, 0.5, -2.25, 0.0, 4.0, 1.5, 7.0, 8.0])?;
/// let text = interpreter.input(0)?.to_string();
/// assert_eq!(text, "[[ 1.    0.5  -2.25  0.  ]\n [ 4.    1.5   7.    8.  ]]");
/// # Ok::<(), tflite::Error>(())
/// ```
impl fmt::Display for Tensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = match self.dtype() {
            TensorType::String => self.strings().map(Elements::Strings),
            _ => self.bytes().map(Elements::Bytes),
        };
        let dtype = self.dtype();
        match elements {
            Ok(elements) => f.write_str(&text(dtype, &self.shape, &elements)),
            Err(error) => write!(f, "<{dtype} {}: {error}>", self.shape),
        }
    }
}

/// As [`Tensor`] prints.
impl fmt::Display for TensorMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_tensor().fmt(f)
    }
}

/// The elements of this type and shape as text.
fn text(dtype: TensorType, shape: &[usize], elements: &Elements<'_>) -> String {
    if shape.contains(&0) {
        return "[]".to_owned();
    }
    let shown = Shown::new(shape);
    let at = &shown.indices();
    if shape.is_empty() {
        return scalar(dtype, elements);
    }
    let words = words(dtype, at, elements);
    shown.lay_out(words)
}

/// What stands for each of these elements, all of the same width if NumPy has them so.
fn words(dtype: TensorType, at: &[usize], elements: &Elements<'_>) -> Vec<String> {
    match elements {
        Elements::Strings(strings) => {
            let strings = at.iter().map(|&index| strings.get(index).copied());
            strings
                .map(|string| literal(string.unwrap_or_default()))
                .collect()
        }
        Elements::Bytes(bytes) => match Numbers::read(dtype, at, bytes) {
            Numbers::Bools(bools) => {
                let word = |bit| if bit { " True" } else { "False" };
                bools.into_iter().map(|bit| word(bit).to_owned()).collect()
            }
            Numbers::Integers(integers) => {
                let words: Vec<String> = integers.iter().map(i128::to_string).collect();
                let width = words.iter().map(String::len).max().unwrap_or(0);
                words.iter().map(|word| format!("{word:>width$}")).collect()
            }
            Numbers::Reals(reals) => real::words(&reals, Sign::Minus),
            Numbers::Complex(numbers) => complex::words(&numbers),
        },
    }
}

/// The only element, as Python prints a number.
fn scalar(dtype: TensorType, elements: &Elements<'_>) -> String {
    let bytes = match elements {
        Elements::Strings(_) => return words(dtype, &[0], elements).concat(),
        Elements::Bytes(bytes) => bytes,
    };
    match Numbers::read(dtype, &[0], bytes) {
        Numbers::Reals(reals) => reals.iter().map(|real| real.scalar(".0")).collect(),
        Numbers::Complex(numbers) => numbers.iter().map(Complex::scalar).collect(),
        Numbers::Bools(_) | Numbers::Integers(_) => words(dtype, &[0], elements)
            .concat()
            .trim_start()
            .to_owned(),
    }
}

/// Elements as numbers.
enum Numbers {
    Bools(Vec<bool>),
    Integers(Vec<i128>),
    Reals(Vec<Real>),
    Complex(Vec<Complex>),
}

impl Numbers {
    fn read(dtype: TensorType, at: &[usize], bytes: &[u8]) -> Self {
        macro_rules! integers {
            ($type:ty) => {{
                let integers = pick(at, bytes, <$type>::from_ne_bytes);
                Self::Integers(integers.map(i128::from).collect())
            }};
        }
        match dtype {
            TensorType::Bool => {
                let bytes = pick(at, bytes, |[byte]: [u8; 1]| byte != 0);
                Self::Bools(bytes.collect())
            }
            TensorType::Int8 => integers!(i8),
            TensorType::Int16 => integers!(i16),
            TensorType::Int32 => integers!(i32),
            TensorType::Int64 => integers!(i64),
            TensorType::UInt16 => integers!(u16),
            TensorType::UInt32 => integers!(u32),
            TensorType::UInt64 => integers!(u64),
            TensorType::Float32 => {
                let numbers = pick(at, bytes, f32::from_ne_bytes);
                Self::reals(Precision::Single, numbers.map(f64::from))
            }
            TensorType::Float64 => {
                Self::reals(Precision::Double, pick(at, bytes, f64::from_ne_bytes))
            }
            TensorType::Float16 => {
                let numbers = pick(at, bytes, u16::from_ne_bytes);
                Self::reals(
                    Precision::Half,
                    numbers.map(|bits| narrow::from_f16(bits).into()),
                )
            }
            TensorType::BFloat16 => {
                let numbers = pick(at, bytes, u16::from_ne_bytes);
                Self::reals(
                    Precision::Single,
                    numbers.map(|bits| narrow::from_bf16(bits).into()),
                )
            }
            TensorType::Complex64 => {
                let numbers = pick(at, bytes, |bytes: [u8; 8]| {
                    let (parts, _) = bytes.as_chunks::<4>();
                    let part = |index: usize| f32::from_ne_bytes(parts[index]).into();
                    Complex::new(Precision::Single, part(0), part(1))
                });
                Self::Complex(numbers.collect())
            }
            TensorType::Complex128 => {
                let numbers = pick(at, bytes, |bytes: [u8; 16]| {
                    let (parts, _) = bytes.as_chunks::<8>();
                    let part = |index: usize| f64::from_ne_bytes(parts[index]);
                    Complex::new(Precision::Double, part(0), part(1))
                });
                Self::Complex(numbers.collect())
            }
            other => match Packing::of(other) {
                Some(packing) => {
                    let integers = at.iter().filter_map(|&index| packing.get(bytes, index));
                    Self::Integers(integers.map(i128::from).collect())
                }
                // Besides uint8, there is none that has plain bytes.
                None => integers!(u8),
            },
        }
    }

    fn reals(precision: Precision, values: impl Iterator<Item = f64>) -> Self {
        Self::Reals(values.map(|value| Real::new(precision, value)).collect())
    }
}

/// The elements at these indices, each of `N` bytes.
fn pick<'a, const N: usize, T>(
    at: &'a [usize],
    bytes: &'a [u8],
    read: impl Fn([u8; N]) -> T + 'a,
) -> impl Iterator<Item = T> + 'a {
    let (elements, _) = bytes.as_chunks::<N>();
    at.iter()
        .filter_map(move |&index| elements.get(index).map(|&bytes| read(bytes)))
}

/// Bytes as a literal of Python's.
fn literal(string: &[u8]) -> String {
    let quote = match (string.contains(&b'\''), string.contains(&b'"')) {
        (true, false) => '"',
        _ => '\'',
    };
    let bytes = string.iter().map(|&byte| match byte {
        b'\\' => "\\\\".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        _ if char::from(byte) == quote => format!("\\{quote}"),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    });
    let edge = iter::once(quote.to_string());
    let text = edge.clone().chain(bytes).chain(edge);
    iter::once("b".to_owned()).chain(text).collect()
}

#[cfg(test)]
mod tests;
