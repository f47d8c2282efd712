//! Reads FlatBuffers that nobody has verified, without panics and in bounded time.

use std::cell::Cell;
use std::fmt;

/// What a file may cost to read beyond its length, in bytes.
///
/// Tables, vectors and strings can be referred to many times, so a small file can describe a large
/// tree. No writer of models does that to a degree that matters.
const ALLOWANCE: u64 = 64 << 20;

/// How many tables may be visited for each byte of the allowance: a table is not free.
const COST_OF_TABLE: u64 = 16;

/// The size of offsets and lengths.
const WORD: usize = 4;

/// A field of a table: its id in the schema, and its name for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field(pub(crate) usize, pub(crate) &'static str);

/// What is wrong with the structure, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) field: &'static str,
    pub(crate) position: usize,
    pub(crate) reason: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the FlatBuffer is damaged: the field `{}` at byte {} {}",
            self.field, self.position, self.reason
        )
    }
}

type Result<T> = std::result::Result<T, Malformed>;

/// A FlatBuffer as bytes, and what may still be read of it.
pub(crate) struct Buffer<'a> {
    bytes: &'a [u8],
    budget: Cell<u64>,
}

impl<'a> Buffer<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self {
            bytes,
            budget: Cell::new(length.saturating_mul(4).saturating_add(ALLOWANCE)),
        }
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The table that everything else hangs on.
    pub(crate) fn root(&self) -> Result<Table<'_, 'a>> {
        let field = Field(0, "root");
        let position = self.follow(0, field)?;
        Table::new(self, position, field)
    }

    /// Notes that this much is going to be read.
    pub(crate) fn charge(&self, cost: usize, field: Field, position: usize) -> Result<()> {
        let cost = u64::try_from(cost).unwrap_or(u64::MAX);
        let rest = self.budget.get().checked_sub(cost);
        self.budget.set(rest.unwrap_or(0));
        match rest {
            Some(_) => Ok(()),
            None => Err(malformed(field, position, "is read far too often")),
        }
    }

    fn array<const N: usize>(&self, position: usize, field: Field) -> Result<[u8; N]> {
        self.bytes
            .get(position..)
            .and_then(<[u8]>::first_chunk)
            .copied()
            .ok_or_else(|| malformed(field, position, "lies outside the file"))
    }

    fn u32(&self, position: usize, field: Field) -> Result<u32> {
        if !position.is_multiple_of(WORD) {
            return Err(malformed(field, position, "is not aligned to 4 bytes"));
        }
        self.array(position, field).map(u32::from_le_bytes)
    }

    /// Where the offset at `position` leads.
    fn follow(&self, position: usize, field: Field) -> Result<usize> {
        let offset = self.u32(position, field)?;
        let target = usize::try_from(offset)
            .ok()
            .filter(|&offset| offset != 0)
            .and_then(|offset| position.checked_add(offset));
        target
            .filter(|&target| target < self.bytes.len())
            .ok_or_else(|| malformed(field, position, "leads outside the file"))
    }
}

impl fmt::Debug for Buffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.bytes.len())
    }
}

fn malformed(field: Field, position: usize, reason: &'static str) -> Malformed {
    Malformed {
        field: field.1,
        position,
        reason,
    }
}

/// A number as it stands in a file.
pub(crate) trait Scalar: Copy {
    const SIZE: usize;
    /// `bytes` has `SIZE` bytes.
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! scalars {
    ($($type:ty)*) => {
        $(impl Scalar for $type {
            const SIZE: usize = size_of::<$type>();
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().copied().map(Self::from_le_bytes)
            }
        })*
    };
}

scalars!(i8 u8 u16 i32 u32 i64 u64 f32);

/// A table: fields by number, each of which may be left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'b, 'a> {
    buffer: &'b Buffer<'a>,
    position: usize,
    /// Where the offsets of the fields are, after the two lengths.
    offsets: &'a [u8],
}

impl<'b, 'a> Table<'b, 'a> {
    fn new(buffer: &'b Buffer<'a>, position: usize, field: Field) -> Result<Self> {
        let cost = usize::try_from(COST_OF_TABLE).unwrap_or(usize::MAX);
        buffer.charge(cost, field, position)?;
        // A table starts with the distance back to the list of its fields' offsets.
        let back = buffer.u32(position, field)?.cast_signed();
        let list = isize::try_from(-i64::from(back))
            .ok()
            .and_then(|distance| position.checked_add_signed(distance))
            .filter(|list| list.is_multiple_of(2))
            .ok_or_else(|| malformed(field, position, "has no list of fields"))?;
        let length = usize::from(u16::from_le_bytes(buffer.array(list, field)?));
        let offsets = list
            .checked_add(length)
            .filter(|_| length >= 4 && length.is_multiple_of(2))
            .and_then(|end| buffer.bytes.get(list + 4..end))
            .ok_or_else(|| malformed(field, list, "has no list of fields"))?;
        Ok(Self {
            buffer,
            position,
            offsets,
        })
    }

    /// What the table is part of.
    pub(crate) fn buffer(&self) -> &'b Buffer<'a> {
        self.buffer
    }

    /// Where a field is; `None` if it is left out.
    fn find(&self, field: Field) -> Option<usize> {
        let entry = self.offsets.get(2 * field.0..)?.first_chunk().copied()?;
        match u16::from_le_bytes(entry) {
            0 => None,
            offset => self.position.checked_add(offset.into()),
        }
    }

    /// A number; `None` if it is left out.
    pub(crate) fn scalar<T: Scalar>(&self, field: Field) -> Result<Option<T>> {
        let Some(position) = self.find(field) else {
            return Ok(None);
        };
        if !position.is_multiple_of(T::SIZE) {
            return Err(malformed(field, position, "is not aligned"));
        }
        position
            .checked_add(T::SIZE)
            .and_then(|end| self.buffer.bytes.get(position..end))
            .and_then(T::read)
            .map(Some)
            .ok_or_else(|| malformed(field, position, "lies outside the file"))
    }

    /// A number that is 0 if it is left out.
    pub(crate) fn number<T: Scalar + Default>(&self, field: Field) -> Result<T> {
        Ok(self.scalar(field)?.unwrap_or_default())
    }

    pub(crate) fn flag(&self, field: Field) -> Result<bool> {
        Ok(self.number::<u8>(field)? != 0)
    }

    pub(crate) fn table(&self, field: Field) -> Result<Option<Self>> {
        let Some(position) = self.find(field) else {
            return Ok(None);
        };
        let target = self.buffer.follow(position, field)?;
        Self::new(self.buffer, target, field).map(Some)
    }

    /// Bytes that are not looked at: they cost nothing.
    pub(crate) fn blob(&self, field: Field) -> Result<Option<&'a [u8]>> {
        Ok(self.elements(field, 1)?.map(|(_, bytes)| bytes))
    }

    /// A string's bytes, without the NUL behind them.
    pub(crate) fn string(&self, field: Field) -> Result<Option<&'a [u8]>> {
        let Some((start, bytes)) = self.elements(field, 1)? else {
            return Ok(None);
        };
        self.buffer.charge(bytes.len(), field, start)?;
        match self.buffer.bytes.get(start + bytes.len()) {
            Some(0) => Ok(Some(bytes)),
            _ => Err(malformed(field, start, "does not end with a NUL")),
        }
    }

    /// A string as text, empty if it is left out. What is not UTF-8 is replaced.
    pub(crate) fn text(&self, field: Field) -> Result<String> {
        let bytes = self.string(field)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// A vector of numbers; `None` if it is left out.
    pub(crate) fn vector<T: Scalar>(&self, field: Field) -> Result<Option<Vector<'a, T>>> {
        let Some((start, bytes)) = self.elements(field, T::SIZE)? else {
            return Ok(None);
        };
        self.buffer.charge(bytes.len(), field, start)?;
        if !start.is_multiple_of(T::SIZE) {
            return Err(malformed(
                field,
                start,
                "is not aligned as its elements need",
            ));
        }
        Ok(Some(Vector {
            bytes,
            element: std::marker::PhantomData,
        }))
    }

    /// A vector of numbers that is empty if it is left out.
    pub(crate) fn numbers<T: Scalar>(&self, field: Field) -> Result<Vector<'a, T>> {
        Ok(self.vector(field)?.unwrap_or_default())
    }

    /// A vector of tables; `None` if it is left out.
    pub(crate) fn tables(&self, field: Field) -> Result<Option<Vec<Self>>> {
        let Some((start, bytes)) = self.elements(field, WORD)? else {
            return Ok(None);
        };
        let count = bytes.len() / WORD;
        // Before memory is taken for them.
        let cost = usize::try_from(COST_OF_TABLE).unwrap_or(usize::MAX);
        self.buffer
            .charge(count.saturating_mul(cost), field, start)?;
        (0..count)
            .map(|index| {
                let target = self.buffer.follow(start + index * WORD, field)?;
                Self::new(self.buffer, target, field)
            })
            .collect::<Result<_>>()
            .map(Some)
    }

    /// A vector of strings that is empty if it is left out.
    pub(crate) fn texts(&self, field: Field) -> Result<Vec<String>> {
        let Some((start, bytes)) = self.elements(field, WORD)? else {
            return Ok(Vec::new());
        };
        let count = bytes.len() / WORD;
        self.buffer
            .charge(bytes.len().saturating_mul(8), field, start)?;
        (0..count)
            .map(|index| {
                let target = self.buffer.follow(start + index * WORD, field)?;
                let (start, bytes) = self.run(target, field, 1)?;
                self.buffer.charge(bytes.len(), field, start)?;
                Ok(String::from_utf8_lossy(bytes).into_owned())
            })
            .collect()
    }

    /// Where a vector's elements start, and all of them.
    fn elements(&self, field: Field, size: usize) -> Result<Option<(usize, &'a [u8])>> {
        let Some(position) = self.find(field) else {
            return Ok(None);
        };
        let target = self.buffer.follow(position, field)?;
        self.run(target, field, size).map(Some)
    }

    /// The elements behind a length.
    fn run(&self, position: usize, field: Field, size: usize) -> Result<(usize, &'a [u8])> {
        let length = usize::try_from(self.buffer.u32(position, field)?).unwrap_or(usize::MAX);
        let start = position.saturating_add(WORD);
        length
            .checked_mul(size)
            .and_then(|length| start.checked_add(length))
            .and_then(|end| self.buffer.bytes.get(start..end))
            .map(|bytes| (start, bytes))
            .ok_or_else(|| malformed(field, position, "is longer than the file"))
    }
}

/// Numbers one behind the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector<'a, T> {
    bytes: &'a [u8],
    element: std::marker::PhantomData<T>,
}

impl<T> Default for Vector<'_, T> {
    fn default() -> Self {
        Self {
            bytes: &[],
            element: std::marker::PhantomData,
        }
    }
}

impl<'a, T: Scalar> Vector<'a, T> {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / T::SIZE
    }

    pub(crate) fn get(&self, index: usize) -> Option<T> {
        T::read(self.bytes.get(index.checked_mul(T::SIZE)?..)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        self.bytes
            .chunks_exact(T::SIZE)
            .filter_map(|bytes| T::read(bytes))
    }

    pub(crate) fn to_vec(self) -> Vec<T> {
        self.iter().collect()
    }
}
