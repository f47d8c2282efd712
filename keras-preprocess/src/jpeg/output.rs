//! From rows of samples to rows of pixels: upsampling and conversion of colours as in libjpeg.

use std::mem;

use super::{
    header::Frame,
    plan::{Plan, Plane, Upsampling},
    vectors::Vectors,
};

/// The samples of one component of the current and the previous row of MCUs, block by block.
/// Upsampling looks no further.
pub(super) struct Band {
    /// Samples a side of a block.
    size: usize,
    /// Blocks of a row, with those that fill up MCUs.
    columns: usize,
    /// Rows of samples of an MCU.
    height: usize,
    halves: [Vec<u8>; 2],
}

impl Band {
    fn new(columns: usize, down: usize, size: usize) -> Self {
        let half = vec![0; columns * down * size * size];
        Self {
            size,
            columns,
            height: down * size,
            halves: [half.clone(), half],
        }
    }

    /// The blocks of a row of MCUs.
    #[inline(always)]
    pub(super) fn half(&mut self, mcu_row: usize) -> &mut [u8] {
        &mut self.halves[mcu_row % 2]
    }

    /// Where the blocks of a row begin in their half.
    #[inline(always)]
    pub(super) fn start(&self, block_row: usize) -> usize {
        block_row * self.size % self.height * self.columns * self.size
    }

    /// Copies a row of samples.
    #[inline(always)]
    fn copy(&self, row: u32, samples: &mut Vec<u8>) {
        samples.resize(self.columns * self.size, 0);
        match self.size {
            1 => self.copy_size::<1, 1>(row, samples),
            2 => self.copy_size::<2, 4>(row, samples),
            4 => self.copy_size::<4, 16>(row, samples),
            _ => self.copy_size::<8, 64>(row, samples),
        }
    }

    #[inline(always)]
    fn copy_size<const SIZE: usize, const AREA: usize>(&self, row: u32, samples: &mut [u8]) {
        let row = row as usize;
        let blocks = &self.halves[row / self.height % 2][self.start(row / SIZE)..];
        let (samples, _) = samples.as_chunks_mut::<SIZE>();
        for (samples, block) in samples.iter_mut().zip(blocks.as_chunks::<AREA>().0) {
            let (rows, _) = block.as_chunks::<SIZE>();
            *samples = rows[row % SIZE];
        }
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

/// Which of 32 neighbouring bytes become the next [`WINDOW`] bytes.
pub(super) struct Window {
    /// The first of the 32.
    pub(super) base: usize,
    /// For each byte its place in the first 16 and in the last 16; 128 where it is in the others.
    pub(super) places: [u8; 32],
}

/// Bytes that a [`Window`] makes.
pub(super) const WINDOW: usize = 16;

impl Window {
    /// Windows that take these positions, rising, of so many; none if they are too far apart.
    pub(super) fn all(positions: &[u32], length: usize) -> Vec<Self> {
        let windows = positions.chunks(WINDOW).map(|positions| {
            let base = (positions[0] as usize).min(length.checked_sub(32)?);
            let mut places = [128; 32];
            for (at, &position) in positions.iter().enumerate() {
                let place = position as usize - base;
                *places
                    .get_mut(place / 16 * 16 + at)
                    .filter(|_| place < 32)? = (place % 16) as u8;
            }
            Some(Self { base, places })
        });
        windows.collect::<Option<_>>().unwrap_or_default()
    }
}

/// A component's part in the rows of pixels.
struct Line {
    columns: Vec<Columns>,
    /// The same for the pixels of a whole row, if those are close together.
    windows: Vec<Window>,
    /// The rows of samples under and beside a row of pixels.
    near: Vec<u8>,
    far: Vec<u8>,
    /// Vertical sums, when both directions are upsampled, with the ones at the edges twice.
    sums: Vec<u16>,
    /// The samples of a whole row of pixels.
    wide: Vec<u8>,
    /// As many as are wanted, and room for whole windows.
    samples: Vec<u8>,
    width: usize,
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
        let lines = plan.planes.iter().map(|plane| Line::new(plan, plane));
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
    pub(super) fn advance(&mut self, vectors: impl Vectors, mcu_row: usize, is_last: bool) {
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
                self.row(vectors, y, length);
            }
            self.done += 1;
        }
    }

    #[inline(always)]
    fn row(&mut self, vectors: impl Vectors, y: u32, length: usize) {
        let pixels = &mut self.pixels[self.done * length..][..length];
        for ((plane, band), line) in self
            .plan
            .planes
            .iter()
            .zip(&self.bands)
            .zip(&mut self.lines)
        {
            line.fill(vectors, plane, band, y);
        }
        match (self.lines.as_slice(), self.colours) {
            ([grey], _) => pixels.copy_from_slice(grey.samples()),
            ([luma, blue, red], Colours::Ycc) => {
                vectors.ycc_to_rgb(luma.samples(), blue.samples(), red.samples(), pixels);
            }
            (lines, _) => {
                for (component, line) in lines.iter().enumerate() {
                    let places = pixels[component..].iter_mut().step_by(lines.len());
                    places
                        .zip(line.samples())
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
    fn new(plan: &Plan, plane: &Plane) -> Self {
        let columns = columns(plan, plane);
        let windows = match (&plan.columns, plane.upsampling) {
            (Some(columns), Upsampling::Across | Upsampling::Both) => {
                Window::all(columns, plan.width as usize)
            }
            _ => {
                let columns: Vec<u32> = columns.iter().map(|column| column.first).collect();
                Window::all(&columns, plane.width as usize)
            }
        };
        let width = plan.output().0 as usize;
        Self {
            columns,
            windows,
            near: Vec::new(),
            far: Vec::new(),
            sums: Vec::new(),
            wide: Vec::new(),
            samples: vec![0; width.next_multiple_of(WINDOW)],
            width,
        }
    }

    fn samples(&self) -> &[u8] {
        &self.samples[..self.width]
    }

    /// The samples of row `y` of pixels.
    #[inline(always)]
    fn fill(&mut self, vectors: impl Vectors, plane: &Plane, band: &Band, y: u32) {
        let (first, second) = plane.upsampling.down(y, plane.height);
        let width = plane.width as usize;
        let (mut near, mut far) = (mem::take(&mut self.near), mem::take(&mut self.far));
        band.copy(first, &mut near);
        if matches!(plane.upsampling, Upsampling::Down | Upsampling::Both) {
            band.copy(second, &mut far);
        }
        let row = &near[..width];
        match plane.upsampling {
            Upsampling::None => self.take(vectors, row),
            Upsampling::Repeat(across, _) => {
                if self.columns.is_empty() {
                    let pixels = self.samples[..self.width].chunks_mut(across as usize);
                    let repeated = pixels.zip(row);
                    repeated.for_each(|(pixels, &sample)| pixels.fill(sample));
                } else {
                    self.take(vectors, row);
                }
            }
            Upsampling::Down => {
                let bias = 1 + (y % 2) as u16;
                let mut wide = mem::take(&mut self.wide);
                wide.resize(width, 0);
                for ((sample, &near), &far) in wide.iter_mut().zip(row).zip(&far) {
                    *sample = ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
                }
                self.take(vectors, &wide);
                self.wide = wide;
            }
            Upsampling::Across => {
                self.sum(row, row, |sample, _| sample.into());
                self.mix::<2, 1, 2>(vectors);
            }
            Upsampling::Both => {
                self.sum(row, &far, |near, far| 3 * u16::from(near) + u16::from(far));
                self.mix::<4, 8, 7>(vectors);
            }
        }
        (self.near, self.far) = (near, far);
    }

    /// Takes the wanted ones of a row of samples.
    #[inline(always)]
    fn take(&mut self, vectors: impl Vectors, row: &[u8]) {
        if self.columns.is_empty() {
            self.samples[..self.width].copy_from_slice(&row[..self.width]);
        } else if self.has_windows(vectors) {
            vectors.take(row, &self.windows, &mut self.samples);
        } else {
            for (sample, column) in self.samples.iter_mut().zip(&self.columns) {
                *sample = row[column.first as usize];
            }
        }
    }

    #[inline(always)]
    fn sum(&mut self, near: &[u8], far: &[u8], mix: impl Fn(u8, u8) -> u16) {
        let width = near.len();
        self.sums.resize(width + 2, 0);
        let sums = &mut self.sums[1..=width];
        for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
            *sum = mix(near, far);
        }
        // At the edges the neighbour is the sample itself.
        self.sums[0] = self.sums[1];
        self.sums[width + 1] = self.sums[width];
    }

    /// Mixes neighbouring sums and cuts `BITS` off. The biases are those of even and odd pixels.
    #[inline(always)]
    fn mix<const BITS: u32, const EVEN: u16, const ODD: u16>(&mut self, vectors: impl Vectors) {
        if !self.columns.is_empty() && !self.has_windows(vectors) {
            let sums = &self.sums[1..];
            for (sample, column) in self.samples.iter_mut().zip(&self.columns) {
                let (near, far) = (sums[column.first as usize], sums[column.second as usize]);
                *sample = ((3 * near + far + column.bias) >> BITS) as u8;
            }
            return;
        }
        let pixels = 2 * (self.sums.len() - 2);
        self.wide.resize(pixels, 0);
        let (pairs, _) = self.wide.as_chunks_mut::<2>();
        for (pair, sums) in pairs.iter_mut().zip(self.sums.windows(3)) {
            let even = (3 * sums[1] + sums[0] + EVEN) >> BITS;
            let odd = (3 * sums[1] + sums[2] + ODD) >> BITS;
            // Both at once: that is one instruction for many pairs.
            *pair = (even | odd << 8).to_le_bytes();
        }
        if self.columns.is_empty() {
            self.samples[..self.width].copy_from_slice(&self.wide[..self.width]);
        } else {
            vectors.take(&self.wide, &self.windows, &mut self.samples);
        }
    }

    /// Whether it is faster to make a whole row of samples and take windows of it.
    #[inline(always)]
    fn has_windows(&self, vectors: impl Vectors) -> bool {
        vectors.has_windows() && !self.windows.is_empty()
    }
}

/// Fills each 16 bytes of `samples` from a window of `row`.
#[inline(always)]
pub(super) fn take(row: &[u8], windows: &[Window], samples: &mut [u8]) {
    let (samples, _) = samples.as_chunks_mut::<WINDOW>();
    for (samples, window) in samples.iter_mut().zip(windows) {
        let (first, last) = row[window.base..][..32].split_at(16);
        let (in_first, in_last) = window.places.split_at(16);
        for (sample, (&in_first, &in_last)) in samples.iter_mut().zip(in_first.iter().zip(in_last))
        {
            let byte = |bytes: &[u8], place: u8| bytes.get(usize::from(place)).copied();
            *sample = byte(first, in_first).or(byte(last, in_last)).unwrap_or(0);
        }
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
pub(super) fn ycc_to_rgb(luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut [u8]) {
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
