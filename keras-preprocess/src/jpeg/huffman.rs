//! Tables that turn prefix codes into symbols, several bits at a time.

use super::{
    Reason,
    bits::{Reader, signed},
};

/// Bits that the tables for codes alone look at.
const CODE_LOOKUP: u32 = 9;
/// Bits that the tables for codes with what follows them look at.
const LOOKUP: u32 = 10;
/// Bits that the tables for skipping look at.
const SKIP_LOOKUP: u32 = 13;
/// Bits that the tables for two codes look at.
const PAIR_LOOKUP: u32 = 11;
/// What libjpeg takes where no code fits: the longest code and one bit more.
const NO_CODE: u32 = 17;

/// Prefix codes as a file defines them.
#[derive(Clone)]
pub(super) struct Codes {
    symbols: Vec<u8>,
    /// For each length the first code behind those of that length, moved to the top of 16 bits.
    ends: [u32; 17],
    /// For each length the index of its first symbol less its first code.
    offsets: [i32; 17],
    /// For each start of `CODE_LOOKUP` bits: the symbol times 256 plus the length, or zero.
    lookup: Box<[u16; 1 << CODE_LOOKUP]>,
}

impl Codes {
    /// `counts` are the codes of lengths 1 to 16.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Reason> {
        let mut lookup = Box::new([0; 1 << CODE_LOOKUP]);
        let (mut ends, mut offsets) = ([0; 17], [0; 17]);
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            offsets[length as usize] = index as i32 - code as i32;
            for _ in 0..count {
                let Some(&symbol) = symbols.get(index) else {
                    return Err("a Huffman table is too short");
                };
                if code >= 1 << length {
                    return Err("a Huffman table has too many codes");
                }
                if length <= CODE_LOOKUP {
                    let first = (code << (CODE_LOOKUP - length)) as usize;
                    let entry = u16::from(symbol) << 8 | length as u16;
                    lookup[first..first + (1 << (CODE_LOOKUP - length))].fill(entry);
                }
                code += 1;
                index += 1;
            }
            ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self {
            symbols: symbols[..index].to_vec(),
            ends,
            offsets,
            lookup,
        })
    }

    /// The symbol at the start of `bits`, which are 16 bits, and its length.
    fn find(&self, bits: u32) -> (u8, u32) {
        let entry = self.lookup[(bits >> (16 - CODE_LOOKUP)) as usize];
        if entry != 0 {
            return ((entry >> 8) as u8, u32::from(entry & 0xFF));
        }
        for length in CODE_LOOKUP + 1..=16 {
            if bits < self.ends[length as usize] {
                let index = (bits >> (16 - length)) as i32 + self.offsets[length as usize];
                let symbol = self.symbols.get(index as usize).copied();
                return (symbol.unwrap_or(0), length);
            }
        }
        (0, NO_CODE)
    }

    /// Takes a code. At least 17 bits must be available.
    #[inline(always)]
    pub(super) fn take(&self, bits: &mut Reader) -> u8 {
        let entry = self.lookup[bits.peek(CODE_LOOKUP) as usize];
        let (symbol, length) = match entry {
            0 => self.find(bits.peek(16)),
            _ => ((entry >> 8) as u8, u32::from(entry & 0xFF)),
        };
        bits.skip(length);
        symbol
    }

    /// Whether all symbols are sizes that a difference of two DC coefficients can have.
    pub(super) fn fits_dc(&self) -> bool {
        self.symbols.iter().all(|&symbol| symbol <= 15)
    }
}

/// What a code and the bits behind it say.
#[derive(Clone, Copy)]
pub(super) struct Step(u32);

/// What a step advances by if it ends the block: further than any run leads.
const END: u32 = 80;
/// How many places in the file's order a step may lead to: 63 before it, and [`END`], rounded up.
pub(super) const PLACES: usize = 256;

impl Step {
    fn new(value: i32, advance: u32, length: u32) -> Self {
        Self((value as u32) << 16 | advance << 8 | length)
    }

    /// The step of an AC symbol.
    fn ac(symbol: u8, length: u32, extra: u32) -> Self {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        // Without a coefficient it is the end, or a run of 16 zeros.
        let advance = if size == 0 && run < 15 { END } else { run + 1 };
        Self::new(signed(extra, size), advance, length + size)
    }

    /// The coefficient.
    #[inline(always)]
    pub(super) fn value(self) -> i16 {
        (self.0 >> 16) as i16
    }

    /// How many coefficients are behind with this one: those before it are zero. The end of a
    /// block leads at least 16 beyond it.
    #[inline(always)]
    pub(super) fn advance(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    #[inline(always)]
    fn length(self) -> u32 {
        self.0 & 0x3F
    }
}

/// The codes of DC differences or AC coefficients, together with the bits behind them.
pub(super) struct Steps {
    codes: Codes,
    is_dc: bool,
    /// For each start of `LOOKUP` bits, zero if that is too short. Not in a box of its own: to
    /// find it must take as few steps as possible.
    lookup: [u32; 1 << LOOKUP],
}

impl Steps {
    pub(super) fn new(codes: Codes, is_dc: bool) -> Box<Self> {
        let mut steps = Box::new(Self {
            codes,
            is_dc,
            lookup: [0; 1 << LOOKUP],
        });
        let mut bits = 0_u32;
        while bits < 1 << LOOKUP {
            let step = steps.find(u64::from(bits) << (64 - LOOKUP));
            let length = step.length();
            let rest = LOOKUP.saturating_sub(length);
            if length <= LOOKUP {
                let same = bits as usize..(bits + (1 << rest)) as usize;
                steps.lookup[same].fill(step.0);
            }
            bits += 1 << rest;
        }
        steps
    }

    /// The step at the start of `word`, of which 31 bits must be there.
    #[inline(never)]
    fn find(&self, word: u64) -> Step {
        let (symbol, length) = self.codes.find((word >> 48) as u32);
        let size = if self.is_dc { symbol } else { symbol & 15 };
        let extra = (word << length >> 1) >> (63 - size);
        if self.is_dc {
            return Step::new(
                signed(extra as u32, size.into()),
                1,
                length + u32::from(size),
            );
        }
        Step::ac(symbol, length, extra as u32)
    }

    /// The step at the start of `word`.
    fn at(&self, word: u64) -> Step {
        match self.lookup[(word >> (64 - LOOKUP)) as usize] {
            0 => self.find(word),
            step => Step(step),
        }
    }

    /// Takes a step. At least `LOOKUP` bits must be available. No more than those are taken, or 56
    /// bits are available afterwards.
    #[inline(always)]
    pub(super) fn take(&self, bits: &mut Reader) -> Step {
        let step = Step(self.lookup[bits.peek(LOOKUP) as usize]);
        if step.0 != 0 {
            bits.skip(step.length());
            return step;
        }
        bits.refill();
        let step = self.find(bits.word());
        bits.skip(step.length());
        bits.refill();
        step
    }
}

/// For blocks that nobody looks at: how far several codes at once lead.
pub(super) struct Skips {
    /// For each start of `SKIP_LOOKUP` bits: how many coefficients there must still be for all
    /// codes to belong to this block, whether the block ends, and the length in 8, 1 and 7 bits;
    /// or zero.
    lookup: [u16; 1 << SKIP_LOOKUP],
}

const ENDS: u32 = 1 << 7;

impl Skips {
    pub(super) fn new(steps: &Steps) -> Box<Self> {
        let mut skips = Box::new(Self {
            lookup: [0; 1 << SKIP_LOOKUP],
        });
        for (bits, entry) in (0_u64..).zip(&mut skips.lookup) {
            let (mut length, mut needed, mut end) = (0, 0, 0);
            loop {
                let step = steps.at(bits << (64 - SKIP_LOOKUP) << length);
                let advance = step.advance() as u32;
                let is_end = advance == END;
                let more = if is_end { 1 } else { advance };
                if length + step.length() > SKIP_LOOKUP || needed + more > 64 {
                    break;
                }
                length += step.length();
                needed += more;
                if is_end {
                    end = ENDS;
                    break;
                }
            }
            *entry = (needed << 8 | end | length) as u16;
        }
        skips
    }

    /// Leaves the AC coefficients of a block behind. At least 56 bits must be available, as many as
    /// a DC coefficient looks at are left.
    #[inline(always)]
    pub(super) fn block(&self, steps: &Steps, bits: &mut Reader) {
        // How many coefficients may still come.
        let mut left = 63_u32;
        loop {
            for _ in 0..3 {
                let entry = u32::from(self.lookup[bits.peek(SKIP_LOOKUP) as usize]);
                let needed = entry >> 8;
                // The codes behind the last coefficient belong to the next block.
                if entry != 0 && needed <= left {
                    bits.skip(entry & 0x3F);
                    left -= needed;
                    if entry & ENDS != 0 {
                        return;
                    }
                } else {
                    let advance = steps.take(bits).advance() as u32;
                    left = left.saturating_sub(advance);
                }
                if left == 0 {
                    return;
                }
            }
            bits.refill();
        }
    }
}

/// Two steps at once, for pictures with so many codes that it is worth the table.
pub(super) struct Pairs {
    /// For each start of `PAIR_LOOKUP` bits.
    lookup: [Pair; 1 << PAIR_LOOKUP],
}

/// What one or two codes and the bits behind them say, from the least significant bit on: their
/// length in 8 bits; what [`Pair::needed`] says, 8; by how much the first one advances and by how
/// much both do, 8 each; and the two coefficients, 16 each.
#[derive(Clone, Copy)]
pub(super) struct Pair(u64);

impl Pair {
    /// For bits that are too few for a code.
    const NONE: Self = Self(0xFF << 8);

    fn new(steps: &Steps, word: u64) -> Self {
        let first = steps.at(word);
        if first.length() > PAIR_LOOKUP {
            return Self::NONE;
        }
        let advance = first.advance();
        let second = steps.at(word << first.length());
        let length = first.length() + second.length();
        if advance == END as usize || length > PAIR_LOOKUP {
            // To set the same coefficient twice is no harm.
            return Self::of(first.length(), 0, [advance; 2], [first.value(); 2]);
        }
        let advances = [advance, advance + second.advance()];
        Self::of(length, advance, advances, [first.value(), second.value()])
    }

    fn of(length: u32, needed: usize, advances: [usize; 2], values: [i16; 2]) -> Self {
        let advances = (advances[0] | advances[1] << 8) as u64;
        let values = values.map(|value| u64::from(value as u16));
        let steps = advances << 16 | values[0] << 32 | values[1] << 48;
        Self(u64::from(length) | (needed as u64) << 8 | steps)
    }

    /// After how many coefficients another one must be left in the block: otherwise only the first
    /// code belongs to it.
    #[inline(always)]
    pub(super) fn needed(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    /// As [`Step::advance`], for the first code and for both.
    #[inline(always)]
    pub(super) fn advances(self) -> [usize; 2] {
        [16, 24].map(|shift| (self.0 >> shift & 0xFF) as usize)
    }

    /// The coefficients.
    #[inline(always)]
    pub(super) fn values(self) -> [i16; 2] {
        [32, 48].map(|shift| (self.0 >> shift) as i16)
    }

    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 as u32 & 0x3F
    }
}

impl Pairs {
    pub(super) fn new(steps: &Steps) -> Box<Self> {
        let mut pairs = Box::new(Self {
            lookup: [Pair::NONE; 1 << PAIR_LOOKUP],
        });
        for (bits, pair) in (0_u64..).zip(&mut pairs.lookup) {
            *pair = Pair::new(steps, bits << (64 - PAIR_LOOKUP));
        }
        pairs
    }

    /// The codes at the start of the bits, which are left there.
    #[inline(always)]
    pub(super) fn peek(&self, bits: &Reader) -> Pair {
        self.lookup[bits.peek(PAIR_LOOKUP) as usize]
    }
}
