//! Convolution in Pillow's fixed point.

use std::f64::consts::PI;

use super::{Filter, nearest};
use crate::picture::Picture;

/// Bits behind the point in Pillow's coefficients for 8-bit samples.
const PRECISION: u32 = 22;

/// What is added before the fraction is cut off.
const HALF: i32 = 1 << (PRECISION - 1);

impl Filter {
    /// How far from the centre weights are not zero, in pixels of the smaller picture.
    fn support(self) -> f64 {
        match self {
            Self::Nearest => 0.0,
            Self::Box => 0.5,
            Self::Bilinear | Self::Hamming => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let distance = x.abs();
        match self {
            Self::Nearest => 0.0,
            Self::Box if x > -0.5 && x <= 0.5 => 1.0,
            Self::Bilinear if distance < 1.0 => 1.0 - distance,
            Self::Hamming if distance == 0.0 => 1.0,
            Self::Hamming if distance < 1.0 => {
                let angle = distance * PI;
                // Pillow has single-precision constants here.
                let (base, wave) = (f64::from(0.54_f32), f64::from(0.46_f32));
                angle.sin() / angle * (base + wave * angle.cos())
            }
            Self::Bicubic if distance < 1.0 => {
                ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
            }
            Self::Bicubic if distance < 2.0 => {
                (((distance - 5.0) * distance + 8.0) * distance - 4.0) * A
            }
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            _ => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let angle = x * PI;
    angle.sin() / angle
}

/// The source pixels of one target pixel, and the weight of each.
struct Window {
    start: usize,
    weights: Vec<i32>,
}

/// The windows of all `target` pixels of a line of `source` pixels.
fn windows(filter: Filter, source: u32, target: u32) -> Vec<Window> {
    if source == target {
        // Pillow skips the direction. A weight of one gives the sample itself, too.
        let window = |at| Window {
            start: at as usize,
            weights: vec![1 << PRECISION],
        };
        return (0..target).map(window).collect();
    }
    let scale = f64::from(source) / f64::from(target);
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let window = |at: u32| {
        let centre = (f64::from(at) + 0.5) * scale;
        // Casts cut off as in C; a negative number becomes zero, which is the lower bound anyway.
        let start = (centre - support + 0.5) as u32;
        let end = ((centre + support + 0.5) as u32).min(source);
        let weights: Vec<f64> = (start..end)
            .map(|x| filter.weight((f64::from(x) - centre + 0.5) * (1.0 / stretch)))
            .collect();
        let sum: f64 = weights.iter().sum();
        let fixed = |weight: &f64| {
            let weight = if sum == 0.0 { *weight } else { weight / sum };
            let scaled = weight * f64::from(1 << PRECISION);
            (if weight < 0.0 {
                scaled - 0.5
            } else {
                scaled + 0.5
            }) as i32
        };
        Window {
            start: start as usize,
            weights: weights.iter().map(fixed).collect(),
        }
    };
    (0..target).map(window).collect()
}

fn sample(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// Resizes the whole picture to `width` times `height` pixels and converts it to RGB: rows from
/// top to bottom, three bytes a pixel, equal to `convert("RGB").resize(…)` of Pillow 13 to the bit.
///
/// Beside the result it takes 12 bytes for each new pixel, and some rows.
///
/// ```
/// use keras_preprocess::{Filter, Picture, picture::Samples, resize::resample};
///
/// let picture = Picture::new(4, 1, Samples::Grey8, vec![0, 100, 200, 255])?;
/// let halved = resample(&picture, 2, 1, Filter::Box);
/// assert_eq!(halved, [50, 50, 50, 228, 228, 228]);
/// # Ok::<(), keras_preprocess::Error>(())
/// ```
pub fn resample(picture: &Picture, width: u32, height: u32, filter: Filter) -> Vec<u8> {
    let length = width as usize * 3;
    if filter == Filter::Nearest {
        let columns: Vec<u32> = nearest(picture.width(), width).collect();
        let mut pixels = Vec::with_capacity(length * height as usize);
        for y in nearest(picture.height(), height) {
            pixels.extend(columns.iter().flat_map(|&x| picture.rgb(x, y)));
        }
        return pixels;
    }
    let columns = windows(filter, picture.width(), width);
    let rows = windows(filter, picture.height(), height);
    if is_vertical_first((picture.width(), picture.height()), (width, height)) {
        down_then_across(picture, &columns, &rows)
    } else {
        across_then_down(picture, &columns, &rows)
    }
}

/// Each pass rounds, so the order counts. Pillow takes the height first where it shrinks by more
/// than twice as many pixels as the width; before version 13 it never did.
fn is_vertical_first(source: (u32, u32), target: (u32, u32)) -> bool {
    let lost = |source: u32, target: u32| i64::from(source) - i64::from(target);
    let (width, height) = (lost(source.0, target.0), lost(source.1, target.1));
    height > 0 && height > 2 * width
}

/// Takes the rows one by one: each has its part in the sums of those new rows that look at it.
/// Adding in another order than Pillow gives the same integers.
fn across_then_down(picture: &Picture, columns: &[Window], rows: &[Window]) -> Vec<u8> {
    let length = columns.len() * 3;
    let mut sums = vec![HALF; length * rows.len()];
    let mut line = Line::new(picture);
    let mut narrow = vec![0_u8; length];
    let (mut first, mut behind) = (0, 0);
    for y in 0..picture.height() as usize {
        while first < rows.len() && rows[first].start + rows[first].weights.len() <= y {
            first += 1;
        }
        behind = behind.max(first);
        while behind < rows.len() && rows[behind].start <= y {
            behind += 1;
        }
        if first == behind {
            continue;
        }
        across(line.read(y), columns, &mut narrow);
        let lines = sums[first * length..].chunks_mut(length);
        for (row, sums) in rows[first..behind].iter().zip(lines) {
            // Windows may end before an earlier one does, by rounding.
            if let Some(&weight) = row.weights.get(y - row.start) {
                add(sums, &narrow, weight);
            }
        }
    }
    sums.into_iter().map(sample).collect()
}

fn down_then_across(picture: &Picture, columns: &[Window], rows: &[Window]) -> Vec<u8> {
    let length = columns.len() * 3;
    let mut line = Line::new(picture);
    let mut pixels = vec![0; length * rows.len()];
    let mut sums = vec![HALF; picture.width() as usize * 3];
    let mut low = vec![[0; 3]; picture.width() as usize];
    for (row, pixels) in rows.iter().zip(pixels.chunks_mut(length)) {
        sums.fill(HALF);
        for (y, &weight) in (row.start..).zip(&row.weights) {
            add(&mut sums, line.read(y).as_flattened(), weight);
        }
        let samples = low.as_flattened_mut().iter_mut().zip(&sums);
        samples.for_each(|(place, &sum)| *place = sample(sum));
        across(&low, columns, pixels);
    }
    pixels
}

fn add(sums: &mut [i32], values: &[u8], weight: i32) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum = sum.wrapping_add(weight.wrapping_mul(value.into()));
    }
}

/// Rows of a picture as RGB.
struct Line<'a> {
    picture: &'a Picture,
    pixels: Vec<[u8; 3]>,
}

impl<'a> Line<'a> {
    fn new(picture: &'a Picture) -> Self {
        let pixels = vec![[0; 3]; picture.width() as usize];
        Self { picture, pixels }
    }

    fn read(&mut self, y: usize) -> &[[u8; 3]] {
        let y = y as u32;
        if let Some(row) = self.picture.rgb_row(y) {
            return row;
        }
        for (x, pixel) in self.pixels.iter_mut().enumerate() {
            *pixel = self.picture.rgb(x as u32, y);
        }
        &self.pixels
    }
}

fn across(row: &[[u8; 3]], columns: &[Window], narrow: &mut [u8]) {
    for (window, pixel) in columns.iter().zip(narrow.as_chunks_mut::<3>().0) {
        let mut sums = [HALF; 3];
        for (&weight, source) in window.weights.iter().zip(&row[window.start..]) {
            add(&mut sums, source, weight);
        }
        *pixel = sums.map(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Samples;

    const FILTERS: [Filter; 5] = [
        Filter::Box,
        Filter::Bilinear,
        Filter::Hamming,
        Filter::Bicubic,
        Filter::Lanczos,
    ];

    #[test]
    fn weights_add_up_to_one() {
        for filter in FILTERS {
            for (source, target) in [
                (1, 1),
                (1, 9),
                (400, 224),
                (9, 2),
                (1_000_000, 3),
                (3, 1000),
            ] {
                for window in windows(filter, source, target) {
                    let sum: i64 = window.weights.iter().map(|&weight| i64::from(weight)).sum();
                    let error = (sum - (1 << PRECISION)).unsigned_abs() as usize;
                    assert!(
                        error <= window.weights.len(),
                        "{filter:?} {source} {target}"
                    );
                    assert!(window.start + window.weights.len() <= source as usize);
                }
            }
        }
    }

    #[test]
    fn one_colour_stays() {
        let picture = Picture::new(7, 5, Samples::Rgb8, [9, 128, 255].repeat(35)).unwrap();
        for filter in FILTERS {
            for (width, height) in [(3, 2), (20, 30), (7, 5), (1, 1)] {
                let resized = resample(&picture, width, height, filter);
                assert_eq!(resized, [9, 128, 255].repeat((width * height) as usize));
            }
        }
    }
}
