//! The segments of a file: its frame, its tables and where its scans begin.

use super::{
    Fault,
    huffman::{Codes, Pairs, Skips, Steps},
};

mod marker {
    pub(super) const SOF_BASELINE: u8 = 0xC0;
    pub(super) const SOF_PROGRESSIVE: u8 = 0xC2;
    pub(super) const DHT: u8 = 0xC4;
    pub(super) const JPG: u8 = 0xC8;
    pub(super) const DAC: u8 = 0xCC;
    pub(super) const SOF_LAST: u8 = 0xCF;
    pub(super) const RST_FIRST: u8 = 0xD0;
    pub(super) const SOI: u8 = 0xD8;
    pub(super) const EOI: u8 = 0xD9;
    pub(super) const SOS: u8 = 0xDA;
    pub(super) const DQT: u8 = 0xDB;
    pub(super) const DRI: u8 = 0xDD;
    pub(super) const APP0: u8 = 0xE0;
    pub(super) const APP1: u8 = 0xE1;
    pub(super) const APP14: u8 = 0xEE;
    pub(super) const TEM: u8 = 0x01;
}

/// For each position in a file's order of coefficients the one in row-major order. The rest is
/// for runs that lead out of the block: like libjpeg they end at the last coefficient.
pub(super) static ZIGZAG: [u8; 80] = {
    let mut order = [63; 80];
    let (mut at, mut diagonal) = (0, 0);
    while diagonal < 15 {
        let mut step = 0;
        while step <= diagonal {
            // Even diagonals go up, odd ones down.
            let other = diagonal - step;
            let (row, column) = if diagonal % 2 == 0 {
                (other, step)
            } else {
                (step, other)
            };
            if row < 8 && column < 8 {
                order[at] = (row * 8 + column) as u8;
                at += 1;
            }
            step += 1;
        }
        diagonal += 1;
    }
    order
};

/// One of the picture's components, and where its samples are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of an MCU, across and down.
    pub(super) across: usize,
    pub(super) down: usize,
    /// Which quantization table.
    pub(super) quantization: usize,
    /// Blocks of the picture with those that fill up the last MCUs.
    pub(super) block_columns: usize,
    pub(super) block_rows: usize,
    /// Blocks that have a part in the picture. A scan of this component alone has only those.
    pub(super) own_columns: usize,
    pub(super) own_rows: usize,
}

/// The frame header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// The largest sampling factors.
    pub(super) across: usize,
    pub(super) down: usize,
    /// MCUs of a scan with all components.
    pub(super) mcu_columns: usize,
    pub(super) mcu_rows: usize,
}

/// One component of a scan, with its tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) component: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// A scan header.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    /// First and last coefficient.
    pub(super) first: usize,
    pub(super) last: usize,
    /// The bit that was sent before, zero for none, and the bit that is sent now.
    pub(super) high: u32,
    pub(super) low: u32,
}

/// A Huffman table and what is made of it on demand.
pub(super) struct Table {
    pub(super) codes: Codes,
    pub(super) steps: Option<Box<Steps>>,
    pub(super) pairs: Option<Box<Pairs>>,
    pub(super) skips: Option<Box<Skips>>,
}

/// What the segments so far have said.
#[derive(Default)]
pub(super) struct Header<'a> {
    /// The position behind the last segment.
    pub(super) at: usize,
    pub(super) frame: Option<Frame>,
    /// In the file's order of coefficients.
    pub(super) quantization: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
    /// MCUs between restart markers, zero for none.
    pub(super) restart_interval: usize,
    pub(super) is_jfif: bool,
    /// The transform that Adobe's marker names.
    pub(super) adobe: Option<u8>,
    pub(super) exif: Option<&'a [u8]>,
}

fn word(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at..at + 2) {
        Some(&[high, low]) => Ok(usize::from(u16::from_be_bytes([high, low]))),
        _ => Err(Fault::invalid("a segment is too short")),
    }
}

fn byte(bytes: &[u8], at: usize) -> Result<u8, Fault> {
    let short = Fault::invalid("a segment is too short");
    bytes.get(at).copied().ok_or(short)
}

/// The next marker at or behind `at`, and the position behind it. Other bytes are passed over.
pub(super) fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        match *bytes.get(at..at + 2)? {
            [0xFF, 0xFF] => at += 1,
            [0xFF, 0] => at += 2,
            [0xFF, marker] => return Some((marker, at + 2)),
            _ => at += 1,
        }
    }
}

impl<'a> Header<'a> {
    /// Reads the segments up to the next scan, or to the end of the picture.
    pub(super) fn advance(&mut self, bytes: &'a [u8]) -> Result<Option<Scan>, Fault> {
        loop {
            let Some((marker, at)) = next_marker(bytes, self.at) else {
                return Err(Fault::invalid(
                    "the file is cut off: its end marker is missing",
                ));
            };
            self.at = at;
            match marker {
                marker::EOI => return Ok(None),
                marker::SOI | marker::TEM | marker::RST_FIRST..marker::SOI => continue,
                _ => {}
            }
            let length = word(bytes, at)?;
            let segment = bytes.get(at + 2..at + length);
            let Some(segment) = segment else {
                return Err(Fault::invalid("a segment is cut off"));
            };
            self.at = at + length;
            match marker {
                marker::SOS => return self.scan(segment).map(Some),
                marker::DHT => self.huffman_tables(segment)?,
                marker::DQT => self.quantization_tables(segment)?,
                marker::DRI => self.restart_interval = word(segment, 0)?,
                marker::DAC | marker::JPG => {}
                marker::SOF_BASELINE..=marker::SOF_LAST => self.frame(marker, segment)?,
                marker::APP0 => self.is_jfif |= segment.starts_with(b"JFIF\0"),
                marker::APP1 => {
                    self.exif = self.exif.or(segment.strip_prefix(b"Exif\0\0"));
                }
                marker::APP14 if segment.starts_with(b"Adobe") && segment.len() >= 12 => {
                    self.adobe = Some(segment[11]);
                }
                _ => {}
            }
        }
    }

    fn frame(&mut self, marker: u8, segment: &[u8]) -> Result<(), Fault> {
        if self.frame.is_some() {
            return Err(Fault::invalid("there are two frame headers"));
        }
        if marker > marker::SOF_PROGRESSIVE {
            return Err(Fault::Unsupported(format!(
                "JPEG pictures of this kind are not supported: process {}",
                marker - marker::SOF_BASELINE
            )));
        }
        let precision = byte(segment, 0)?;
        if precision != 8 {
            return Err(Fault::Unsupported(format!(
                "JPEG pictures with {precision} bits a sample are not supported"
            )));
        }
        let (height, width) = (word(segment, 1)? as u32, word(segment, 3)? as u32);
        let count = usize::from(byte(segment, 5)?);
        if !matches!(count, 1 | 3 | 4) {
            return Err(Fault::Unsupported(format!(
                "JPEG pictures with {count} components are not supported"
            )));
        }
        let mut components = Vec::with_capacity(count);
        for index in 0..count {
            let factors = usize::from(byte(segment, 7 + 3 * index)?);
            let (across, down) = (factors >> 4, factors & 15);
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return Err(Fault::invalid("a sampling factor is not from 1 to 4"));
            }
            components.push(Component {
                id: byte(segment, 6 + 3 * index)?,
                across,
                down,
                quantization: usize::from(byte(segment, 8 + 3 * index)?),
                block_columns: 0,
                block_rows: 0,
                own_columns: 0,
                own_rows: 0,
            });
        }
        let largest = |factor: fn(&Component) -> usize| components.iter().map(factor).max();
        let across = largest(|component| component.across).unwrap_or(1);
        let down = largest(|component| component.down).unwrap_or(1);
        let mcu_columns = (width as usize).div_ceil(8 * across);
        let mcu_rows = (height as usize).div_ceil(8 * down);
        for component in &mut components {
            if across % component.across != 0 || down % component.down != 0 {
                return Err(Fault::Unsupported(
                    "JPEG pictures with fractional sampling are not supported".to_owned(),
                ));
            }
            component.block_columns = mcu_columns * component.across;
            component.block_rows = mcu_rows * component.down;
            component.own_columns = (width as usize * component.across).div_ceil(8 * across);
            component.own_rows = (height as usize * component.down).div_ceil(8 * down);
        }
        self.frame = Some(Frame {
            width,
            height,
            progressive: marker == marker::SOF_PROGRESSIVE,
            components,
            across,
            down,
            mcu_columns,
            mcu_rows,
        });
        Ok(())
    }

    fn quantization_tables(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        while let Some((&kind, rest)) = segment.split_first() {
            let (wide, index) = (kind >> 4 != 0, usize::from(kind & 15));
            let Some(place) = self.quantization.get_mut(index) else {
                return Err(Fault::invalid("a quantization table has a number above 3"));
            };
            let mut table = [0; 64];
            for (at, entry) in table.iter_mut().enumerate() {
                *entry = if wide {
                    word(rest, 2 * at)? as u16
                } else {
                    byte(rest, at)?.into()
                };
            }
            *place = Some(table);
            segment = &rest[if wide { 128 } else { 64 }..];
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        while let Some((&kind, rest)) = segment.split_first() {
            let Some((counts, rest)) = rest.split_first_chunk::<16>() else {
                return Err(Fault::invalid("a Huffman table is too short"));
            };
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let Some((symbols, rest)) = rest.split_at_checked(total) else {
                return Err(Fault::invalid("a Huffman table is too short"));
            };
            let codes = Codes::new(counts, symbols).map_err(Fault::invalid)?;
            let index = usize::from(kind & 15);
            let tables = match kind >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(Fault::invalid("a Huffman table has a number above 3")),
            };
            let Some(place) = tables.get_mut(index) else {
                return Err(Fault::invalid("a Huffman table has a number above 3"));
            };
            *place = Some(Table {
                codes,
                steps: None,
                pairs: None,
                skips: None,
            });
            segment = rest;
        }
        Ok(())
    }

    fn scan(&self, segment: &[u8]) -> Result<Scan, Fault> {
        let Some(frame) = &self.frame else {
            return Err(Fault::invalid("there is no frame header"));
        };
        let count = usize::from(byte(segment, 0)?);
        if !(1..=4).contains(&count) {
            return Err(Fault::invalid("a scan has no components or too many"));
        }
        let mut parts: Vec<Part> = Vec::with_capacity(count);
        for index in 0..count {
            let id = byte(segment, 1 + 2 * index)?;
            let tables = usize::from(byte(segment, 2 + 2 * index)?);
            let component = frame
                .components
                .iter()
                .position(|component| component.id == id);
            let Some(component) = component else {
                return Err(Fault::invalid(
                    "a scan names a component that does not exist",
                ));
            };
            if parts.iter().any(|part| part.component == component) {
                return Err(Fault::invalid("a scan names a component twice"));
            }
            let (dc, ac) = (tables >> 4, tables & 15);
            if dc > 3 || ac > 3 {
                return Err(Fault::invalid("a scan names a table with a number above 3"));
            }
            parts.push(Part { component, dc, ac });
        }
        let blocks = |part: &Part| {
            let component = &frame.components[part.component];
            component.across * component.down
        };
        // The standard's limit, which libjpeg enforces.
        if count > 1 && parts.iter().map(blocks).sum::<usize>() > 10 {
            return Err(Fault::invalid("an MCU has more than ten blocks"));
        }
        let at = 1 + 2 * count;
        let bits = u32::from(byte(segment, at + 2)?);
        let mut scan = Scan {
            parts,
            first: byte(segment, at)?.into(),
            last: byte(segment, at + 1)?.into(),
            high: bits >> 4,
            low: bits & 15,
        };
        if frame.progressive {
            let is_dc = scan.first == 0;
            let band = if is_dc {
                scan.last == 0
            } else {
                scan.first <= scan.last && scan.last < 64 && count == 1
            };
            let approximation = scan.low <= 13 && (scan.high == 0 || scan.high == scan.low + 1);
            if !band || !approximation {
                return Err(Fault::invalid(
                    "a progressive scan has impossible parameters",
                ));
            }
        } else {
            // libjpeg warns of other values and ignores them.
            (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0);
        }
        Ok(scan)
    }
}
