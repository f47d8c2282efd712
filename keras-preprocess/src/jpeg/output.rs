//! From rows of samples to rows of pixels: upsampling and conversion of colours as in libjpeg.

use super::{
    header::Frame,
    plan::{Plan, Plane, Upsampling},
};

/// The samples of one component of the current and the previous row of MCUs. Upsampling looks no
/// further.
pub(super) struct Band {
    /// Bytes of a row: the samples of whole MCUs.
    pub(super) stride: usize,
    /// Rows of an MCU.
    pub(super) height: usize,
    halves: [Vec<u8>; 2],
}

impl Band {
    fn new(block_columns: usize, down: usize, size: usize) -> Self {
        let (stride, height) = (block_columns * size, down * size);
        let half = vec![0; stride * height];
        Self {
            stride,
            height,
            halves: [half.clone(), half],
        }
    }

    /// Where the samples of a row of MCUs belong.
    #[inline(always)]
    pub(super) fn half(&mut self, mcu_row: usize) -> &mut [u8] {
        &mut self.halves[mcu_row % 2]
    }

    #[inline(always)]
    fn row(&self, row: u32) -> &[u8] {
        let (half, row) = (row as usize / self.height, row as usize % self.height);
        &self.halves[half % 2][row * self.stride..][..self.stride]
    }
}

/// What the components are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    /// Luma and two differences, to become red, green and blue.
    Ycc,
    /// What the pixels have already: grey, RGB, or four inks.
    Same,
}

/// One pixel's columns of samples in a component.
#[derive(Clone, Copy)]
struct Columns {
    first: u32,
    second: u32,
    /// What is added before the last bits are cut off.
    bias: u16,
}

/// A component's part in the rows of pixels.
struct Line {
    columns: Vec<Columns>,
    /// Twice the vertical sums, when both directions are upsampled.
    sums: Vec<u16>,
    samples: Vec<u8>,
}

/// Collects the pixels.
pub(super) struct Output<'a> {
    plan: &'a Plan,
    pub(super) bands: Vec<Band>,
    lines: Vec<Line>,
    colours: Colours,
    /// Rows of pixels of a row of MCUs.
    mcu_height: usize,
    /// How many rows are done.
    done: usize,
    pub(super) pixels: Vec<u8>,
}

impl<'a> Output<'a> {
    pub(super) fn new(plan: &'a Plan, frame: &Frame, colours: Colours) -> Self {
        let components = || plan.planes.iter().zip(&frame.components);
        let bands = components().map(|(plane, component)| {
            Band::new(component.block_columns, component.down, plane.size)
        });
        let (width, height) = plan.output();
        let lines = plan.planes.iter().map(|plane| Line {
            columns: columns(plan, plane),
            sums: Vec::new(),
            samples: vec![0; width as usize],
        });
        let length = width as usize * height as usize * plan.planes.len();
        Self {
            plan,
            bands: bands.collect(),
            lines: lines.collect(),
            colours,
            mcu_height: frame.down * plan.size,
            done: 0,
            pixels: vec![0; length],
        }
    }

    /// Makes the rows for which there are samples now that `mcu_row` is complete.
    #[inline(always)]
    pub(super) fn advance(&mut self, mcu_row: usize, is_last: bool) {
        let behind = (mcu_row + 1) * self.mcu_height - usize::from(self.plan.needs_context());
        let behind = if is_last { usize::MAX } else { behind };
        let rows = self.plan.output().1 as usize;
        while self.done < rows {
            let at = |done: usize| match &self.plan.rows {
                Some(rows) => rows[done],
                None => done as u32,
            };
            let y = at(self.done);
            if y as usize >= behind {
                return;
            }
            let length = self.plan.output().0 as usize * self.plan.planes.len();
            if self.done > 0 && y == at(self.done - 1) {
                let start = (self.done - 1) * length;
                self.pixels
                    .copy_within(start..start + length, start + length);
            } else {
                self.row(y, length);
            }
            self.done += 1;
        }
    }

    #[inline(always)]
    fn row(&mut self, y: u32, length: usize) {
        let pixels = &mut self.pixels[self.done * length..][..length];
        for ((plane, band), line) in self
            .plan
            .planes
            .iter()
            .zip(&self.bands)
            .zip(&mut self.lines)
        {
            line.fill(plane, band, y);
        }
        match (self.lines.as_slice(), self.colours) {
            ([grey], _) => pixels.copy_from_slice(&grey.samples),
            ([luma, blue, red], Colours::Ycc) => {
                ycc_to_rgb(&luma.samples, &blue.samples, &red.samples, pixels);
            }
            (lines, _) => {
                for (component, line) in lines.iter().enumerate() {
                    let places = pixels[component..].iter_mut().step_by(lines.len());
                    places
                        .zip(&line.samples)
                        .for_each(|(place, &sample)| *place = sample);
                }
            }
        }
    }
}

/// The columns of samples for each pixel, where not simply all are taken.
fn columns(plan: &Plan, plane: &Plane) -> Vec<Columns> {
    let Some(columns) = &plan.columns else {
        return Vec::new();
    };
    let column = |&x: &u32| {
        let (first, second) = plane.upsampling.across(x, plane.width);
        // libjpeg rounds up and down in turn.
        let bias = match plane.upsampling {
            Upsampling::Both => 8 - (x % 2) as u16,
            _ => 1 + (x % 2) as u16,
        };
        Columns {
            first,
            second,
            bias,
        }
    };
    columns.iter().map(column).collect()
}

impl Line {
    /// The samples of row `y` of pixels.
    #[inline(always)]
    fn fill(&mut self, plane: &Plane, band: &Band, y: u32) {
        let (first, second) = plane.upsampling.down(y, plane.height);
        let (row, other) = (band.row(first), band.row(second));
        let width = plane.width as usize;
        let (row, other) = (&row[..width], &other[..width]);
        match plane.upsampling {
            Upsampling::None => self.take(row),
            Upsampling::Repeat(across, _) => {
                if self.columns.is_empty() {
                    let repeated = self.samples.chunks_mut(across as usize).zip(row);
                    repeated.for_each(|(pixels, &sample)| pixels.fill(sample));
                } else {
                    self.take(row);
                }
            }
            Upsampling::Down => {
                let bias = 1 + (y % 2) as u16;
                self.sums.resize(width, 0);
                let mixed = |near: u8, far: u8| (3 * u16::from(near) + u16::from(far) + bias) >> 2;
                sums(row, other, &mut self.sums, mixed);
                self.take_sums(|sum| sum as u8);
            }
            Upsampling::Across => {
                self.sums.resize(width, 0);
                sums(row, row, &mut self.sums, |sample, _| sample.into());
                self.mix::<2>([1, 2]);
            }
            Upsampling::Both => {
                self.sums.resize(width, 0);
                sums(row, other, &mut self.sums, |near, far| {
                    3 * u16::from(near) + u16::from(far)
                });
                self.mix::<4>([8, 7]);
            }
        }
    }

    #[inline(always)]
    fn take(&mut self, row: &[u8]) {
        if self.columns.is_empty() {
            let length = self.samples.len();
            self.samples.copy_from_slice(&row[..length]);
            return;
        }
        for (sample, column) in self.samples.iter_mut().zip(&self.columns) {
            *sample = row[column.first as usize];
        }
    }

    #[inline(always)]
    fn take_sums(&mut self, finish: impl Fn(u16) -> u8) {
        if self.columns.is_empty() {
            let pairs = self.samples.iter_mut().zip(&self.sums);
            pairs.for_each(|(sample, &sum)| *sample = finish(sum));
            return;
        }
        for (sample, column) in self.samples.iter_mut().zip(&self.columns) {
            *sample = finish(self.sums[column.first as usize]);
        }
    }

    /// Mixes neighbouring sums and cuts `BITS` off. `biases` are those of even and odd pixels.
    #[inline(always)]
    fn mix<const BITS: u32>(&mut self, biases: [u16; 2]) {
        let sums = self.sums.as_slice();
        if !self.columns.is_empty() {
            for (sample, column) in self.samples.iter_mut().zip(&self.columns) {
                let (near, far) = (sums[column.first as usize], sums[column.second as usize]);
                *sample = ((3 * near + far + column.bias) >> BITS) as u8;
            }
            return;
        }
        let mixed = |near: u16, far: u16, bias| ((3 * near + far + bias) >> BITS) as u8;
        let (Some(&first), Some(&last)) = (sums.first(), sums.last()) else {
            return;
        };
        // All but the pixels at the edges have neighbours on both sides.
        let samples = self.samples.as_mut_slice();
        let end = samples.len() - 1;
        samples[0] = mixed(first, first, biases[0]);
        let (pairs, rest) = samples[1..].as_chunks_mut::<2>();
        for (pair, near) in pairs.iter_mut().zip(sums.windows(2)) {
            *pair = [
                mixed(near[0], near[1], biases[1]),
                mixed(near[1], near[0], biases[0]),
            ];
        }
        if !rest.is_empty() {
            samples[end] = mixed(last, last, biases[1]);
        }
    }
}

#[inline(always)]
fn sums(near: &[u8], far: &[u8], sums: &mut [u16], mix: impl Fn(u8, u8) -> u16) {
    for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
        *sum = mix(near, far);
    }
}

/// JPEG's YCbCr to RGB in 16-bit fixed point, as libjpeg rounds it.
#[inline(always)]
pub(crate) fn rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (luma, blue, red) = (i32::from(luma), i32::from(blue) - 128, i32::from(red) - 128);
    [
        luma + ((91_881 * red + HALF) >> 16),
        luma + ((-22_554 * blue - 46_802 * red + HALF) >> 16),
        luma + ((116_130 * blue + HALF) >> 16),
    ]
    .map(|sample| sample.clamp(0, 255) as u8)
}

#[inline(always)]
fn ycc_to_rgb(luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut [u8]) {
    const STEP: usize = 16;
    let (lumas, luma_rest) = luma.as_chunks::<STEP>();
    let (blues, blue_rest) = blue.as_chunks::<STEP>();
    let (reds, red_rest) = red.as_chunks::<STEP>();
    let (pixels, _) = pixels.as_chunks_mut::<3>();
    let (chunks, rest) = pixels.as_chunks_mut::<STEP>();
    for (((chunk, luma), blue), red) in chunks.iter_mut().zip(lumas).zip(blues).zip(reds) {
        let mut planes = [[0_u8; STEP]; 3];
        for at in 0..STEP {
            let colour = rgb([luma[at], blue[at], red[at]]);
            for (plane, value) in planes.iter_mut().zip(colour) {
                plane[at] = value;
            }
        }
        let [reds, greens, blues] = planes;
        for at in 0..STEP {
            chunk[at] = [reds[at], greens[at], blues[at]];
        }
    }
    let samples = luma_rest.iter().zip(blue_rest).zip(red_rest);
    for (pixel, ((&luma, &blue), &red)) in rest.iter_mut().zip(samples) {
        *pixel = rgb([luma, blue, red]);
    }
}
