//! A JPEG decoder that gives the samples that libjpeg-turbo gives, bit for bit, and spares the
//! work on those that nobody looks at.
//!
//! Pillow decodes with libjpeg-turbo, and a classifier notices: with another decoder's rounding
//! of the inverse transform and of upsampled chroma, logits move by up to 0.3. No decoder in Rust
//! rounds like libjpeg-turbo. And nearest-neighbour resizing of a camera's picture looks at one
//! pixel of 200; here the others' blocks are neither transformed nor upsampled nor converted.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod bits;
mod block;
mod entropy;
mod header;
mod huffman;
mod idct;
mod output;
mod plan;
mod progressive;
mod vectors;

use std::array;

pub(crate) use self::output::rgb as ycc_to_rgb;
use self::{
    block::Block,
    entropy::{Places, Segments, Sequential},
    header::{Frame, Header, Scan},
    idct::{Transform, Wanted},
    output::{Colours, Output},
    plan::Plan,
    progressive::Coefficients,
    vectors::{Vectors, Work, fastest},
};

/// What is wrong with a file.
type Reason = &'static str;

/// Why a picture was not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Invalid(Reason),
    Unsupported(String),
}

impl Fault {
    fn invalid(reason: Reason) -> Self {
        Self::Invalid(reason)
    }
}

/// What the pixels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Grey,
    Rgb,
    Cmyk,
    /// The three colours as luma and differences.
    Ycck,
}

/// A picture whose headers are read.
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
    header: Header<'a>,
    frame: Frame,
    scan: Scan,
}

/// Decoded pixels, row by row, a byte for each component.
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
}

/// Pictures with at least that many pixels are worth tables for skipping blocks.
const LARGE: u64 = 1_000_000;

impl<'a> Decoder<'a> {
    /// Reads the headers up to the first scan. Takes next to no memory.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut header = Header::default();
        let scan = header.advance(bytes)?;
        let frame = header
            .frame
            .clone()
            .ok_or(Fault::Invalid("there is no frame header"))?;
        let scan = scan.ok_or(Fault::Invalid("there is no scan"))?;
        Ok(Self {
            bytes,
            header,
            frame,
            scan,
        })
    }

    /// Width and height in pixels. They may be zero.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.frame.width, self.frame.height)
    }

    /// The EXIF data before the first scan, without the name of the segment.
    pub(crate) fn exif(&self) -> Option<&'a [u8]> {
        self.header.exif
    }

    fn kind(&self) -> (Kind, Colours) {
        let ids: Vec<u8> = self
            .frame
            .components
            .iter()
            .map(|component| component.id)
            .collect();
        let header = &self.header;
        match (ids.as_slice(), header.adobe) {
            ([_], _) => (Kind::Grey, Colours::Same),
            ([_, _, _], Some(0)) if !header.is_jfif => (Kind::Rgb, Colours::Same),
            (b"RGB", None) if !header.is_jfif => (Kind::Rgb, Colours::Same),
            ([_, _, _], _) => (Kind::Rgb, Colours::Ycc),
            (_, None | Some(0)) => (Kind::Cmyk, Colours::Same),
            _ => (Kind::Ycck, Colours::Same),
        }
    }

    /// Decodes at `size` / 8 of the picture's size; `size` is 1, 2, 4 or 8. `choose` is given the
    /// scaled picture's width and height and returns the columns and rows to take, both rising,
    /// or `None` for all.
    pub(crate) fn decode(
        mut self,
        size: usize,
        choose: impl FnOnce(u32, u32) -> Option<(Vec<u32>, Vec<u32>)>,
    ) -> Result<Pixels, Fault> {
        let plan = Plan::new(&self.frame, size, choose)?;
        let (kind, colours) = self.kind();
        let mut output = Output::new(&plan, &self.frame, colours);
        let at_once = self.scan.parts.len() == self.frame.components.len();
        let coefficients = if at_once && !self.frame.progressive {
            let pixels = u64::from(self.frame.width) * u64::from(self.frame.height);
            let large = pixels >= LARGE;
            let skipping = large && plan.percent_unwanted() >= 30;
            entropy::prepare(&mut self.header, &self.scan, large, skipping)?;
            None
        } else {
            let scan = self.scan.clone();
            Some(progressive::read(
                self.bytes,
                &mut self.header,
                &self.frame,
                scan,
            )?)
        };
        fastest(Samples {
            decoder: &self,
            plan: &plan,
            coefficients,
            output: &mut output,
        })?;
        let (width, height) = plan.output();
        Ok(Pixels {
            width,
            height,
            kind,
            bytes: output.pixels,
        })
    }
}

/// The work from bits, or from coefficients, to pixels.
struct Samples<'a, 'b> {
    decoder: &'a Decoder<'a>,
    plan: &'a Plan,
    /// Those of a picture in several scans.
    coefficients: Option<Vec<Coefficients>>,
    output: &'a mut Output<'b>,
}

impl Work for Samples<'_, '_> {
    type Result = Result<(), Fault>;

    #[inline(always)]
    fn run(self, vectors: impl Vectors) -> Self::Result {
        match &self.coefficients {
            None => self.decoder.sequential(vectors, self.plan, self.output),
            Some(planes) => {
                self.decoder
                    .transform(vectors, self.plan, planes, self.output);
                Ok(())
            }
        }
    }
}

/// A block's place in each MCU of a row, and what becomes of it.
struct Place<'a> {
    component: usize,
    tables: Sequential<'a>,
    transform: &'static Transform,
    /// Which columns of samples are wanted of each column of blocks.
    columns: &'a [u8],
    /// Which rows of samples are wanted.
    rows: u8,
    /// Blocks of an MCU in this row, and the number of this one.
    across: usize,
    number: usize,
    /// Where the first block of the row begins.
    start: usize,
}

impl Decoder<'_> {
    /// Decodes a picture whose only scan has all components, a row of MCUs at a time.
    #[inline(always)]
    fn sequential<V: Vectors>(
        &self,
        vectors: V,
        plan: &Plan,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let frame = &self.frame;
        let header = &self.header;
        let mut segments = Segments::new(self.bytes, header.at, header.restart_interval);
        let mut tables = Vec::with_capacity(self.scan.parts.len());
        for &part in &self.scan.parts {
            let number = frame.components[part.component].quantization;
            let table = header.quantization.get(number).and_then(Option::as_ref);
            let table = table.ok_or_else(entropy::missing)?;
            tables.push(Places::new(table, &V::ORDER));
        }
        let mut parts = Vec::with_capacity(self.scan.parts.len());
        for (&part, places) in self.scan.parts.iter().zip(&tables) {
            parts.push((part.component, Sequential::new(header, part, places)?));
        }
        // A scan with one component has its blocks in rows, without those that fill up MCUs.
        let alone = parts.len() == 1;
        let columns = if alone {
            frame.components[0].own_columns
        } else {
            frame.mcu_columns
        };
        let mut places = Vec::with_capacity(10);
        let mut predictions = [0; 4];
        let mut block = Block::new();
        for mcu_row in 0..frame.mcu_rows {
            let block_rows = if alone {
                let down = frame.components[0].down;
                mcu_row * down..frame.components[0].own_rows.min((mcu_row + 1) * down)
            } else {
                mcu_row..mcu_row + 1
            };
            for row in block_rows {
                places.clear();
                for &(index, tables) in &parts {
                    let component = &frame.components[index];
                    let plane = &plan.planes[index];
                    let (across, down) = if alone {
                        (1, 1)
                    } else {
                        (component.across, component.down)
                    };
                    let band = &output.bands[index];
                    places.extend((0..across * down).map(|number| {
                        let row = row * down + number / across;
                        Place {
                            component: index,
                            tables,
                            transform: Transform::of(plane.size),
                            columns: plane.columns(),
                            rows: plane.rows(row),
                            across,
                            number: number % across,
                            start: band.start(row),
                        }
                    }));
                }
                let mut bands = output.bands.iter_mut();
                let mut samples: [&mut [u8]; 4] =
                    array::from_fn(|_| bands.next().map_or(&mut [][..], |band| band.half(mcu_row)));
                for column in 0..columns {
                    if segments.is_restart() {
                        predictions = [0; 4];
                    }
                    let has_data = segments.has_data();
                    segments.read(|bits| {
                        for place in &places {
                            let column = column * place.across + place.number;
                            let wanted = Wanted {
                                rows: place.rows,
                                columns: place.columns[column],
                            };
                            let prediction = &mut predictions[place.component % 4];
                            if wanted.rows == 0 || wanted.columns == 0 {
                                if has_data {
                                    place.tables.skip(bits, prediction);
                                }
                                continue;
                            }
                            let size = place.transform.size;
                            if has_data && size == 1 {
                                place.tables.mean(bits, prediction, &mut block);
                            } else if has_data {
                                place.tables.block(bits, prediction, &mut block);
                            }
                            let samples = &mut samples[place.component % 4];
                            let samples = &mut samples[place.start + column * size * size..];
                            place.transform.run(vectors, &block, wanted, samples);
                            block.clear();
                        }
                    });
                }
            }
            output.advance(vectors, mcu_row, mcu_row + 1 == frame.mcu_rows);
        }
        Ok(())
    }

    /// Makes pixels of coefficients.
    #[inline(always)]
    fn transform<V: Vectors>(
        &self,
        vectors: V,
        plan: &Plan,
        planes: &[Coefficients],
        output: &mut Output,
    ) {
        let frame = &self.frame;
        let mut block = Block::new();
        for mcu_row in 0..frame.mcu_rows {
            for (index, component) in frame.components.iter().enumerate() {
                let plane = &plan.planes[index];
                let transform = Transform::of(plane.size);
                let band = &mut output.bands[index];
                for y in mcu_row * component.down..(mcu_row + 1) * component.down {
                    let start = band.start(y);
                    let half = &mut band.half(mcu_row)[start..];
                    for x in 0..component.block_columns {
                        let Some(wanted) = plane.wanted(x, y) else {
                            continue;
                        };
                        planes[index].block(x, y, &V::ORDER, &mut block);
                        let samples = &mut half[x * plane.size * plane.size..];
                        transform.run(vectors, &block, wanted, samples);
                        block.clear();
                    }
                }
            }
            output.advance(vectors, mcu_row, mcu_row + 1 == frame.mcu_rows);
        }
    }
}
