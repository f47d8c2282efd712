//! The file format of models: a reader for FlatBuffers, and the schema's numbers.

#![forbid(unsafe_code)]

pub(crate) mod enums;
pub(crate) mod field;
pub(crate) mod table;

use table::{Buffer, Malformed, Table};

/// The identifier of the format, and where it stands in a file.
const IDENTIFIER: (std::ops::Range<usize>, &[u8]) = (4..8, b"TFL3");

/// The table that describes the model.
pub(crate) fn root<'b, 'a>(buffer: &'b Buffer<'a>) -> Result<Table<'b, 'a>, Malformed> {
    let (range, identifier) = IDENTIFIER;
    let position = range.start;
    if buffer.bytes().get(range) != Some(identifier) {
        return Err(Malformed {
            field: "file_identifier",
            position,
            reason: "is not TFL3",
        });
    }
    buffer.root()
}

/// How many tensors the first subgraph has.
pub(crate) fn tensor_count(file: &[u8]) -> Result<usize, Malformed> {
    let buffer = Buffer::new(file);
    let subgraphs = root(&buffer)?.tables(field::model::SUBGRAPHS)?;
    match subgraphs.unwrap_or_default().first() {
        // The offsets of the tensors, which are not followed.
        Some(graph) => Ok(graph.numbers::<u32>(field::subgraph::TENSORS)?.len()),
        None => Ok(0),
    }
}

/// What an operator code stands for: a numbered operator, or a custom one with a name.
///
/// Old files have the number in a field of one byte, new ones in both or only in the other.
pub(crate) fn builtin_code(code: &Table<'_, '_>) -> Result<i32, Malformed> {
    use field::operator_code as at;
    let old = code.number::<i8>(at::DEPRECATED_BUILTIN)?;
    Ok(code.number::<i32>(at::BUILTIN)?.max(old.into()))
}

/// Where a buffer's bytes are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// There are none: the runtime allocates the tensor.
    None,
    Inside(&'a [u8]),
    /// Behind the FlatBuffer, in models of more than 2 GB.
    Outside {
        offset: u64,
        size: u64,
    },
}

impl<'a> Content<'a> {
    pub(crate) fn of(buffer: &Table<'_, 'a>) -> Result<Self, Malformed> {
        use field::buffer as at;
        if let Some(data) = buffer.blob(at::DATA)? {
            return Ok(Self::Inside(data));
        }
        // Writers put 1 there while they do not know the offset yet.
        match buffer.number::<u64>(at::OFFSET)? {
            0 | 1 => Ok(Self::None),
            offset => Ok(Self::Outside {
                offset,
                size: buffer.number(at::SIZE)?,
            }),
        }
    }

    /// The bytes: `None` if there are none, or not within the file.
    pub(crate) fn bytes(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        match *self {
            Self::None => None,
            Self::Inside(bytes) => Some(bytes),
            Self::Outside { offset, size } => {
                let start = usize::try_from(offset).ok()?;
                let end = start.checked_add(usize::try_from(size).ok()?)?;
                file.get(start..end)
            }
        }
    }
}
