//! The inner loops in AVX2.
//!
//! The instructions' functions are safe to call where the processor is known to have them, which
//! `fearless_simd`'s token stands for.

use std::{arch::x86_64::*, array};

use fearless_simd::{i16x16, kernel, prelude::*, u8x16, u8x32, x86::Avx2};

use super::{
    idct::{self, FRACTION, KEPT, PAIRS},
    output::{self, WINDOW, Window},
    vectors::{Order, Vectors},
};

/// The order in which the first pass needs no shuffling, and the second one little: rows 0 and 4
/// side by side, as the transform multiplies them in pairs, then 1 and 5, and so on; in each the
/// columns 0, 4, 1, 5, 2, 6, 3 and 7.
const PAIRED: Order = {
    let mut places = [0; 64];
    let mut at = 0;
    while at < 64 {
        let (row, column) = (at / 8, at % 8);
        places[at] = (row % 4 * 16 + column % 4 * 4 + column / 4 * 2 + row / 4) as u8;
        at += 1;
    }
    Order::new(places)
};

impl Vectors for Avx2 {
    const ORDER: Order = PAIRED;

    #[inline(always)]
    fn transform(self, values: &[i16; 64], output: &mut [u8; 64]) {
        if !transform(self, values, output) {
            idct::whole(&PAIRED.rows(values), output);
        }
    }

    #[inline(always)]
    fn some_rows(self) -> u32 {
        0
    }

    #[inline(always)]
    fn has_windows(self) -> bool {
        true
    }

    #[inline(always)]
    fn take(self, row: &[u8], windows: &[Window], samples: &mut [u8]) {
        let (samples, _) = samples.as_chunks_mut::<WINDOW>();
        for (samples, window) in samples.iter_mut().zip(windows) {
            let (row, _) = row[window.base..].as_chunks::<32>();
            take(self, &row[0], window, samples);
        }
    }

    #[inline(always)]
    fn ycc_to_rgb(self, luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut [u8]) {
        let (lumas, luma_rest) = luma.as_chunks::<16>();
        let (blues, blue_rest) = blue.as_chunks::<16>();
        let (reds, red_rest) = red.as_chunks::<16>();
        let (chunks, rest) = pixels.as_chunks_mut::<48>();
        for (((pixels, luma), blue), red) in chunks.iter_mut().zip(lumas).zip(blues).zip(reds) {
            ycc_to_rgb(self, luma, blue, red, pixels);
        }
        output::ycc_to_rgb(luma_rest, blue_rest, red_rest, rest);
    }
}

/// The largest coefficient with which no sum of the first pass leaves 16 bits.
const LARGEST: i16 = {
    let mut largest = 0;
    let mut output = 0;
    while output < 4 {
        let mut sum = 0;
        let mut pair = 0;
        while pair < 4 {
            let (first, second) = PAIRS[output][pair];
            sum += first.unsigned_abs() as u32 + second.unsigned_abs() as u32;
            pair += 1;
        }
        if sum > largest {
            largest = sum;
        }
        output += 1;
    }
    // The second pass then stays in 32 bits.
    assert!(largest as u64 * (1 << 15) + (129 << (FRACTION + KEPT + 3)) < 1 << 31);
    (((1 << 15) - 1) << (FRACTION - KEPT)) as u32 / largest
} as i16;

kernel! {
    /// The samples of a block. Does nothing if a coefficient is too large for 16 bits a number.
    #[inline(always)]
    fn transform(avx2: Avx2, values: &[i16; 64], output: &mut [u8; 64]) -> bool {
        // Rows 0 and 4, 1 and 5, 2 and 6, 3 and 7.
        let (rows, _) = values.as_chunks::<16>();
        let rows: [__m256i; 4] =
            array::from_fn(|row| i16x16::load_array_ref(avx2, &rows[row]).into());
        let sizes = rows.map(|row| _mm256_abs_epi16(row));
        let largest = _mm256_max_epu16(
            _mm256_max_epu16(sizes[0], sizes[1]),
            _mm256_max_epu16(sizes[2], sizes[3]),
        );
        // -32,768 has no absolute value and counts as it is here.
        let limit = _mm256_set1_epi16(LARGEST);
        let fits = _mm256_cmpeq_epi16(_mm256_min_epu16(largest, limit), largest);
        if _mm256_movemask_epi8(fits) != -1 {
            return false;
        }

        // Columns first, as libjpeg does.
        let half = _mm256_set1_epi32(1 << (FRACTION - KEPT - 1));
        let kept = pass(avx2, rows, half).map(|sum| _mm256_srai_epi32::<{ (FRACTION - KEPT) as i32 }>(sum));
        // Two rows: their columns 0, 4, 1 and 5 in the first half, the others in the second.
        let two = |row: usize| {
            let packed = _mm256_packs_epi32(kept[row], kept[row + 1]);
            _mm256_castsi256_ps(packed)
        };
        let (a, b, c, d) = (two(0), two(2), two(4), two(6));
        // Columns 0 and 4 of four rows in the first half, 2 and 6 in the second.
        let upper = _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(a, b));
        let lower = _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(c, d));
        // Columns 1 and 5, 3 and 7.
        let upper_odd = _mm256_castps_si256(_mm256_shuffle_ps::<0xDD>(a, b));
        let lower_odd = _mm256_castps_si256(_mm256_shuffle_ps::<0xDD>(c, d));
        let columns = [
            _mm256_permute2x128_si256::<0x20>(upper, lower),
            _mm256_permute2x128_si256::<0x20>(upper_odd, lower_odd),
            _mm256_permute2x128_si256::<0x31>(upper, lower),
            _mm256_permute2x128_si256::<0x31>(upper_odd, lower_odd),
        ];
        // Half of the last place, and 128 to have the centre there.
        let half = _mm256_set1_epi32(257 << (FRACTION + KEPT + 2));
        let sums = pass(avx2, columns, half)
            .map(|sum| _mm256_srai_epi32::<{ (FRACTION + KEPT + 3) as i32 }>(sum));
        // Vector `x` has column `x` of all rows.
        let left = _mm256_packus_epi16(
            _mm256_packs_epi32(sums[0], sums[1]),
            _mm256_packs_epi32(sums[2], sums[3]),
        );
        let right = _mm256_packus_epi16(
            _mm256_packs_epi32(sums[4], sums[5]),
            _mm256_packs_epi32(sums[6], sums[7]),
        );
        // From columns of four bytes to rows of four bytes.
        let turn = _mm256_broadcastsi128_si256(_mm_setr_epi8(
            0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
        ));
        let (left, right) = (
            _mm256_shuffle_epi8(left, turn),
            _mm256_shuffle_epi8(right, turn),
        );
        let (even, odd) = (
            _mm256_unpacklo_epi32(left, right),
            _mm256_unpackhi_epi32(left, right),
        );
        let (halves, _) = output.as_chunks_mut::<32>();
        let upper = _mm256_permute2x128_si256::<0x20>(even, odd);
        u8x32::simd_from(avx2, upper).store_array(&mut halves[0]);
        let lower = _mm256_permute2x128_si256::<0x31>(even, odd);
        u8x32::simd_from(avx2, lower).store_array(&mut halves[1]);
        true
    }
}

kernel! {
    /// One pass over eight columns, whose coefficients 0 and 4, 1 and 5, and so on are side by
    /// side. Adds `half` to the sums.
    #[inline(always)]
    fn pass(_avx2: Avx2, pairs: [__m256i; 4], half: __m256i) -> [__m256i; 8] {
        let product = |output: usize, pair: usize| {
            let (first, second) = PAIRS[output][pair];
            let weights = (first as u16 as u32 | (second as u32) << 16) as i32;
            _mm256_madd_epi16(pairs[pair], _mm256_set1_epi32(weights))
        };
        let mut sums = [half; 8];
        for output in 0..4 {
            let even = _mm256_add_epi32(product(output, 0), product(output, 2));
            let even = _mm256_add_epi32(even, half);
            let odd = _mm256_add_epi32(product(output, 1), product(output, 3));
            sums[output] = _mm256_add_epi32(even, odd);
            sums[7 - output] = _mm256_sub_epi32(even, odd);
        }
        sums
    }
}

kernel! {
    /// The bytes that a window takes.
    #[inline(always)]
    fn take(avx2: Avx2, row: &[u8; 32], window: &Window, samples: &mut [u8; 16]) {
        let row: __m256i = u8x32::load_array_ref(avx2, row).into();
        let places: __m256i = u8x32::load_array_ref(avx2, &window.places).into();
        // Where a half of the row has no byte there is zero.
        let taken = _mm256_shuffle_epi8(row, places);
        let both = _mm_or_si128(
            _mm256_castsi256_si128(taken),
            _mm256_extracti128_si256::<1>(taken),
        );
        u8x16::simd_from(avx2, both).store_array(samples);
    }
}

kernel! {
    /// The colours of 16 pixels: `output::rgb` in 16 bits a number, with the integral part of each
    /// factor taken out.
    #[inline(always)]
    fn ycc_to_rgb(
        avx2: Avx2,
        luma: &[u8; 16],
        blue: &[u8; 16],
        red: &[u8; 16],
        pixels: &mut [u8; 48],
    ) {
        let wide = |samples: &[u8; 16]| {
            _mm256_cvtepu8_epi16(u8x16::load_array_ref(avx2, samples).into())
        };
        let centre = _mm256_set1_epi16(128);
        let luma = wide(luma);
        let blue = _mm256_sub_epi16(wide(blue), centre);
        let red = _mm256_sub_epi16(wide(red), centre);
        // A product's upper 16 bits, and one more if the lower ones are at least a half.
        let round = |number: __m256i, factor: i16| {
            let factor = _mm256_set1_epi16(factor);
            _mm256_add_epi16(
                _mm256_mulhi_epi16(number, factor),
                _mm256_srli_epi16::<15>(_mm256_mullo_epi16(number, factor)),
            )
        };
        // 91,881 is 65,536 and this, 116,130 is twice that and this.
        let reds = _mm256_add_epi16(_mm256_add_epi16(luma, red), round(red, 26_345));
        let blues = _mm256_add_epi16(
            _mm256_add_epi16(luma, _mm256_add_epi16(blue, blue)),
            round(blue, -14_942),
        );
        // -46,802 is -65,536 and this. The sum of both products is rounded.
        let factors = _mm256_set1_epi32((-22_554_i16 as u16 as u32 | 18_734 << 16) as i32);
        let half = _mm256_set1_epi32(1 << 15);
        let sum = |pairs: __m256i| {
            _mm256_srai_epi32::<16>(_mm256_add_epi32(_mm256_madd_epi16(pairs, factors), half))
        };
        let products = _mm256_packs_epi32(
            sum(_mm256_unpacklo_epi16(blue, red)),
            sum(_mm256_unpackhi_epi16(blue, red)),
        );
        let greens = _mm256_add_epi16(_mm256_sub_epi16(luma, red), products);

        let narrow = |numbers: __m256i| {
            _mm_packus_epi16(
                _mm256_castsi256_si128(numbers),
                _mm256_extracti128_si256::<1>(numbers),
            )
        };
        let planes = [narrow(reds), narrow(greens), narrow(blues)];
        let (parts, _) = pixels.as_chunks_mut::<16>();
        for (part, places) in parts.iter_mut().zip(&INTERLEAVED) {
            let taken = |channel: usize| {
                let places = u8x16::load_array_ref(avx2, &places[channel]);
                _mm_shuffle_epi8(planes[channel], places.into())
            };
            let both = _mm_or_si128(_mm_or_si128(taken(0), taken(1)), taken(2));
            u8x16::simd_from(avx2, both).store_array(part);
        }
    }
}

/// For each third of 48 bytes and for each channel, which pixel's byte is there, or 128.
static INTERLEAVED: [[[u8; 16]; 3]; 3] = {
    let mut places = [[[128; 16]; 3]; 3];
    let mut at = 0;
    while at < 48 {
        places[at / 16][at % 3][at % 16] = (at / 3) as u8;
        at += 1;
    }
    places
};
