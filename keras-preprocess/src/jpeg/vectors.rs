//! The inner loops that are worth instructions of their own, and the choice among them.
//!
//! Each has a form that any processor runs. All forms give the same bits.

use super::{
    idct,
    output::{self, Window},
};

/// An order of the coefficients of a block. The first one is always the first.
pub(super) struct Order {
    /// For each coefficient, row by row, its place.
    pub(super) places: [u8; 64],
    /// For each place the coefficient.
    pub(super) coefficients: [u8; 64],
}

impl Order {
    /// Row by row.
    pub(super) const ROWS: Self = {
        let mut places = [0; 64];
        let mut at = 0;
        while at < 64 {
            places[at] = at as u8;
            at += 1;
        }
        Self::new(places)
    };

    pub(super) const fn new(places: [u8; 64]) -> Self {
        let mut coefficients = [0; 64];
        let mut at = 0;
        while at < 64 {
            coefficients[places[at] as usize] = at as u8;
            at += 1;
        }
        Self {
            places,
            coefficients,
        }
    }

    /// Coefficients that are in this order, row by row.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn rows(&self, values: &[i16; 64]) -> [i16; 64] {
        self.places.map(|place| values[usize::from(place)])
    }
}

/// What a processor has.
pub(super) trait Vectors: Copy {
    /// In which order [`Vectors::transform`] wants the coefficients.
    const ORDER: Order = Order::ROWS;

    /// The transform of a whole block: coefficients in [`Vectors::ORDER`], samples row by row.
    #[inline(always)]
    fn transform(self, values: &[i16; 64], output: &mut [u8; 64]) {
        idct::whole(values, output);
    }

    /// Up to how many rows of a block are faster one by one.
    #[inline(always)]
    fn some_rows(self) -> u32 {
        2
    }

    /// Whether [`Vectors::take`] is faster than taking bytes one by one.
    #[inline(always)]
    fn has_windows(self) -> bool {
        false
    }

    /// Fills each 16 bytes of `samples` from a window of `row`. There must be as many windows.
    #[inline(always)]
    fn take(self, row: &[u8], windows: &[Window], samples: &mut [u8]) {
        output::take(row, windows, samples);
    }

    /// Colours from luma and two differences.
    #[inline(always)]
    fn ycc_to_rgb(self, luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut [u8]) {
        output::ycc_to_rgb(luma, blue, red, pixels);
    }
}

/// Any processor.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Vectors for Portable {}

/// Something to do with what the processor has.
pub(super) trait Work {
    type Result;

    fn run(self, vectors: impl Vectors) -> Self::Result;
}

/// Does the work with the widest vectors that the processor has and that it is worth: everything
/// inlined into it is compiled for them, too.
#[inline(always)]
pub(super) fn fastest<W: Work>(work: W) -> W::Result {
    #[cfg(target_arch = "x86_64")]
    {
        use fearless_simd::{Level, Simd};
        if let Some(avx2) = Level::new().as_avx2() {
            return avx2.vectorize(
                #[inline(always)]
                || work.run(avx2),
            );
        }
    }
    work.run(Portable)
}

#[cfg(test)]
mod tests {
    use std::array;

    use super::*;

    /// Runs a closure's work, once with what this processor has, and once without.
    macro_rules! both {
        ($argument:ident: $type:ty => $result:ty, $vectors:ident => $work:expr) => {{
            struct Both<'a>($type, std::marker::PhantomData<&'a ()>);
            impl Work for Both<'_> {
                type Result = $result;
                fn run(self, $vectors: impl Vectors) -> $result {
                    let $argument = self.0;
                    $work
                }
            }
            let phantom = std::marker::PhantomData;
            (
                fastest(Both($argument, phantom)),
                Both($argument, phantom).run(Portable),
            )
        }};
    }

    fn noise() -> impl FnMut() -> u32 {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u32
        }
    }

    fn in_order<V: Vectors>(_: V, values: &[i16; 64]) -> [i16; 64] {
        V::ORDER.coefficients.map(|at| values[usize::from(at)])
    }

    #[test]
    fn transforms_of_any_size() {
        let mut next = noise();
        for round in 0..20_000 {
            // Up to the largest numbers there are, and around those that fit 16 bits throughout.
            let limit = [8, 100, 1_000, 1_040, 1_095, 1_120, 2_000, 40_000][round % 8];
            let values: [i16; 64] = array::from_fn(|_| match next() % 4 {
                0 => limit.min(32_767) as i16,
                1 => (-limit).max(-32_768) as i16,
                2 => (next() as i32 % (limit + 1)).clamp(-32_768, 32_767) as i16,
                _ => 0,
            });
            let values = &values;
            let (fast, plain) = both!(values: &'a [i16; 64] => [u8; 64], vectors => {
                let mut samples = [7; 64];
                vectors.transform(&in_order(vectors, values), &mut samples);
                samples
            });
            assert_eq!(fast, plain, "{values:?}");
        }
    }

    #[test]
    fn all_colours() {
        for luma in (0..=255).step_by(3) {
            for blue in 0..=255 {
                let reds: [u8; 256] = array::from_fn(|red| red as u8);
                let colours = &([luma; 256], [blue; 256], reds);
                type Colours = ([u8; 256], [u8; 256], [u8; 256]);
                let (fast, plain) = both!(colours: &'a Colours => [u8; 768], vectors => {
                    let mut pixels = [0; 768];
                    vectors.ycc_to_rgb(&colours.0, &colours.1, &colours.2, &mut pixels);
                    pixels
                });
                assert_eq!(fast, plain);
                for (pixel, red) in plain.as_chunks::<3>().0.iter().zip(reds) {
                    assert_eq!(*pixel, output::rgb([luma, blue, red]));
                }
            }
        }
    }

    #[test]
    fn windows_take_what_they_are_made_for() {
        for (length, wanted) in [
            (400, 224),
            (224, 224),
            (300, 299),
            (64, 32),
            (33, 17),
            (32, 20),
        ] {
            let row: Vec<u8> = (0..length).map(|at| (at * 7 % 251) as u8).collect();
            let columns: Vec<u32> = (0..wanted)
                .map(|at| (at * length / wanted) as u32)
                .collect();
            let windows = Window::all(&columns, length as usize);
            assert_eq!(
                windows.len(),
                columns.len().div_ceil(16),
                "{length} {wanted}"
            );
            let arguments = &(row.as_slice(), windows.as_slice());
            type Arguments<'a> = (&'a [u8], &'a [Window]);
            let (fast, plain) = both!(arguments: &'a Arguments<'a> => Vec<u8>, vectors => {
                let mut samples = vec![1; 16 * arguments.1.len()];
                vectors.take(arguments.0, arguments.1, &mut samples);
                samples
            });
            assert_eq!(fast, plain);
            let expected: Vec<u8> = columns.iter().map(|&column| row[column as usize]).collect();
            assert_eq!(fast[..expected.len()], expected);
        }
        // Too far apart, and too few bytes.
        assert!(Window::all(&[0, 32], 100).is_empty());
        assert!(Window::all(&[0, 1], 31).is_empty());
    }
}
