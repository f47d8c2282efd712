//! Reading a file, whatever it is.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use super::{Array, Elements, MAX_BYTES, MAX_STRINGS, Problem, npy, npz};

/// What is in a file.
#[derive(Debug)]
pub(crate) enum Content {
    /// One array, of an `.npy` file.
    Array(Array),
    /// Several arrays with names, of an `.npz` file.
    Arrays(Vec<(String, Array)>),
    /// One string a line. The shape is up to the tensor.
    Lines(Vec<Vec<u8>>),
}

/// Reads a file. What it is, is told by how it starts; only text is known by its extension.
pub(crate) fn read(path: &Path) -> Result<Content, Problem> {
    let mut file = File::open(path)?;
    if path.extension().is_some_and(|extension| extension == "txt") {
        return lines(file).map(Content::Lines);
    }
    let mut start = Vec::new();
    let length = npy::MAGIC.len() as u64;
    let head = Read::by_ref(&mut file).take(length);
    { head }.read_to_end(&mut start)?;
    if start == npy::MAGIC {
        let whole = Cursor::new(start).chain(BufReader::new(file));
        return npy::read(whole, MAX_BYTES).map(Content::Array);
    }
    if start.starts_with(npz::MAGIC) {
        file.rewind()?;
        return npz::read(BufReader::new(file)).map(Content::Arrays);
    }
    Err(Problem::Format)
}

fn lines(file: impl Read) -> Result<Vec<Vec<u8>>, Problem> {
    let mut text = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut text)?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let lines = text.split(|&byte| byte == b'\n');
    let strings: Vec<Vec<u8>> = (lines.take(MAX_STRINGS + 1))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec())
        .collect();
    if strings.len() > MAX_STRINGS {
        return Err(Problem::TooManyStrings {
            actual: strings.len(),
            max: MAX_STRINGS,
        });
    }
    Ok(strings)
}

/// One string a line, in the shape of the tensor if that has as many elements, else in a row.
pub(crate) fn from_lines(strings: Vec<Vec<u8>>, shape: &[usize]) -> Array {
    let mut dims = shape.iter();
    let elements = dims.try_fold(1_usize, |product, &dim| product.checked_mul(dim));
    Array {
        shape: match elements == Some(strings.len()) {
            true => shape.to_vec(),
            false => vec![strings.len()],
        },
        elements: Elements::Strings(strings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_need_not_end() {
        for text in ["a\n\nb", "a\n\nb\n", "a\r\n\r\nb\r\n"] {
            let strings = lines(text.as_bytes()).expect("text");
            assert_eq!(strings, [&b"a"[..], b"", b"b"], "{text:?}");
        }
        assert!(lines(&b""[..]).expect("text").is_empty());
        assert_eq!(lines(&b"\n"[..]).expect("text"), [b""]);
    }

    #[test]
    fn lines_take_the_tensors_shape_if_they_fit() {
        let strings = || vec![b"a".to_vec(); 4];
        assert_eq!(from_lines(strings(), &[2, 2]).shape, [2, 2]);
        assert_eq!(from_lines(strings(), &[3]).shape, [4]);
        assert_eq!(from_lines(vec![b"a".to_vec()], &[]).shape, [0; 0]);
    }
}
