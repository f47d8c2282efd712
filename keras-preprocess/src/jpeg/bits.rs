//! The bits of a scan, and the markers between them.

use memchr::memchr;

/// Zeros behind the data of a segment, so that a word can be read anywhere in it.
const PADDING: usize = 16;

/// The data between two markers, with the stuffed zeros taken out, read from the most significant
/// bit of each byte. Behind the end are zeros, as in libjpeg.
pub(super) struct Bits {
    data: Vec<u8>,
    /// Bytes of `data` before the padding.
    length: usize,
    /// The next byte that is not yet in `word`.
    at: usize,
    /// The next bits, the first one in the most significant place.
    word: u64,
    /// How many bits of `word` count. The rest may hold a part of the byte at `at`.
    count: u32,
}

impl Bits {
    /// No bits at all.
    pub(super) fn empty() -> Self {
        Self {
            data: vec![0; PADDING],
            length: 0,
            at: 0,
            word: 0,
            count: 0,
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
        (self.at, self.word, self.count) = (0, 0, 0);
        end
    }

    /// Whether more bits were taken than there are.
    pub(super) fn is_exhausted(&self) -> bool {
        self.at * 8 > self.length * 8 + self.count as usize
    }

    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        // Never beyond the padding, however far the caller reads.
        let at = self.at.min(self.length + PADDING - 8);
        let Some(next) = self.data.get(at..).and_then(<[u8]>::first_chunk) else {
            return;
        };
        self.word |= u64::from_be_bytes(*next) >> self.count;
        self.at = at + ((63 - self.count) >> 3) as usize;
        self.count |= 56;
    }

    /// The next `count` bits, from 1 to 32. [`Bits::refill`] must have made them available.
    #[inline(always)]
    pub(super) fn peek(&self, count: u32) -> u32 {
        (self.word >> (64 - count)) as u32
    }

    /// Leaves `count` bits behind.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.word <<= count;
        self.count -= count;
    }

    /// Takes up to 16 bits as a number.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        // In two steps, since a shift by 64 is none.
        let value = (self.word >> 1) >> (63 - count);
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
        bits.refill();
        assert_eq!(bits.peek(24), 0x12_ff_34);
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
            bits.refill();
            assert_eq!(bits.is_exhausted(), taken > 24);
            let ones = 24_u32.saturating_sub(taken).min(7);
            assert_eq!(bits.take(7), (0x7f << (7 - ones)) & 0x7f);
            taken += 7;
        }
    }

    #[test]
    fn every_bit_once() {
        let bytes: Vec<u8> = (0..200).map(|n| (n * 37 % 251) as u8).collect();
        let (mut bits, end) = load(&bytes);
        assert_eq!(end, bytes.len());
        for start in (0..1600).step_by(16) {
            bits.refill();
            for bit in start..start + 16 {
                let expected = bytes[bit / 8] >> (7 - bit % 8) & 1;
                assert_eq!(bits.take(1), u32::from(expected));
            }
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
