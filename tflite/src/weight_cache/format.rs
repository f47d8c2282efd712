//! Files of packed weights: XNNPACK's own file, and this crate's description of it at the end.
//!
//! XNNPACK maps the file from its first byte on, and wants the list of buffers to reach to the last
//! one. A FlatBuffer does not mind what follows it, so the description counts as part of the list.

#![forbid(unsafe_code)]

use super::key::{Key, hash};

/// How a description starts.
const MAGIC: [u8; 16] = *b"tflite-native wc";

/// Changes with the layout of descriptions.
const VERSION: u64 = 2;

/// The length of a description: the magic bytes, 5 numbers of 8 bytes, 7 of 16.
pub(super) const LENGTH: usize = 16 + 5 * 8 + 7 * 16;

/// The header of XNNPACK's file: its version, where the list of buffers is and how long, a byte
/// that is not 0 if the file is stale.
pub(super) const HEADER: usize = 32;

/// XNNPACK's version of that header.
const XNNPACK_VERSION: u64 = 4;

/// Where the header has the length of the list.
const LIST_LENGTH: std::ops::Range<usize> = 16..24;

/// Describes a file of packed weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) key: Key,
    /// The length of XNNPACK's own file.
    pub(super) length: u64,
    /// Where the list of buffers starts.
    pub(super) list: u64,
    /// Of XNNPACK's own file.
    pub(super) checksum: u128,
    /// Of the header and the list of buffers.
    pub(super) index_checksum: u128,
}

/// Where the list of buffers starts, in a file of this length that XNNPACK has written.
pub(super) fn list(header: &[u8; HEADER], length: u64) -> Option<u64> {
    let (version, offset, size, stale) = fields(header)?;
    let fits = offset.checked_add(size)? == length && usize::try_from(length).is_ok();
    let is_known = version == XNNPACK_VERSION && !stale;
    (fits && is_known && offset >= u64::try_from(HEADER).ok()?).then_some(offset)
}

/// Has the list of buffers reach over the description.
pub(super) fn extend(header: &mut [u8; HEADER]) -> Option<()> {
    let (_, _, size, _) = fields(header)?;
    let size = size.checked_add(u64::try_from(LENGTH).ok()?)?;
    header
        .get_mut(LIST_LENGTH)?
        .copy_from_slice(&size.to_ne_bytes());
    Some(())
}

fn fields(header: &[u8; HEADER]) -> Option<(u64, u64, u64, bool)> {
    let (numbers, _) = header.as_chunks::<8>();
    let mut numbers = numbers.iter().map(|bytes| u64::from_ne_bytes(*bytes));
    let (version, offset, size) = (numbers.next()?, numbers.next()?, numbers.next()?);
    Some((version, offset, size, header.get(24) != Some(&0)))
}

impl Description {
    /// The checksum at the end is one of the description itself.
    pub(super) fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MAGIC);
        let flags = u64::from(self.key.flags);
        let runtime_flags = u64::from(self.key.runtime_flags);
        for number in [VERSION, self.length, self.list, flags, runtime_flags] {
            bytes.extend(number.to_le_bytes());
        }
        let Key {
            model,
            sample,
            library,
            processor,
            ..
        } = self.key;
        for number in [
            // Files are written with it.
            model.unwrap_or_default(),
            sample,
            library,
            processor,
            self.checksum,
            self.index_checksum,
        ] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(hash(&bytes).to_le_bytes());
        let mut array = [0; LENGTH];
        // Both have the same length, which the tests see to.
        for (to, from) in array.iter_mut().zip(bytes) {
            *to = from;
        }
        array
    }

    /// Says what is wrong with the bytes, in a file of this length.
    pub(super) fn from_bytes(bytes: &[u8; LENGTH], file: u64) -> Result<Self, &'static str> {
        let (body, checksum) = bytes.split_at(LENGTH - 16);
        if body.get(..16) != Some(&MAGIC[..]) {
            return Err("it is no file of packed weights, or one of another program");
        }
        if checksum != hash(body).to_le_bytes() {
            return Err("its description is damaged");
        }
        let long = |at: usize| {
            let bytes = body.get(at..)?.first_chunk()?;
            Some(u64::from_le_bytes(*bytes))
        };
        let wide = |at: usize| {
            let bytes = body.get(at..)?.first_chunk()?;
            Some(u128::from_le_bytes(*bytes))
        };
        let read = || {
            let description = Self {
                length: long(24)?,
                list: long(32)?,
                key: Key {
                    flags: u32::try_from(long(40)?).ok()?,
                    runtime_flags: u32::try_from(long(48)?).ok()?,
                    model: Some(wide(56)?),
                    sample: wide(72)?,
                    library: wide(88)?,
                    processor: wide(104)?,
                },
                checksum: wide(120)?,
                index_checksum: wide(136)?,
            };
            let end = description
                .length
                .checked_add(u64::try_from(LENGTH).ok()?)?;
            let fits = end == file && description.list < description.length;
            (long(16)? == VERSION && fits).then_some(description)
        };
        read().ok_or("it has another layout or length")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        Description {
            key: Key {
                model: Some(u128::MAX - 1),
                sample: 8,
                library: 2,
                processor: 3,
                flags: 4,
                runtime_flags: 5,
            },
            length: 1000,
            list: 900,
            checksum: 6,
            index_checksum: 7,
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = description().to_bytes();
        let file = 1000 + u64::try_from(LENGTH).expect("small");
        assert_eq!(Description::from_bytes(&bytes, file), Ok(description()));
        assert!(Description::from_bytes(&bytes, file + 1).is_err());
    }

    #[test]
    fn any_damage_is_seen() {
        let file = 1000 + u64::try_from(LENGTH).expect("small");
        for position in 0..LENGTH {
            let mut bytes = description().to_bytes();
            bytes[position] ^= 1;
            assert!(Description::from_bytes(&bytes, file).is_err(), "{position}");
        }
    }

    #[test]
    fn headers_of_unknown_layout_are_not_used() {
        let header = |version: u64, offset: u64, size: u64, stale: u8| {
            let mut header = [0; HEADER];
            header[..8].copy_from_slice(&version.to_ne_bytes());
            header[8..16].copy_from_slice(&offset.to_ne_bytes());
            header[16..24].copy_from_slice(&size.to_ne_bytes());
            header[24] = stale;
            header
        };
        assert_eq!(list(&header(4, 128, 72, 0), 200), Some(128));
        for wrong in [
            header(5, 128, 72, 0),
            header(4, 128, 71, 0),
            header(4, 8, 192, 0),
            header(4, 128, 72, 1),
            header(4, u64::MAX, 72, 0),
        ] {
            assert_eq!(list(&wrong, 200), None);
        }
        let mut header = header(4, 128, 72, 0);
        extend(&mut header).expect("no overflow");
        let length = 200 + u64::try_from(LENGTH).expect("small");
        assert_eq!(list(&header, length), Some(128));
    }
}
