//! The ZIP archive that tools append to a model.
//!
//! Only what such archives use: stored and deflated files, without encryption, in one part.

use std::collections::HashMap;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// What a file may have when unpacked.
const MAX_FILE: usize = 16 << 20;

/// What starts the record at the end of an archive, and what the record has at least.
const END: &[u8] = b"PK\x05\x06";
const END_SIZE: usize = 22;

/// The longest comment behind that record.
const MAX_COMMENT: usize = 0xffff;

const CENTRAL: &[u8] = b"PK\x01\x02";
const CENTRAL_SIZE: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_SIZE: usize = 30;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The archive's list of files.
pub(super) struct Archive<'a> {
    /// From the archive's first byte on.
    bytes: &'a [u8],
    entries: Vec<Entry>,
    /// Where each name is in the list: descriptions can refer to many files.
    names: HashMap<String, usize>,
}

/// A file.
pub(super) struct Entry {
    pub(super) name: String,
    /// When unpacked, as the list says.
    pub(super) size: u64,
    method: u16,
    checksum: u32,
    packed: usize,
    /// Where the file's own header is.
    header: usize,
}

type Result<T> = std::result::Result<T, &'static str>;

impl<'a> Archive<'a> {
    /// `None` if nothing looks like an archive.
    pub(super) fn find(file: &'a [u8]) -> Result<Option<Self>> {
        let first = file.len().saturating_sub(END_SIZE + MAX_COMMENT);
        let tail = file.get(first..).unwrap_or_default();
        let Some(end) = tail
            .windows(END.len())
            .rposition(|window| window == END)
            .map(|position| first + position)
        else {
            return Ok(None);
        };
        let cut = "its end is cut off";
        let record = file.get(end..end + END_SIZE).ok_or(cut)?;
        let count = u16_at(record, 10).ok_or(cut)?;
        let size = length_at(record, 12).ok_or(cut)?;
        let offset = length_at(record, 16).ok_or(cut)?;
        // Some writers count from the start of the file, and others from that of the archive.
        let list = end.checked_sub(size).ok_or("its list is too long")?;
        let start = list.checked_sub(offset).ok_or("its list is not there")?;
        let mut archive = Self {
            bytes: file.get(start..).unwrap_or_default(),
            entries: Vec::new(),
            names: HashMap::new(),
        };
        let mut rest = file.get(list..end).unwrap_or_default();
        for _ in 0..count {
            let (entry, length) = Entry::read(rest).ok_or("its list is damaged")?;
            let index = archive.entries.len();
            archive.names.entry(entry.name.clone()).or_insert(index);
            archive.entries.push(entry);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(Some(archive))
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Unpacks a file.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>> {
        let entry = self
            .names
            .get(name)
            .and_then(|&index| self.entries.get(index))
            .ok_or("is not in the archive")?;
        let size = usize::try_from(entry.size)
            .ok()
            .filter(|&size| size <= MAX_FILE)
            .ok_or("has more than 16 MiB")?;
        let packed = self.packed(entry).ok_or("lies outside the archive")?;
        let data = match entry.method {
            STORED => packed.to_vec(),
            DEFLATED => {
                decompress_to_vec_with_limit(packed, size).map_err(|_| "cannot be unpacked")?
            }
            _ => return Err("is packed in an unknown way"),
        };
        if data.len() != size || checksum(&data) != entry.checksum {
            return Err("is damaged");
        }
        Ok(data)
    }

    /// The file's bytes behind its own header, whose name and extras may have another length
    /// than in the list.
    fn packed(&self, entry: &Entry) -> Option<&'a [u8]> {
        let header = self.bytes.get(entry.header..)?;
        if !header.starts_with(LOCAL) {
            return None;
        }
        let names = usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
        header.get(LOCAL_SIZE + names..)?.get(..entry.packed)
    }
}

impl Entry {
    /// The first entry of a list, and its length there.
    fn read(list: &[u8]) -> Option<(Self, usize)> {
        if !list.starts_with(CENTRAL) {
            return None;
        }
        let name_length = usize::from(u16_at(list, 28)?);
        let extra = usize::from(u16_at(list, 30)?) + usize::from(u16_at(list, 32)?);
        let name = list.get(CENTRAL_SIZE..CENTRAL_SIZE + name_length)?;
        let entry = Self {
            name: String::from_utf8_lossy(name).into_owned(),
            size: u32_at(list, 24)?.into(),
            method: u16_at(list, 10)?,
            checksum: u32_at(list, 16)?,
            packed: length_at(list, 20)?,
            header: length_at(list, 42)?,
        };
        Some((entry, CENTRAL_SIZE + name_length + extra))
    }
}

fn u16_at(bytes: &[u8], position: usize) -> Option<u16> {
    let bytes = bytes.get(position..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], position: usize) -> Option<u32> {
    let bytes = bytes.get(position..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn length_at(bytes: &[u8], position: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, position)?).ok()
}

/// The CRC-32 of ZIP files.
fn checksum(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            // The polynomial with its bits reversed.
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    });
    !crc
}
