//! From the bits of a scan to coefficients, MCU by MCU, with libjpeg's idea of damaged data.

use super::{
    Fault,
    bits::Bits,
    header::{Ac, Header, Scan, ZIGZAG, next_marker},
    huffman::{Codes, Skips, Steps},
    idct::Block,
};

const RST_FIRST: u8 = 0xD0;
const RST_LAST: u8 = 0xD7;
const SOF_FIRST: u8 = 0xC0;

/// The data of a scan with its restart markers.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    pub(super) bits: Bits,
    /// The position of the marker that ends the current segment.
    marker_at: usize,
    interval: usize,
    /// MCUs until the next restart marker.
    left: usize,
    /// The number of the next restart marker, modulo 8.
    number: u8,
    /// Nothing more comes before the next restart marker: blocks stay empty.
    dry: bool,
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, interval: usize) -> Self {
        let mut bits = Bits::empty();
        let marker_at = bits.load(bytes, at);
        Self {
            bytes,
            bits,
            marker_at,
            interval,
            left: interval,
            number: 0,
            dry: false,
        }
    }

    /// Must be called before each MCU. Passes a restart marker if it is time; then predictions
    /// and runs begin anew.
    #[inline]
    pub(super) fn is_restart(&mut self) -> bool {
        if self.interval == 0 {
            return false;
        }
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.left = self.interval - 1;
        self.restart();
        true
    }

    #[cold]
    fn restart(&mut self) {
        let expected = RST_FIRST + self.number;
        self.number = (self.number + 1) % 8;
        let mut at = self.marker_at;
        // What to do about another marker than the expected one is libjpeg's choice.
        while let Some((marker, behind)) = next_marker(self.bytes, at) {
            let ahead = marker.wrapping_sub(expected) & 7;
            let is_restart = (RST_FIRST..=RST_LAST).contains(&marker);
            if marker < SOF_FIRST || (is_restart && matches!(ahead, 6 | 7)) {
                // Damage, or a marker that should have come before.
                at = behind;
            } else if !is_restart || matches!(ahead, 1 | 2) {
                // A later one: the data in between is lost.
                self.marker_at = behind - 2;
                self.bits = Bits::empty();
                self.dry = true;
                return;
            } else {
                self.marker_at = self.bits.load(self.bytes, behind);
                self.dry = false;
                return;
            }
        }
        self.marker_at = self.bytes.len();
        self.bits = Bits::empty();
        self.dry = true;
    }

    /// Whether the next MCU has data.
    #[inline]
    pub(super) fn has_data(&mut self) -> bool {
        self.dry |= self.bits.is_exhausted();
        !self.dry
    }

    /// Where the segments behind the scan begin.
    pub(super) fn end(&self) -> usize {
        self.marker_at
    }
}

/// The tables of one component of a sequential scan.
pub(super) struct Sequential<'a> {
    pub(super) dc: &'a Codes,
    pub(super) steps: &'a Steps,
    pub(super) skips: Option<&'a Skips>,
    /// In the file's order, as numbers to multiply with.
    pub(super) quantization: &'a [u16; 64],
}

/// Makes the tables that a scan with these components needs.
pub(super) fn prepare(header: &mut Header, scan: &Scan, skipping: bool) -> Result<(), Fault> {
    for part in &scan.parts {
        let dc = header.dc[part.dc].as_ref();
        if !dc.ok_or_else(missing)?.fits_dc() {
            return Err(Fault::invalid("a Huffman table has impossible symbols"));
        }
        let ac = header.ac[part.ac].as_mut().ok_or_else(missing)?;
        let Ac {
            codes,
            steps,
            skips,
        } = ac;
        let steps = steps.get_or_insert_with(|| Steps::new(codes.clone()));
        if skipping && skips.is_none() {
            *skips = Some(Skips::new(steps));
        }
    }
    Ok(())
}

pub(super) fn missing() -> Fault {
    Fault::invalid("a table that a scan needs is missing")
}

impl<'a> Sequential<'a> {
    pub(super) fn new(
        header: &'a Header,
        part: super::header::Part,
        quantization: &'a [u16; 64],
    ) -> Result<Self, Fault> {
        let ac = header.ac[part.ac].as_ref().ok_or_else(missing)?;
        Ok(Self {
            dc: header.dc[part.dc].as_ref().ok_or_else(missing)?,
            steps: ac.steps.as_ref().ok_or_else(missing)?,
            skips: ac.skips.as_ref(),
            quantization,
        })
    }

    #[inline(always)]
    fn difference(&self, bits: &mut Bits) -> i32 {
        bits.refill();
        let size = u32::from(self.dc.take(bits));
        bits.take_signed(size)
    }

    /// Takes a block and dequantizes it. `block` must be clear, `prediction` is the DC
    /// coefficient before.
    #[inline(always)]
    pub(super) fn block(&self, bits: &mut Bits, prediction: &mut i32, block: &mut Block) {
        *prediction = prediction.wrapping_add(self.difference(bits));
        block.values[0] = (*prediction as i16).wrapping_mul(self.quantization[0] as i16);
        block.present = u64::from(block.values[0] != 0);
        let mut at = 1;
        while at < 64 {
            let step = self.steps.take(bits);
            at += step.run;
            let place = usize::from(ZIGZAG[at & 127]);
            // A block's end, too, lands here: with a zero in a place that still has none.
            let value = (step.value as i16).wrapping_mul(self.quantization[at & 63] as i16);
            block.values[place & 63] = value;
            block.present |= u64::from(value != 0) << (place & 63);
            at += 1;
        }
    }

    /// Leaves a block behind but for its part in the predictions.
    #[inline(always)]
    pub(super) fn skip(&self, bits: &mut Bits, prediction: &mut i32) {
        *prediction = prediction.wrapping_add(self.difference(bits));
        match self.skips {
            Some(skips) => skips.block(self.steps, bits),
            None => {
                let mut at = 1;
                while at < 64 {
                    at += self.steps.take(bits).run + 1;
                }
            }
        }
    }

    /// Takes a block without dequantizing it, in the order of rows.
    pub(super) fn raw(&self, bits: &mut Bits, prediction: &mut i32, values: &mut [i16]) {
        *prediction = prediction.wrapping_add(self.difference(bits));
        values[0] = *prediction as i16;
        let mut at = 1;
        while at < 64 {
            let step = self.steps.take(bits);
            at += step.run;
            values[usize::from(ZIGZAG[at & 127])] = step.value as i16;
            at += 1;
        }
    }
}
