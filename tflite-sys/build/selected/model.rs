//! Reads which operators a model has.

/// A kind of operator.
pub(crate) enum Code {
    Builtin(i32),
    Custom(String),
}

/// The fields of the schema that are read, by number.
mod field {
    pub(super) const MODEL_OPERATOR_CODES: usize = 1;
    pub(super) const CODE_DEPRECATED_BUILTIN: usize = 0;
    pub(super) const CODE_CUSTOM: usize = 1;
    pub(super) const CODE_BUILTIN: usize = 3;
}

/// The number of custom operators.
const CUSTOM: i32 = 32;

/// The kinds of operators of all subgraphs, which share one list.
pub(crate) fn operator_codes(file: &[u8]) -> Result<Vec<Code>, &'static str> {
    if file.get(4..8) != Some(b"TFL3") {
        return Err("it is no TensorFlow Lite model");
    }
    codes(file).ok_or("it is damaged")
}

fn codes(file: &[u8]) -> Option<Vec<Code>> {
    let root = Table(file, follow(file, 0)?);
    let Some(list) = root.field(field::MODEL_OPERATOR_CODES)? else {
        return Some(Vec::new());
    };
    let list = follow(file, list)?;
    (0..usize::try_from(u32_at(file, list)?).ok()?)
        .map(|index| code(Table(file, follow(file, list + 4 + 4 * index)?)))
        .collect()
}

fn code(code: Table<'_>) -> Option<Code> {
    let Table(file, _) = code;
    // Old files have the number in a field of one byte, new ones in both or only in the other.
    let old = match code.field(field::CODE_DEPRECATED_BUILTIN)? {
        Some(at) => file.get(at)?.cast_signed(),
        None => 0,
    };
    let new = match code.field(field::CODE_BUILTIN)? {
        Some(at) => u32_at(file, at)?.cast_signed(),
        None => 0,
    };
    let number = new.max(old.into());
    if number != CUSTOM {
        return Some(Code::Builtin(number));
    }
    let name = follow(file, code.field(field::CODE_CUSTOM)??)?;
    let length = usize::try_from(u32_at(file, name)?).ok()?;
    let name = file.get(name + 4..)?.get(..length)?;
    Some(Code::Custom(String::from_utf8_lossy(name).into_owned()))
}

/// A table of a FlatBuffer, and where it stands.
#[derive(Clone, Copy)]
struct Table<'a>(&'a [u8], usize);

impl Table<'_> {
    /// Where a field stands; the inner `None` if it is left out, the outer one if it is nowhere.
    fn field(self, number: usize) -> Option<Option<usize>> {
        let Self(file, table) = self;
        let back = i64::from(u32_at(file, table)?.cast_signed());
        let list = usize::try_from(i64::try_from(table).ok()? - back).ok()?;
        let length = usize::from(u16_at(file, list)?);
        // Two lengths stand before the fields.
        let entry = 4 + 2 * number;
        if entry + 2 > length {
            return Some(None);
        }
        Some(match u16_at(file, list + entry)? {
            0 => None,
            offset => Some(table + usize::from(offset)),
        })
    }
}

fn follow(file: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(u32_at(file, at)?).ok()?)
}

fn u32_at(file: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*file.get(at..)?.first_chunk()?))
}

fn u16_at(file: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*file.get(at..)?.first_chunk()?))
}
