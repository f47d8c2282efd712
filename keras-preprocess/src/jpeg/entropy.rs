//! From the bits of a scan to coefficients, MCU by MCU, with libjpeg's idea of damaged data.

use super::{
    Fault,
    bits::{Bits, Reader},
    block::Block,
    header::{Header, Scan, Table, ZIGZAG, next_marker},
    huffman::{PLACES, Pairs, Skips, Steps},
    vectors::Order,
};

const RST_FIRST: u8 = 0xD0;
const RST_LAST: u8 = 0xD7;
const SOF_FIRST: u8 = 0xC0;

/// The data of a scan with its restart markers.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    bits: Bits,
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

    /// Lets `work` take an MCU, if there is data for it. At least 56 bits are available.
    #[inline(always)]
    pub(super) fn read<R>(&mut self, work: impl FnOnce(&mut Reader) -> R) -> R {
        self.bits.read(
            #[inline(always)]
            |bits| {
                bits.refill();
                work(bits)
            },
        )
    }

    /// Where the segments behind the scan begin.
    pub(super) fn end(&self) -> usize {
        self.marker_at
    }
}

/// For each place in the file's order: the place in a block, and the number to multiply with.
pub(super) struct Places([(u8, i16); PLACES]);

impl Places {
    pub(super) fn new(quantization: &[u16; 64], order: &Order) -> Self {
        // What comes with the end of a block lands behind it.
        let mut places = [(64, 0); PLACES];
        for (at, (place, &coefficient)) in places.iter_mut().zip(&ZIGZAG).enumerate() {
            let inside = order.places[usize::from(coefficient)];
            *place = (inside, quantization[at.min(63)] as i16);
        }
        Self(places)
    }
}

/// The tables of one component of a sequential scan.
#[derive(Clone, Copy)]
pub(super) struct Sequential<'a> {
    dc: &'a Steps,
    ac: &'a Steps,
    pairs: Option<&'a Pairs>,
    skips: Option<&'a Skips>,
    places: &'a Places,
}

/// Makes the tables that a scan with these components needs.
pub(super) fn prepare(
    header: &mut Header,
    scan: &Scan,
    large: bool,
    skipping: bool,
) -> Result<(), Fault> {
    for part in &scan.parts {
        let dc = header.dc[part.dc].as_mut().ok_or_else(missing)?;
        if !dc.codes.fits_dc() {
            return Err(Fault::invalid("a Huffman table has impossible symbols"));
        }
        dc.steps
            .get_or_insert_with(|| Steps::new(dc.codes.clone(), true));
        let ac = header.ac[part.ac].as_mut().ok_or_else(missing)?;
        let Table {
            codes,
            steps,
            pairs,
            skips,
        } = ac;
        let steps = steps.get_or_insert_with(|| Steps::new(codes.clone(), false));
        if large && pairs.is_none() {
            *pairs = Some(Pairs::new(steps));
        }
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
        places: &'a Places,
    ) -> Result<Self, Fault> {
        let ac = header.ac[part.ac].as_ref().ok_or_else(missing)?;
        let dc = header.dc[part.dc].as_ref().ok_or_else(missing)?;
        Ok(Self {
            dc: dc.steps.as_ref().ok_or_else(missing)?,
            ac: ac.steps.as_ref().ok_or_else(missing)?,
            pairs: ac.pairs.as_deref(),
            skips: ac.skips.as_deref(),
            places,
        })
    }

    /// Takes the DC coefficient.
    ///
    /// Every block leaves the bits that this looks at. So it need not wait for a refill, which
    /// matters since the end of the block before was most likely not foreseen by the processor.
    #[inline(always)]
    fn dc(&self, bits: &mut Reader, prediction: &mut i32) {
        let difference = self.dc.take(bits).value();
        bits.refill();
        *prediction = prediction.wrapping_add(difference.into());
    }

    /// Takes a step of the AC coefficients.
    #[inline(always)]
    fn ac_step(&self, bits: &mut Reader, at: &mut usize, set: &mut impl FnMut(usize, i16, i16)) {
        let step = self.ac.take(bits);
        *at += step.advance();
        // No place is beyond this: the mask only tells the compiler so.
        let (place, factor) = self.places.0[(*at - 1) % PLACES];
        set(place.into(), step.value(), factor);
    }

    /// Takes the AC coefficients.
    #[inline(always)]
    fn ac(&self, bits: &mut Reader, mut set: impl FnMut(usize, i16, i16)) {
        let mut at = 1;
        loop {
            // As many as a refill suffices for, with what the next block looks at first.
            for _ in 0..4 {
                self.ac_step(bits, &mut at, &mut set);
                if at >= 64 {
                    return;
                }
            }
            bits.refill();
        }
    }

    /// As [`Sequential::ac`], two at a time.
    #[inline(always)]
    fn ac_pairs(&self, pairs: &Pairs, bits: &mut Reader, mut set: impl FnMut(usize, i16, i16)) {
        let mut at = 1;
        loop {
            // As many as a refill suffices for, with what the next block looks at first.
            for _ in 0..4 {
                let pair = pairs.peek(bits);
                if at + pair.needed() < 64 {
                    bits.skip(pair.length());
                    for (advance, value) in pair.advances().into_iter().zip(pair.values()) {
                        let (place, factor) = self.places.0[(at + advance - 1) % PLACES];
                        set(place.into(), value, factor);
                    }
                    at += pair.advances()[1];
                } else {
                    self.ac_step(bits, &mut at, &mut set);
                }
                if at >= 64 {
                    return;
                }
            }
            bits.refill();
        }
    }

    /// Takes a block and dequantizes it. `block` must be clear, `prediction` is the DC
    /// coefficient before.
    #[inline(always)]
    pub(super) fn block(&self, bits: &mut Reader, prediction: &mut i32, block: &mut Block) {
        self.dc(bits, prediction);
        block.set(0, (*prediction as i16).wrapping_mul(self.places.0[0].1));
        // In a register meanwhile: memory that was just written takes long to be read.
        let mut present = block.present;
        let values = &mut block.values;
        let set = |place: usize, value: i16, factor: i16| {
            values[place % values.len()] = value.wrapping_mul(factor);
            present |= 1_u64.wrapping_shl(place as u32);
        };
        match self.pairs {
            Some(pairs) => self.ac_pairs(pairs, bits, set),
            None => self.ac(bits, set),
        }
        block.present = present;
    }

    /// Leaves a block behind but for its part in the predictions.
    #[inline(always)]
    pub(super) fn skip(&self, bits: &mut Reader, prediction: &mut i32) {
        self.dc(bits, prediction);
        match self.skips {
            Some(skips) => skips.block(self.ac, bits),
            None => self.ac(bits, |_, _, _| ()),
        }
    }

    /// As [`Sequential::skip`], but with the block's mean.
    #[inline(always)]
    pub(super) fn mean(&self, bits: &mut Reader, prediction: &mut i32, block: &mut Block) {
        self.skip(bits, prediction);
        block.set(0, (*prediction as i16).wrapping_mul(self.places.0[0].1));
    }

    /// Takes a block without dequantizing it.
    pub(super) fn raw(&self, bits: &mut Reader, prediction: &mut i32, values: &mut [i16]) {
        self.dc(bits, prediction);
        values[0] = *prediction as i16;
        self.ac(bits, |place, value, _| {
            if let Some(coefficient) = values.get_mut(place) {
                *coefficient = value;
            }
        });
    }
}
