//! Which samples of each component a picture needs, and how they become pixels.

use super::{
    Fault,
    header::{Component, Frame},
    idct::Wanted,
};

/// How the samples of a component become as many as there are pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upsampling {
    /// Each sample is a pixel.
    None,
    /// Twice as many across: a quarter of the neighbour.
    Across,
    /// Twice as many down: a quarter of the neighbour.
    Down,
    /// Both, rounded once.
    Both,
    /// Each sample becomes a rectangle.
    Repeat(u32, u32),
}

/// One component on its way from blocks to pixels.
#[derive(Debug)]
pub(super) struct Plane {
    /// Samples a side of a block: 8, or fewer in a smaller scale.
    pub(super) size: usize,
    pub(super) upsampling: Upsampling,
    /// Samples across and down that belong to the picture.
    pub(super) width: u32,
    pub(super) height: u32,
    /// For each row and column of blocks, which of its samples are looked at.
    rows: Vec<u8>,
    columns: Vec<u8>,
}

/// The pixels that are wanted of a picture in a scale.
#[derive(Debug)]
pub(super) struct Plan {
    /// The picture's size in this scale.
    pub(super) width: u32,
    pub(super) height: u32,
    /// Samples a side of the blocks with the fewest.
    pub(super) size: usize,
    /// The positions to take, `None` for all; never falling.
    pub(super) columns: Option<Vec<u32>>,
    pub(super) rows: Option<Vec<u32>>,
    pub(super) planes: Vec<Plane>,
}

impl Upsampling {
    /// The neighbour of the sample under a pixel, in a direction in which there are twice as many
    /// pixels: itself at the edge.
    #[inline(always)]
    pub(super) fn neighbour(position: u32, samples: u32) -> u32 {
        let sample = position / 2;
        if position.is_multiple_of(2) {
            sample.saturating_sub(1)
        } else {
            (sample + 1).min(samples - 1)
        }
    }

    /// Which samples make the pixel in column `x` of `samples`.
    pub(super) fn across(self, x: u32, samples: u32) -> (u32, u32) {
        match self {
            Self::None | Self::Down => (x, x),
            Self::Across | Self::Both => (x / 2, Self::neighbour(x, samples)),
            Self::Repeat(across, _) => (x / across, x / across),
        }
    }

    /// Which samples make the pixel in row `y` of `samples`.
    pub(super) fn down(self, y: u32, samples: u32) -> (u32, u32) {
        match self {
            Self::None | Self::Across => (y, y),
            Self::Down | Self::Both => (y / 2, Self::neighbour(y, samples)),
            Self::Repeat(_, down) => (y / down, y / down),
        }
    }
}

impl Plane {
    fn new(frame: &Frame, component: &Component, scale: usize) -> Result<Self, Fault> {
        // A component with fewer samples is not scaled down as much, if that spares upsampling.
        let mut size = scale;
        while size < 8
            && (frame.across * scale).is_multiple_of(component.across * size * 2)
            && (frame.down * scale).is_multiple_of(component.down * size * 2)
        {
            size *= 2;
        }
        let length = |pixels: u32, factor: usize, largest: usize| {
            (pixels as usize * factor * size).div_ceil(largest * 8) as u32
        };
        let width = length(frame.width, component.across, frame.across);
        let height = length(frame.height, component.down, frame.down);
        let across = (frame.across * scale, component.across * size);
        let down = (frame.down * scale, component.down * size);
        if !across.0.is_multiple_of(across.1) || !down.0.is_multiple_of(down.1) {
            return Err(Fault::Unsupported(
                "JPEG pictures with fractional sampling are not supported".to_owned(),
            ));
        }
        // libjpeg's conditions for its smooth methods.
        let (smooth, wide) = (scale > 1, width > 2);
        let upsampling = match ((across.0 / across.1) as u32, (down.0 / down.1) as u32) {
            (1, 1) => Upsampling::None,
            (2, 1) if smooth && wide => Upsampling::Across,
            (1, 2) if smooth => Upsampling::Down,
            (2, 2) if smooth && wide => Upsampling::Both,
            (across, down) => Upsampling::Repeat(across, down),
        };
        Ok(Self {
            size,
            upsampling,
            width,
            height,
            rows: vec![0; component.block_rows],
            columns: vec![0; component.block_columns],
        })
    }

    fn mark(&mut self, plan: (u32, u32), columns: Option<&[u32]>, rows: Option<&[u32]>) {
        let (upsampling, width, height) = (self.upsampling, self.width, self.height);
        mark(&mut self.columns, self.size, plan.0, columns, |x| {
            upsampling.across(x, width)
        });
        mark(&mut self.rows, self.size, plan.1, rows, |y| {
            upsampling.down(y, height)
        });
    }

    /// Which rows of samples are wanted of a row of blocks: a bit for each.
    pub(super) fn rows(&self, row: usize) -> u8 {
        self.rows[row]
    }

    /// The same for each column of blocks.
    pub(super) fn columns(&self) -> &[u8] {
        &self.columns
    }

    /// What is wanted of a block, if anything is.
    #[inline(always)]
    pub(super) fn wanted(&self, column: usize, row: usize) -> Option<Wanted> {
        let wanted = Wanted {
            rows: self.rows[row],
            columns: self.columns[column],
        };
        (wanted.rows != 0 && wanted.columns != 0).then_some(wanted)
    }
}

fn mark(
    blocks: &mut [u8],
    size: usize,
    length: u32,
    wanted: Option<&[u32]>,
    samples: impl Fn(u32) -> (u32, u32),
) {
    let mut set = |sample: u32| {
        if let Some(block) = blocks.get_mut(sample as usize / size) {
            *block |= 1 << (sample as usize % size);
        }
    };
    let mut both = |position| {
        let (first, second) = samples(position);
        set(first);
        set(second);
    };
    match wanted {
        Some(positions) => positions.iter().for_each(|&position| both(position)),
        None => (0..length).for_each(both),
    }
}

impl Plan {
    /// A plan for the picture in the scale `size` / 8. `choose` is given the size of the scaled
    /// picture and returns the columns and rows to take.
    pub(super) fn new(
        frame: &Frame,
        size: usize,
        choose: impl FnOnce(u32, u32) -> Option<(Vec<u32>, Vec<u32>)>,
    ) -> Result<Self, Fault> {
        let scaled = |pixels: u32| (pixels as usize * size).div_ceil(8) as u32;
        let (width, height) = (scaled(frame.width), scaled(frame.height));
        let (columns, rows) = choose(width, height).unzip();
        let planes = frame.components.iter().map(|component| {
            let mut plane = Plane::new(frame, component, size)?;
            plane.mark((width, height), columns.as_deref(), rows.as_deref());
            Ok(plane)
        });
        Ok(Self {
            width,
            height,
            size,
            planes: planes.collect::<Result<_, Fault>>()?,
            columns,
            rows,
        })
    }

    /// The size of what is taken.
    pub(super) fn output(&self) -> (u32, u32) {
        let length = |positions: &Option<Vec<u32>>, all| {
            positions
                .as_ref()
                .map_or(all, |positions| positions.len() as u32)
        };
        (
            length(&self.columns, self.width),
            length(&self.rows, self.height),
        )
    }

    /// The part of all blocks, in percent, that nobody looks at.
    pub(super) fn percent_unwanted(&self) -> usize {
        let (mut all, mut wanted) = (0, 0);
        for plane in &self.planes {
            let count = |masks: &[u8]| masks.iter().filter(|&&mask| mask != 0).count();
            all += plane.rows.len() * plane.columns.len();
            wanted += count(&plane.rows) * count(&plane.columns);
        }
        100 - wanted * 100 / all.max(1)
    }

    /// Whether a pixel may need the row of samples behind its own.
    pub(super) fn needs_context(&self) -> bool {
        let looks = |plane: &Plane| matches!(plane.upsampling, Upsampling::Down | Upsampling::Both);
        self.planes.iter().any(looks)
    }
}
