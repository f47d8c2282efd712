//! The bits of a scan, and the markers between them.

use memchr::memchr;

/// Zeros behind the data of a segment, so that a word can be read anywhere in it.
const PADDING: usize = 16;

/// The data between two markers, with the stuffed zeros taken out. Behind the end are zeros, as in
/// libjpeg.
pub(super) struct Bits {
    data: Vec<u8>,
    /// Bytes of `data` before the padding.
    length: usize,
    place: Place,
}

/// How far the bits are read.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The next byte that is not yet in `word`.
    at: usize,
    /// The next bits, the first one in the most significant place.
    word: u64,
    /// How many bits of `word` count. The rest may hold a part of the byte at `at`.
    count: u32,
}

/// Takes bits, from the most significant one of each byte.
///
/// Apart from [`Bits`], so that the place stays in registers while an MCU is read.
pub(super) struct Reader<'a> {
    data: &'a [u8],
    place: Place,
}

impl Bits {
    /// No bits at all.
    pub(super) fn empty() -> Self {
        Self {
            data: vec![0; PADDING],
            length: 0,
            place: Place::default(),
        }
    }

    /// Takes the segment that starts at `start`. Returns the position of the marker that ends
    /// it, or the end of `bytes`.
    pub(super) fn load(&mut self, bytes: &[u8], start: usize) -> usize {
        self.data.clear();
        let mut at = start;
        let end = loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(found) = memchr(0xFF, rest) else {
                self.data.extend_from_slice(rest);
                break bytes.len();
            };
            match rest.get(found + 1) {
                Some(0) => {
                    self.data.extend_from_slice(&rest[..=found]);
                    at += found + 2;
                }
                // A fill byte: the marker's 0xFF is a later one.
                Some(0xFF) => {
                    self.data.extend_from_slice(&rest[..found]);
                    at += found + 1;
                }
                _ => {
                    self.data.extend_from_slice(&rest[..found]);
                    break at + found;
                }
            }
        };
        self.length = self.data.len();
        self.data.resize(self.length + PADDING, 0);
        self.place = Place::default();
        end
    }

    /// Whether more bits were taken than there are.
    pub(super) fn is_exhausted(&self) -> bool {
        self.place.at * 8 > self.length * 8 + self.place.count as usize
    }

    /// Lets `work` take bits.
    #[inline(always)]
    pub(super) fn read<R>(&mut self, work: impl FnOnce(&mut Reader) -> R) -> R {
        let mut reader = Reader {
            data: &self.data,
            place: self.place,
        };
        let result = work(&mut reader);
        self.place = reader.place;
        result
    }
}

impl Reader<'_> {
    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let place = &mut self.place;
        // However far the caller reads, `at` stops in the padding, where all bits are zero.
        if let Some(next) = self.data.get(place.at..).and_then(<[u8]>::first_chunk) {
            place.word |= u64::from_be_bytes(*next) >> place.count;
            place.at += ((63 - place.count) >> 3) as usize;
        }
        place.count |= 56;
    }

    /// The next 64 bits, of which those that [`Reader::refill`] made available count.
    #[inline(always)]
    pub(super) fn word(&self) -> u64 {
        self.place.word
    }

    /// The next `count` bits, from 1 to 32.
    #[inline(always)]
    pub(super) fn peek(&self, count: u32) -> u32 {
        (self.place.word >> (64 - count)) as u32
    }

    /// Leaves `count` bits behind.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.place.word <<= count;
        self.place.count -= count;
    }

    /// Takes up to 16 bits as a number.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        // In two steps, since a shift by 64 is none.
        let value = (self.place.word >> 1) >> (63 - count);
        self.skip(count);
        value as u32
    }

    /// Takes a coefficient's `size` bits: the upper half of the range is positive.
    #[inline(always)]
    pub(super) fn take_signed(&mut self, size: u32) -> i32 {
        signed(self.take(size), size)
    }
}

/// A coefficient from its `size` bits.
#[inline(always)]
pub(super) fn signed(bits: u32, size: u32) -> i32 {
    // The first bit is the sign, 1 for positive. A negative one is stored minus 1.
    let bits = bits as i32;
    let negative = (bits >> size.saturating_sub(1)) & 1 ^ 1;
    let below = ((1_i32 << size) - 1) & -negative;
    bits - below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(bytes: &[u8]) -> (Bits, usize) {
        let mut bits = Bits::empty();
        let end = bits.load(bytes, 0);
        (bits, end)
    }

    #[test]
    fn stuffing_fill_bytes_and_markers() {
        let (mut bits, end) = load(b"\x12\xff\x00\x34\xff\xff\xd0\x56");
        assert_eq!(end, 5);
        bits.read(|bits| {
            bits.refill();
            assert_eq!(bits.peek(24), 0x12_ff_34);
        });
        assert_eq!(load(b"\x12\xff\xd9").1, 1);
        assert_eq!(load(b"\x12").1, 1);
        // A marker cannot be the very last byte.
        assert_eq!(load(b"\x12\xff").1, 1);
    }

    #[test]
    fn behind_the_end_are_zeros() {
        let (mut bits, _) = load(b"\xff\x00\xff\x00\xff\x00");
        let mut taken = 0;
        for _ in 0..100 {
            assert_eq!(bits.is_exhausted(), taken > 24);
            let ones = 24_u32.saturating_sub(taken).min(7);
            let seven = bits.read(|bits| {
                bits.refill();
                bits.take(7)
            });
            assert_eq!(seven, (0x7f << (7 - ones)) & 0x7f);
            taken += 7;
        }
    }

    #[test]
    fn every_bit_once() {
        let bytes: Vec<u8> = (0..200).map(|n| (n * 37 % 251) as u8).collect();
        let (mut bits, end) = load(&bytes);
        assert_eq!(end, bytes.len());
        for start in (0..1600).step_by(16) {
            bits.read(|bits| {
                bits.refill();
                for bit in start..start + 16 {
                    let expected = bytes[bit / 8] >> (7 - bit % 8) & 1;
                    assert_eq!(bits.take(1), u32::from(expected));
                }
            });
        }
        assert!(!bits.is_exhausted());
    }

    #[test]
    fn signs() {
        assert_eq!([signed(0, 1), signed(1, 1)], [-1, 1]);
        assert_eq!([0, 1, 2, 3].map(|bits| signed(bits, 2)), [-3, -2, 2, 3]);
        assert_eq!(signed(0, 0), 0);
        assert_eq!([signed(0, 15), signed(0x7fff, 15)], [-32_767, 32_767]);
    }
}
