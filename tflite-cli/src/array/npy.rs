//! One `.npy` file.

use std::io::{self, Cursor, Read, Write};

use ndarray_npy::npy::header::{Header, Layout};
use tflite::TensorType;

use super::element::{Element, Kind};
use super::{Array, Elements, MAX_STRINGS, Problem};

/// How a file starts.
pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// As NumPy's own limit: its parser, and the one used here, are not made for what means harm.
const MAX_HEADER: u64 = 10_000;

/// A header has a dictionary with a tuple inside. The parser takes twice as long for each level, so
/// there must not be many more.
const MAX_BRACKETS: usize = 8;

/// Reads one array, to the end of the file. Its elements must not have more than `max` bytes.
pub(super) fn read(mut file: impl Read, max: u64) -> Result<Array, Problem> {
    let header = read_header(&mut file)?;
    let Some(descr) = header.type_descriptor.as_string() else {
        return Err(Problem::Type {
            descr: header.type_descriptor.to_string(),
            hint: "an array has one type, not a structure",
        });
    };
    let element = Element::parse(descr)?;
    let shape = header.shape;
    let (count, size) = check_size(&shape, element, max)?;
    let total = count * size;
    let mut bytes = Vec::new();
    // The memory grows with what is there, whatever the header says. One byte more tells whether
    // the file goes on.
    file.take(total as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() < total {
        return Err(Problem::Truncated {
            shape,
            expected: total,
            actual: bytes.len(),
        });
    }
    if bytes.len() > total {
        return Err(Problem::Trailing {
            shape,
            expected: total,
        });
    }
    if element.is_big_endian != cfg!(target_endian = "big") {
        for unit in bytes.chunks_exact_mut(element.unit()) {
            unit.reverse();
        }
    }
    if header.layout == Layout::Fortran {
        bytes = row_major(&bytes, &shape, size);
    }
    Ok(Array {
        elements: elements(element, bytes, count, size)?,
        shape,
    })
}

fn read_header(file: &mut impl Read) -> Result<Header, Problem> {
    let mut whole = vec![0; 8];
    file.read_exact(&mut whole).map_err(too_short)?;
    // Version 1 has a length of 2 bytes, the others of 4.
    let mut length = [0; 4];
    let digits = if whole[6] == 1 { 2 } else { 4 };
    file.read_exact(&mut length[..digits]).map_err(too_short)?;
    whole.extend(&length[..digits]);
    let length = u64::from(u32::from_le_bytes(length));
    if length > MAX_HEADER {
        return Err(Problem::HeaderLength {
            length,
            max: MAX_HEADER,
        });
    }
    file.take(length).read_to_end(&mut whole)?;
    let brackets = whole[8 + digits..].iter();
    let brackets = brackets.filter(|byte| b"([{".contains(byte)).count();
    if brackets > MAX_BRACKETS {
        let reason = "a structured type, or brackets within brackets";
        return Err(Problem::Header(reason.to_owned()));
    }
    let header = Header::from_reader(&mut Cursor::new(whole));
    header.map_err(|error| Problem::Header(error.to_string()))
}

fn too_short(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::Header("the file ends before it".to_owned()),
        _ => Problem::Read(error),
    }
}

/// How many elements there are, and how many bytes each has. The product is no more than `max`.
fn check_size(shape: &[usize], element: Element, max: u64) -> Result<(usize, usize), Problem> {
    let size = element.size().unwrap_or(usize::MAX);
    let count = if shape.contains(&0) {
        Some(0)
    } else {
        let mut dims = shape.iter();
        dims.try_fold(1_usize, |product, &dim| product.checked_mul(dim))
    };
    let total = count.and_then(|count| count.checked_mul(size));
    let fits = |total| u64::try_from(total).is_ok_and(|total| total <= max);
    let (Some(count), Some(true)) = (count, total.map(fits)) else {
        return Err(Problem::TooLarge {
            shape: shape.to_vec(),
            size,
            max,
        });
    };
    if !matches!(element.kind, Kind::Plain(_)) && count > MAX_STRINGS {
        return Err(Problem::TooManyStrings {
            actual: count,
            max: MAX_STRINGS,
        });
    }
    Ok((count, size))
}

/// The elements with the last index running fastest, of a file in which the first one does.
fn row_major(bytes: &[u8], shape: &[usize], size: usize) -> Vec<u8> {
    let mut ordered = Vec::with_capacity(bytes.len());
    let mut index = vec![0; shape.len()];
    while ordered.len() < bytes.len() {
        let (mut offset, mut stride) = (0, size);
        for (&at, &dim) in index.iter().zip(shape) {
            offset += at * stride;
            stride *= dim;
        }
        ordered.extend(&bytes[offset..offset + size]);
        // The next index, as a number with digits of different bases.
        for (at, &dim) in index.iter_mut().zip(shape).rev() {
            *at += 1;
            if *at < dim {
                break;
            }
            *at = 0;
        }
    }
    ordered
}

/// `count` elements of `size` bytes, which have the machine's byte order.
fn elements(
    element: Element,
    bytes: Vec<u8>,
    count: usize,
    size: usize,
) -> Result<Elements, Problem> {
    let one = |index: usize| &bytes[index * size..(index + 1) * size];
    match element.kind {
        Kind::Plain(TensorType::Bool) => match bytes.iter().position(|&byte| byte > 1) {
            Some(index) => Err(Problem::Boolean {
                index,
                value: bytes[index],
            }),
            None => Ok(Elements::Plain(TensorType::Bool, bytes)),
        },
        Kind::Plain(dtype) => Ok(Elements::Plain(dtype, bytes)),
        Kind::Bytes(_) => {
            let strings = (0..count).map(|index| {
                let padded = one(index);
                let last = padded.iter().rposition(|&byte| byte != 0);
                padded[..last.map_or(0, |last| last + 1)].to_vec()
            });
            Ok(Elements::Strings(strings.collect()))
        }
        Kind::Characters(_) => {
            let strings: Result<_, _> = (0..count).map(|index| text(one(index), index)).collect();
            strings.map(Elements::Strings)
        }
    }
}

/// UTF-8 of characters of 4 bytes.
fn text(characters: &[u8], index: usize) -> Result<Vec<u8>, Problem> {
    let (numbers, _) = characters.as_chunks::<4>();
    let mut text = String::new();
    for number in numbers {
        let value = u32::from_ne_bytes(*number);
        text.push(char::from_u32(value).ok_or(Problem::Character { index, value })?);
    }
    text.truncate(text.trim_end_matches('\0').len());
    Ok(text.into_bytes())
}

/// Writes one array.
pub(super) fn write(array: &Array, mut out: impl Write) -> io::Result<()> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidInput, reason);
    let mut longest = 0;
    let descr = match &array.elements {
        Elements::Plain(dtype, _) => {
            let descr = Element::descr(*dtype);
            descr.ok_or_else(|| invalid(format!("NumPy has no type {dtype}")))?
        }
        Elements::Strings(strings) => {
            // NumPy itself has no strings without any byte.
            longest = strings.iter().map(Vec::len).max().unwrap_or(0).max(1);
            format!("|S{longest}")
        }
    };
    let type_descriptor = format!("'{descr}'").parse();
    let header = Header {
        type_descriptor: type_descriptor.map_err(|_| invalid(descr))?,
        layout: Layout::Standard,
        shape: array.shape.clone(),
    };
    let header = header.to_bytes();
    out.write_all(&header.map_err(|error| invalid(error.to_string()))?)?;
    match &array.elements {
        Elements::Plain(_, bytes) => out.write_all(bytes),
        Elements::Strings(strings) => strings.iter().try_for_each(|string| {
            out.write_all(string)?;
            let padding = longest - string.len();
            io::copy(&mut io::repeat(0).take(padding as u64), &mut out).map(drop)
        }),
    }
}

#[cfg(test)]
mod tests;
