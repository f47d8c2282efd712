//! The inverse cosine transform in the arithmetic of libjpeg's `islow` and of its reduced sizes.
//!
//! Each of the two passes is a product with an integer matrix, in fixed point with 13 fractional
//! bits, rounded once at its end. Nothing is rounded within a pass, so any way of computing the
//! product gives the same bits: by butterflies for a whole block, row by row for a few pixels.

use std::array;

use super::{
    block::Block,
    vectors::{Order, Vectors},
};

/// Fractional bits of the matrices.
pub(super) const FRACTION: u32 = 13;
/// Fractional bits that the first pass keeps.
pub(super) const KEPT: u32 = 2;

/// A real number in fixed point.
const fn fixed(value: f64) -> i32 {
    let scaled = value * (1 << FRACTION) as f64;
    (if scaled < 0.0 {
        scaled - 0.5
    } else {
        scaled + 0.5
    }) as i32
}

// The constants of Loeffler, Ligtenberg and Moschytz, for a transform with 12 multiplications.
// The matrices are made of the rounded constants, so that the sums are those of libjpeg.
const C_0_298: i32 = fixed(0.298631336);
const C_0_390: i32 = fixed(0.390180644);
const C_0_541: i32 = fixed(0.541196100);
const C_0_765: i32 = fixed(0.765366865);
const C_0_899: i32 = fixed(0.899976223);
const C_1_175: i32 = fixed(1.175875602);
const C_1_501: i32 = fixed(1.501321110);
const C_1_847: i32 = fixed(1.847759065);
const C_1_961: i32 = fixed(1.961570560);
const C_2_053: i32 = fixed(2.053119869);
const C_2_562: i32 = fixed(2.562915447);
const C_3_072: i32 = fixed(3.072711026);

/// The rows for the four even and the four odd coefficients, for outputs 0 to 3. Outputs 7 to 4
/// are the even part less the odd one.
struct Halves {
    even: [[i32; 4]; 4],
    odd: [[i32; 4]; 4],
}

const EIGHT: Halves = {
    let one = 1 << FRACTION;
    let (a, b) = (C_0_541 + C_0_765, C_0_541);
    let (c, d) = (C_0_541, C_0_541 - C_1_847);
    // Of coefficients 1, 3, 5 and 7.
    let z = C_1_175;
    Halves {
        even: [
            [one, a, one, c],
            [one, b, -one, d],
            [one, -b, -one, -d],
            [one, -a, one, -c],
        ],
        odd: [
            [C_1_501 - C_0_899 - C_0_390 + z, z, z - C_0_390, z - C_0_899],
            [z, C_3_072 - C_2_562 - C_1_961 + z, z - C_2_562, z - C_1_961],
            [z - C_0_390, z - C_2_562, C_2_053 - C_2_562 - C_0_390 + z, z],
            [z - C_0_899, z - C_1_961, z, C_0_298 - C_0_899 - C_1_961 + z],
        ],
    }
};

/// The weights of coefficients 0 and 4, 1 and 5, 2 and 6, 3 and 7 for outputs 0 to 3.
#[cfg(target_arch = "x86_64")]
pub(super) const PAIRS: [[(i16, i16); 4]; 4] = {
    let mut pairs = [[(0, 0); 4]; 4];
    let mut output = 0;
    while output < 4 {
        let (even, odd) = (EIGHT.even[output], EIGHT.odd[output]);
        let mut index = 0;
        while index < 2 {
            pairs[output][2 * index] = (even[index] as i16, even[index + 2] as i16);
            pairs[output][2 * index + 1] = (odd[index] as i16, odd[index + 2] as i16);
            index += 1;
        }
        output += 1;
    }
    pairs
};

/// A transform of eight coefficients to `size` samples.
pub(super) struct Transform {
    /// Samples a side: 1, 2, 4 or 8.
    pub(super) size: usize,
    /// For each output the weights of the eight coefficients.
    matrix: [[i32; 8]; 8],
    /// What each pass rounds away.
    shifts: [u32; 2],
}

const fn eight() -> Transform {
    let mut matrix = [[0; 8]; 8];
    let mut output = 0;
    while output < 4 {
        let mut index = 0;
        while index < 4 {
            let (even, odd) = (EIGHT.even[output][index], EIGHT.odd[output][index]);
            matrix[output][2 * index] = even;
            matrix[output][2 * index + 1] = odd;
            matrix[7 - output][2 * index] = even;
            matrix[7 - output][2 * index + 1] = -odd;
            index += 1;
        }
        output += 1;
    }
    Transform {
        size: 8,
        matrix,
        shifts: [FRACTION - KEPT, FRACTION + KEPT + 3],
    }
}

const fn four() -> Transform {
    let two = 2 << FRACTION;
    let (a, b) = (C_1_847, -C_0_765);
    // Of coefficients 1, 3, 5 and 7; the fourth has no part in so few samples.
    let p = [C_2_562, C_0_899, -fixed(0.601344887), -fixed(0.509795579)];
    let q = [
        fixed(1.061594337),
        -fixed(2.172734803),
        fixed(1.451774981),
        -fixed(0.211164243),
    ];
    let mut matrix = [[0; 8]; 8];
    matrix[0] = [two, p[0], a, p[1], 0, p[2], b, p[3]];
    matrix[1] = [two, q[0], -a, q[1], 0, q[2], -b, q[3]];
    matrix[2] = [two, -q[0], -a, -q[1], 0, -q[2], -b, -q[3]];
    matrix[3] = [two, -p[0], a, -p[1], 0, -p[2], b, -p[3]];
    Transform {
        size: 4,
        matrix,
        shifts: [FRACTION - KEPT + 1, FRACTION + KEPT + 4],
    }
}

const fn two() -> Transform {
    let four = 4 << FRACTION;
    let p = [
        fixed(3.624509785),
        -fixed(1.272758580),
        fixed(0.850430095),
        -fixed(0.720959822),
    ];
    let mut matrix = [[0; 8]; 8];
    matrix[0] = [four, p[0], 0, p[1], 0, p[2], 0, p[3]];
    matrix[1] = [four, -p[0], 0, -p[1], 0, -p[2], 0, -p[3]];
    Transform {
        size: 2,
        matrix,
        shifts: [FRACTION - KEPT + 2, FRACTION + KEPT + 5],
    }
}

const fn one() -> Transform {
    let mut matrix = [[0; 8]; 8];
    matrix[0][0] = 1;
    Transform {
        size: 1,
        matrix,
        shifts: [0, 3],
    }
}

static EIGHT_SAMPLES: Transform = eight();
static FOUR_SAMPLES: Transform = four();
static TWO_SAMPLES: Transform = two();
static ONE_SAMPLE: Transform = one();

/// Rounds `bits` away.
#[inline(always)]
fn round(value: i32, bits: u32) -> i32 {
    value.wrapping_add((1 << bits) >> 1) >> bits
}

/// A sample from the rounded result, which is centred around zero.
#[inline(always)]
fn sample(value: i32) -> u8 {
    (value + 128).clamp(0, 255) as u8
}

/// Which samples of a block are wanted: a bit for each row, and one for each column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) rows: u8,
    pub(super) columns: u8,
}

impl Transform {
    /// The transform to `size` times `size` samples.
    pub(super) fn of(size: usize) -> &'static Self {
        match size {
            1 => &ONE_SAMPLE,
            2 => &TWO_SAMPLES,
            4 => &FOUR_SAMPLES,
            _ => &EIGHT_SAMPLES,
        }
    }

    /// Writes the wanted samples, perhaps others too, to `output`, row by row.
    #[inline(always)]
    pub(super) fn run<V: Vectors>(
        &self,
        vectors: V,
        block: &Block,
        wanted: Wanted,
        output: &mut [u8],
    ) {
        if block.present <= 1 {
            // A flat block: the first pass shifts up what the second one shifts down.
            let value = sample(round(block.values[0].into(), 3));
            match output.first_chunk_mut::<64>() {
                Some(output) if self.size == 8 => output.fill(value),
                _ => output[..self.size * self.size].fill(value),
            }
            return;
        }
        if let (2, Some(output)) = (self.size, output.first_chunk_mut()) {
            return self.two(&V::ORDER, block, output);
        }
        match output.first_chunk_mut::<64>() {
            Some(output) if self.size == 8 && wanted.rows.count_ones() > vectors.some_rows() => {
                vectors.transform(block.values(), output);
            }
            _ => self.some(&V::ORDER, block, wanted, output),
        }
    }

    /// All four samples, where they are four: from 25 coefficients, whichever are zero. To ask
    /// takes longer, since the processor does not foresee the answer.
    #[inline(always)]
    fn two(&self, order: &Order, block: &Block, output: &mut [u8; 4]) {
        // The others have no part in it.
        const PARTS: [usize; 5] = [0, 1, 3, 5, 7];
        let weights = PARTS.map(|part| self.matrix[0][part]);
        let pass = |values: [i32; 5], shift: u32| {
            let products: [i32; 5] = array::from_fn(|at| values[at].wrapping_mul(weights[at]));
            let [even, odd @ ..] = products;
            let odd = odd.into_iter().fold(0, i32::wrapping_add);
            [even.wrapping_add(odd), even.wrapping_sub(odd)].map(|sum| round(sum, shift))
        };
        let value = |row: usize, column: usize| {
            let place = order.places[row * 8 + column] & 63;
            i32::from(block.values[usize::from(place)])
        };
        let kept = PARTS.map(|column| pass(PARTS.map(|row| value(row, column)), self.shifts[0]));
        for (row, line) in output.chunks_mut(2).enumerate() {
            let samples = pass(kept.map(|column| column[row]), self.shifts[1]).map(sample);
            line.copy_from_slice(&samples);
        }
    }

    #[inline(always)]
    fn some(&self, order: &Order, block: &Block, wanted: Wanted, output: &mut [u8]) {
        for (row, line) in output.chunks_mut(self.size).take(self.size).enumerate() {
            if wanted.rows >> row & 1 == 0 {
                continue;
            }
            let weights = &self.matrix[row];
            let mut sums = [0_i32; 8];
            let mut present = block.present;
            while present != 0 {
                let place = (present.trailing_zeros() & 63) as usize;
                let at = usize::from(order.coefficients[place] & 63);
                let product = weights[at >> 3].wrapping_mul(block.values[place].into());
                sums[at & 7] = sums[at & 7].wrapping_add(product);
                present &= present - 1;
            }
            let kept = sums.map(|sum| round(sum, self.shifts[0]));
            for (column, pixel) in line.iter_mut().enumerate() {
                if wanted.columns >> column & 1 == 0 {
                    continue;
                }
                let products = kept.iter().zip(&self.matrix[column]);
                let sum = products.fold(0_i32, |sum, (&value, &weight)| {
                    sum.wrapping_add(value.wrapping_mul(weight))
                });
                *pixel = sample(round(sum, self.shifts[1]));
            }
        }
    }
}

/// Eight numbers side by side. Written so that the compiler makes one instruction of each
/// operation.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Lanes([i32; 8]);

impl Lanes {
    #[inline(always)]
    fn zip(self, other: Self, function: impl Fn(i32, i32) -> i32) -> Self {
        let mut result = [0; 8];
        #[expect(
            clippy::needless_range_loop,
            reason = "three arrays, and it becomes one instruction"
        )]
        for lane in 0..8 {
            result[lane] = function(self.0[lane], other.0[lane]);
        }
        Self(result)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, i32::wrapping_add)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, i32::wrapping_sub)
    }

    #[inline(always)]
    fn times(self, factor: i32) -> Self {
        self.zip(Self([factor; 8]), i32::wrapping_mul)
    }

    #[inline(always)]
    fn up(self) -> Self {
        self.zip(self, |value, _| value << FRACTION)
    }

    #[inline(always)]
    fn round<const BITS: u32>(self) -> Self {
        self.zip(self, |value, _| round(value, BITS))
    }
}

/// One pass over eight vectors of eight coefficients, by butterflies.
#[inline(always)]
fn pass<const SHIFT: u32>(x: &[Lanes; 8]) -> [Lanes; 8] {
    let even = x[2].add(x[6]).times(C_0_541);
    let low = even.sub(x[6].times(C_1_847));
    let high = even.add(x[2].times(C_0_765));
    let sum = x[0].add(x[4]).up();
    let difference = x[0].sub(x[4]).up();
    let evens = [
        sum.add(high),
        difference.add(low),
        difference.sub(low),
        sum.sub(high),
    ];

    let (s73, s51) = (x[7].add(x[3]), x[5].add(x[1]));
    let all = s73.add(s51).times(C_1_175);
    let s73 = all.sub(s73.times(C_1_961));
    let s51 = all.sub(s51.times(C_0_390));
    let s71 = x[7].add(x[1]).times(C_0_899);
    let s53 = x[5].add(x[3]).times(C_2_562);
    let odds = [
        x[1].times(C_1_501).sub(s71).add(s51),
        x[3].times(C_3_072).sub(s53).add(s73),
        x[5].times(C_2_053).sub(s53).add(s51),
        x[7].times(C_0_298).sub(s71).add(s73),
    ];
    let mut output = [Lanes([0; 8]); 8];
    for index in 0..4 {
        output[index] = evens[index].add(odds[index]).round::<SHIFT>();
        output[7 - index] = evens[index].sub(odds[index]).round::<SHIFT>();
    }
    output
}

#[inline(always)]
fn transpose(input: &[Lanes; 8]) -> [Lanes; 8] {
    let mut output = [Lanes([0; 8]); 8];
    #[expect(
        clippy::needless_range_loop,
        reason = "the indices are what it is about"
    )]
    for row in 0..8 {
        for column in 0..8 {
            output[row].0[column] = input[column].0[row];
        }
    }
    output
}

/// All 64 samples.
#[inline(always)]
pub(super) fn whole(values: &[i16; 64], output: &mut [u8; 64]) {
    let mut rows = [Lanes([0; 8]); 8];
    for (row, values) in rows.iter_mut().zip(values.as_chunks::<8>().0) {
        for (lane, &value) in row.0.iter_mut().zip(values) {
            *lane = value.into();
        }
    }
    let kept = pass::<{ FRACTION - KEPT }>(&rows);
    let result = transpose(&pass::<{ FRACTION + KEPT + 3 }>(&transpose(&kept)));
    let (rows, _) = output.as_chunks_mut::<8>();
    for (row, result) in rows.iter_mut().zip(&result) {
        *row = result.0.map(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::vectors::Portable, *};

    /// Blocks of noise that grows rarer and smaller with the frequency.
    fn blocks() -> impl Iterator<Item = Block> {
        let mut noise = 88_172_645_463_325_252_u64;
        let mut next = move || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise
        };
        (0..500).map(move |_| {
            let mut block = Block::new();
            for at in 0..64 {
                let frequency = at / 8 + at % 8;
                if next() % (frequency as u64 / 2 + 1) == 0 {
                    let range = 1 + 1600 / (1 + frequency as i64);
                    block.values[at] = (next() as i64 % range) as i16;
                    block.present |= 1 << at;
                }
            }
            block
        })
    }

    #[test]
    fn butterflies_are_the_matrix() {
        for block in blocks() {
            let (mut fast, mut slow) = ([0; 64], [0; 64]);
            whole(block.values(), &mut fast);
            let wanted = Wanted {
                rows: 255,
                columns: 255,
            };
            EIGHT_SAMPLES.some(&Order::ROWS, &block, wanted, &mut slow);
            assert_eq!(fast, slow);
        }
    }

    #[test]
    fn close_to_the_cosines() {
        for block in blocks() {
            let mut ours = [0; 64];
            whole(block.values(), &mut ours);
            for (at, ours) in ours.into_iter().enumerate() {
                let basis = |position: usize, frequency: usize| {
                    let scale = if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
                    let angle = (2 * position + 1) as f64 * frequency as f64;
                    scale * (angle * std::f64::consts::PI / 16.0).cos()
                };
                let exact: f64 = (0..64)
                    .map(|index| {
                        let value = f64::from(block.values[index]) / 4.0;
                        value * basis(at / 8, index / 8) * basis(at % 8, index % 8)
                    })
                    .sum();
                let exact = (exact + 128.0).clamp(0.0, 255.0);
                assert!((f64::from(ours) - exact).abs() < 0.75, "{ours} {exact}");
            }
        }
    }

    #[test]
    fn flat_blocks_need_no_transform() {
        for size in [1, 2, 4, 8] {
            let transform = Transform::of(size);
            for value in -1500..1500 {
                let mut block = Block::new();
                block.values[0] = value;
                block.present = 1;
                let (mut flat, mut slow) = ([0; 64], [0; 64]);
                let wanted = Wanted {
                    rows: 255,
                    columns: 255,
                };
                transform.run(Portable, &block, wanted, &mut flat);
                transform.some(&Order::ROWS, &block, wanted, &mut slow);
                assert_eq!(flat[..size * size], slow[..size * size]);
            }
        }
    }
}
