//! A block's coefficients on their way from the bits to the samples.

/// The dequantized coefficients of a block, in an [`Order`](super::vectors::Order), and which of
/// them are not zero.
pub(super) struct Block {
    /// Behind the 64 coefficients is room for what is written at the end of a block.
    pub(super) values: [i16; 128],
    /// Bit `i` is set if the coefficient in place `i` may not be zero.
    pub(super) present: u64,
}

impl Block {
    pub(super) fn new() -> Self {
        Self {
            values: [0; 128],
            present: 0,
        }
    }

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        *self.values_mut() = [0; 64];
        self.present = 0;
    }

    /// Sets the coefficient in `place`. Place 64 is for none.
    #[inline(always)]
    pub(super) fn set(&mut self, place: usize, value: i16) {
        self.values[place % 128] = value;
        self.present |= 1_u64.wrapping_shl(place as u32);
    }

    #[inline(always)]
    pub(super) fn values(&self) -> &[i16; 64] {
        let (values, _) = self.values.as_chunks::<64>();
        &values[0]
    }

    #[inline(always)]
    fn values_mut(&mut self) -> &mut [i16; 64] {
        let (values, _) = self.values.as_chunks_mut::<64>();
        &mut values[0]
    }
}
