//! Arrays as files hold them: `.npy`, `.npz`, and lines of text.

mod element;
mod npy;
mod npz;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::io;

use tflite::TensorType;

pub(crate) use self::read::{Content, from_lines, read};
pub(crate) use self::write::{Format, write};

/// An array of any type, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) elements: Elements,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Elements {
    /// Numbers or booleans, in the machine's byte order. Booleans are 0 or 1.
    Plain(TensorType, Vec<u8>),
    Strings(Vec<Vec<u8>>),
}

impl Array {
    pub(crate) fn dtype(&self) -> TensorType {
        match &self.elements {
            Elements::Plain(dtype, _) => *dtype,
            Elements::Strings(_) => TensorType::String,
        }
    }
}

/// How many bytes all elements of an array may have.
const MAX_BYTES: u64 = 1 << 32;

/// How many strings an array may have: empty ones take more memory than the file.
const MAX_STRINGS: usize = 1 << 24;

/// What is wrong with an array's file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("neither an .npy nor an .npz file, nor text with the extension .txt")]
    Format,

    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),

    #[error("the .npy header is damaged: {0}")]
    Header(String),

    #[error("the .npy header has {length} bytes, more than the {max} that NumPy reads, too")]
    HeaderLength { length: u64, max: u64 },

    #[error("elements of the type {descr} are not supported; {hint}")]
    Type { descr: String, hint: &'static str },

    #[error("the shape {shape:?} with elements of {size} bytes has more than {max} bytes")]
    TooLarge {
        shape: Vec<usize>,
        size: usize,
        max: u64,
    },

    #[error("{actual} strings are more than {max}")]
    TooManyStrings { actual: usize, max: usize },

    #[error("the shape {shape:?} needs {expected} bytes of elements, but the file has {actual}")]
    Truncated {
        shape: Vec<usize>,
        expected: usize,
        actual: usize,
    },

    #[error("the file goes on after the {expected} bytes of elements that the shape {shape:?} has")]
    Trailing { shape: Vec<usize>, expected: usize },

    #[error("element {index} is {value}, but a boolean is 0 or 1")]
    Boolean { index: usize, value: u8 },

    #[error("element {index} has the number {value:#x}, which is no character")]
    Character { index: usize, value: u32 },

    #[error("the archive is damaged: {0}")]
    Archive(String),

    #[error("there is no array in the archive")]
    NoArray,

    #[error("the archive has {actual} files, more than {max}")]
    TooManyArrays { actual: usize, max: usize },
}
