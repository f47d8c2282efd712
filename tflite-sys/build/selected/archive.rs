//! Makes symbols of a static library weak: another definition of the same name then wins.

use std::ops::Range;

const MAGIC: &[u8] = b"!<arch>\n";
/// Of the header before each member.
const HEADER: usize = 60;
const SIZE_IN_HEADER: Range<usize> = 48..58;

const SYMBOL_TABLE: u32 = 2;
const UNDEFINED: u16 = 0;
const GLOBAL: u8 = 1;
const WEAK: u8 = 2;

/// Where the fields of an ELF file are, which depends on its word.
struct Layout {
    /// The word is 8 bytes, not 4.
    is_64: bool,
    sections: usize,
    section_size: usize,
    section_count: usize,
    /// In a section's header.
    offset: usize,
    size: usize,
    link: usize,
    /// In a symbol.
    symbol_size: usize,
    info: usize,
    section: usize,
}

const ELF32: Layout = Layout {
    is_64: false,
    sections: 0x20,
    section_size: 0x2e,
    section_count: 0x30,
    offset: 0x10,
    size: 0x14,
    link: 0x18,
    symbol_size: 16,
    info: 12,
    section: 14,
};

const ELF64: Layout = Layout {
    is_64: true,
    sections: 0x28,
    section_size: 0x3a,
    section_count: 0x3c,
    offset: 0x18,
    size: 0x20,
    link: 0x28,
    symbol_size: 24,
    info: 4,
    section: 6,
};

/// Makes those of the archive's global functions and data weak that are `wanted`.
pub(crate) fn weaken(
    archive: &mut [u8],
    mut wanted: impl FnMut(&str) -> bool,
) -> Result<(), &'static str> {
    if !archive.starts_with(MAGIC) {
        return Err("it is no static library");
    }
    let mut at = MAGIC.len();
    while at + HEADER <= archive.len() {
        let size = str::from_utf8(&archive[at..][SIZE_IN_HEADER])
            .ok()
            .and_then(|text| text.trim().parse::<usize>().ok())
            .ok_or("it is damaged")?;
        let start = at + HEADER;
        let member = archive
            .get_mut(start..start.saturating_add(size))
            .ok_or("it is damaged")?;
        if let Some(layout) = layout(member)? {
            weaken_in(member, layout, &mut wanted).ok_or("a member of it is damaged")?;
        }
        // Members begin at even places.
        at = start + size + size % 2;
    }
    Ok(())
}

/// Says how a member is to be read; `None` for lists of names and the like.
fn layout(member: &[u8]) -> Result<Option<&'static Layout>, &'static str> {
    match member {
        [0x7f, b'E', b'L', b'F', 1, 1, ..] => Ok(Some(&ELF32)),
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => Ok(Some(&ELF64)),
        [0x7f, b'E', b'L', b'F', ..] => Err("its words are big-endian"),
        [b'B', b'C', 0xc0, 0xde, ..] => Err("it has no machine code, but LLVM's bitcode"),
        [0xcf, 0xfa, 0xed, 0xfe, ..] => Err("it is not in the ELF format"),
        _ => Ok(None),
    }
}

fn weaken_in(
    file: &mut [u8],
    layout: &Layout,
    wanted: &mut impl FnMut(&str) -> bool,
) -> Option<()> {
    let sections = word(file, layout, layout.sections)?;
    let section_size = usize::from(u16_at(file, layout.section_size)?);
    let section = |index: usize| sections + index * section_size;
    let count = match usize::from(u16_at(file, layout.section_count)?) {
        // With very many sections, their number is in the first one's header.
        0 if sections != 0 => word(file, layout, section(0) + layout.size)?,
        count => count,
    };
    let table = (0..count).find(|&index| u32_at(file, section(index) + 4) == Some(SYMBOL_TABLE));
    let Some(table) = table.map(section) else {
        return Some(());
    };
    let symbols = word(file, layout, table + layout.offset)?;
    let end = symbols + word(file, layout, table + layout.size)?;
    let names = section(usize::try_from(u32_at(file, table + layout.link)?).ok()?);
    let names = word(file, layout, names + layout.offset)?;
    for symbol in (symbols..end).step_by(layout.symbol_size) {
        let info = *file.get(symbol + layout.info)?;
        let is_defined = u16_at(file, symbol + layout.section)? != UNDEFINED;
        if info >> 4 != GLOBAL || !is_defined {
            continue;
        }
        let name = file.get(names + usize::try_from(u32_at(file, symbol)?).ok()?..)?;
        let name = name.split(|&byte| byte == 0).next()?;
        if str::from_utf8(name).is_ok_and(&mut *wanted) {
            file[symbol + layout.info] = WEAK << 4 | info & 0xf;
        }
    }
    Some(())
}

fn word(file: &[u8], layout: &Layout, at: usize) -> Option<usize> {
    if layout.is_64 {
        let bytes = *file.get(at..)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(bytes)).ok()
    } else {
        usize::try_from(u32_at(file, at)?).ok()
    }
}

fn u32_at(file: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*file.get(at..)?.first_chunk()?))
}

fn u16_at(file: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*file.get(at..)?.first_chunk()?))
}
