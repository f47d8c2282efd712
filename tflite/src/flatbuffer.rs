//! As much of the FlatBuffers format as it takes to read signatures.
//!
//! The runtime has verified the bytes before. Every access is checked all the same: what does
//! not fit is not there.

/// A table: fields by number.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Table<'a> {
    /// The table that the whole file is.
    pub(crate) fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            bytes,
            position: follow(bytes, 0)?,
        })
    }

    pub(crate) fn u32(&self, field: usize) -> Option<u32> {
        self.field(field)
            .and_then(|position| u32_at(self.bytes, position))
    }

    /// A string's bytes.
    pub(crate) fn string(&self, field: usize) -> Option<&'a [u8]> {
        let (start, length) = self.vector(field)?;
        self.bytes.get(start..start.checked_add(length)?)
    }

    /// A vector of 32-bit numbers.
    pub(crate) fn i32s(
        &self,
        field: usize,
    ) -> Option<impl ExactSizeIterator<Item = i32> + use<'a>> {
        let (start, length) = self.vector(field)?;
        let end = start.checked_add(length.checked_mul(4)?)?;
        let (numbers, _) = self.bytes.get(start..end)?.as_chunks::<4>();
        Some(numbers.iter().map(|&bytes| i32::from_le_bytes(bytes)))
    }

    /// A vector of tables. Ends at the first one that does not fit.
    pub(crate) fn tables(&self, field: usize) -> impl Iterator<Item = Table<'a>> + use<'a> {
        let bytes = self.bytes;
        let (start, length) = self.vector(field).unwrap_or((0, 0));
        (0..length).map_while(move |index| {
            let position = start.checked_add(index.checked_mul(4)?)?;
            Some(Table {
                bytes,
                position: follow(bytes, position)?,
            })
        })
    }

    /// Where a vector's elements start, and how many there are.
    fn vector(&self, field: usize) -> Option<(usize, usize)> {
        let position = follow(self.bytes, self.field(field)?)?;
        let length = usize::try_from(u32_at(self.bytes, position)?).ok()?;
        Some((position.checked_add(4)?, length))
    }

    /// Where a field is; `None` if it has its default value.
    fn field(&self, field: usize) -> Option<usize> {
        // A table starts with the distance back to the list of its fields.
        let back = u32_at(self.bytes, self.position)?.cast_signed();
        let list = self
            .position
            .checked_add_signed(isize::try_from(-i64::from(back)).ok()?)?;
        let entry = 4 + 2 * field;
        if entry + 2 > usize::from(u16_at(self.bytes, list)?) {
            return None;
        }
        match u16_at(self.bytes, list.checked_add(entry)?)? {
            0 => None,
            offset => self.position.checked_add(offset.into()),
        }
    }
}

/// Where the offset at `position` leads.
fn follow(bytes: &[u8], position: usize) -> Option<usize> {
    position.checked_add(usize::try_from(u32_at(bytes, position)?).ok()?)
}

fn u16_at(bytes: &[u8], position: usize) -> Option<u16> {
    bytes
        .get(position..)?
        .first_chunk()
        .map(|&bytes| u16::from_le_bytes(bytes))
}

fn u32_at(bytes: &[u8], position: usize) -> Option<u32> {
    bytes
        .get(position..)?
        .first_chunk()
        .map(|&bytes| u32::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads all that a reader of signatures would, and says how much there was.
    fn walk(bytes: &[u8]) -> Option<usize> {
        let root = Table::root(bytes)?;
        let mut found = 0;
        for subgraph in root.tables(2) {
            found += subgraph.i32s(1).map_or(0, |inputs| inputs.len());
            found += subgraph.i32s(2).map_or(0, |outputs| outputs.len());
        }
        for signature in root.tables(7) {
            found += signature.string(2).map_or(0, <[u8]>::len);
            for field in [0, 1] {
                for tensor in signature.tables(field) {
                    found += tensor.string(0).map_or(0, <[u8]>::len);
                    found += tensor.u32(1).map_or(0, |_| 1);
                }
            }
        }
        Some(found)
    }

    const MODEL: &[u8] = include_bytes!("../tests/models/signatures.tflite");

    #[test]
    fn a_model_is_read() {
        let root = Table::root(MODEL).expect("a root");
        assert_eq!(root.u32(0), Some(3), "the schema's version");
        let keys: Vec<_> = root
            .tables(7)
            .filter_map(|signature| signature.string(2))
            .collect();
        assert_eq!(keys, [b"double" as &[u8], b"sum"]);
        let inputs: Vec<_> = root.tables(2).filter_map(|graph| graph.i32s(1)).collect();
        assert_eq!(inputs.iter().map(ExactSizeIterator::len).sum::<usize>(), 3);
    }

    #[test]
    fn damage_is_no_panic() {
        assert!(walk(MODEL).is_some_and(|found| found > 20));
        for length in 0..MODEL.len() {
            walk(&MODEL[..length]);
        }
        for position in 0..MODEL.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = MODEL.to_vec();
                damaged[position] = value;
                walk(&damaged);
            }
        }
    }
}
