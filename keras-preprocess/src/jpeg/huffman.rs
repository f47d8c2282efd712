//! Tables that turn prefix codes into symbols, several bits at a time.

use super::{
    Reason,
    bits::{Bits, signed},
};

/// Bits that the tables for single codes look at.
const LOOKUP: u32 = 10;
/// Bits that the tables for skipping look at.
const SKIP_LOOKUP: u32 = 12;
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
    /// For each start of `LOOKUP` bits: the symbol times 256 plus the length, or zero.
    lookup: Vec<u16>,
}

impl Codes {
    /// `counts` are the codes of lengths 1 to 16.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Reason> {
        let mut lookup = vec![0; 1 << LOOKUP];
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
                if length <= LOOKUP {
                    let first = (code << (LOOKUP - length)) as usize;
                    let entry = u16::from(symbol) << 8 | length as u16;
                    lookup[first..first + (1 << (LOOKUP - length))].fill(entry);
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
        let entry = self.lookup[(bits >> (16 - LOOKUP)) as usize];
        if entry != 0 {
            return ((entry >> 8) as u8, u32::from(entry & 0xFF));
        }
        for length in LOOKUP + 1..=16 {
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
    pub(super) fn take(&self, bits: &mut Bits) -> u8 {
        let entry = self.lookup[bits.peek(LOOKUP) as usize];
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

/// What one code and the bits behind it say about AC coefficients.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// How many coefficients are zero before this one. Far too many mean the end of the block.
    pub(super) run: usize,
    pub(super) value: i32,
}

/// The run that ends a block.
const END: u32 = 64;

/// AC codes together with the bits behind them.
pub(super) struct Steps {
    codes: Codes,
    /// For each start of `LOOKUP` bits: value, run and length in 16, 8 and 8 bits, or zero.
    lookup: Vec<u32>,
}

impl Steps {
    pub(super) fn new(codes: Codes) -> Self {
        let lookup = (0..1_u32 << LOOKUP).map(|bits| {
            let entry = codes.lookup[bits as usize];
            let (symbol, length) = (u32::from(entry >> 8), u32::from(entry & 0xFF));
            let (run, size) = (symbol >> 4, symbol & 15);
            if entry == 0 || length + size > LOOKUP {
                return 0;
            }
            let extra = bits >> (LOOKUP - length - size) & ((1 << size) - 1);
            let run = if symbol == 0 || (size == 0 && run < 15) {
                END
            } else {
                run
            };
            (signed(extra, size) as u32) << 16 | run << 8 | (length + size)
        });
        let lookup = lookup.collect();
        Self { codes, lookup }
    }

    /// Takes a code with its bits.
    #[inline(always)]
    pub(super) fn take(&self, bits: &mut Bits) -> Step {
        bits.refill();
        let entry = self.lookup[bits.peek(LOOKUP) as usize];
        if entry != 0 {
            bits.skip(entry & 0xFF);
            return Step {
                run: (entry >> 8 & 0xFF) as usize,
                value: entry as i32 >> 16,
            };
        }
        self.take_long(bits)
    }

    fn take_long(&self, bits: &mut Bits) -> Step {
        let symbol = u32::from(self.codes.take(bits));
        let (run, size) = (symbol >> 4, symbol & 15);
        let run = if size == 0 && run < 15 { END } else { run };
        Step {
            run: run as usize,
            value: bits.take_signed(size),
        }
    }
}

/// For blocks that nobody looks at: how far several codes at once lead.
pub(super) struct Skips {
    /// For each start of `SKIP_LOOKUP` bits: coefficients, whether the block ends, and length in
    /// 8, 1 and 7 bits; or zero.
    lookup: Vec<u16>,
}

impl Skips {
    pub(super) fn new(steps: &Steps) -> Self {
        let lookup = (0..1_u32 << SKIP_LOOKUP).map(|bits| {
            let (mut length, mut coefficients, mut end) = (0, 0, 0);
            loop {
                let rest = bits << length & ((1 << SKIP_LOOKUP) - 1);
                let (symbol, code) = steps.codes.find(rest << (16 - SKIP_LOOKUP));
                let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                if length + code + size > SKIP_LOOKUP || coefficients + run + 1 > 64 {
                    break;
                }
                length += code + size;
                if size == 0 && run < 15 {
                    end = 1;
                    break;
                }
                coefficients += run + 1;
            }
            (coefficients << 8 | end << 7 | length) as u16
        });
        Self {
            lookup: lookup.collect(),
        }
    }

    /// Leaves the AC coefficients of a block behind.
    #[inline(always)]
    pub(super) fn block(&self, steps: &Steps, bits: &mut Bits) {
        let mut at = 1;
        while at < 64 {
            bits.refill();
            let entry = u32::from(self.lookup[bits.peek(SKIP_LOOKUP) as usize]);
            let (coefficients, end) = ((entry >> 8) as usize, entry >> 7 & 1);
            // The codes behind the last coefficient belong to the next block.
            if entry != 0 && at + coefficients + end as usize <= 64 {
                bits.skip(entry & 0x7F);
                if end == 1 {
                    return;
                }
                at += coefficients;
            } else {
                at += steps.take(bits).run + 1;
            }
        }
    }
}
