//! Pictures that come in several scans: the coefficients of the whole picture are kept.

use super::{
    Fault,
    bits::Reader,
    block::Block,
    entropy::{Places, Segments, Sequential, missing, prepare},
    header::{Frame, Header, Scan, ZIGZAG},
    huffman::Codes,
    vectors::Order,
};

/// More scans than this are an attack on the processor's time: a camera's progressive picture has
/// about ten, and each may cost as much as a picture.
const MAX_SCANS: usize = 500;

/// The coefficients of one component, block by block in the order of rows.
pub(super) struct Coefficients {
    values: Vec<i16>,
    columns: usize,
    /// The table that was in force at the first scan, in the file's order.
    quantization: Option<[u16; 64]>,
}

impl Coefficients {
    /// Dequantizes a block, which must be clear.
    pub(super) fn block(&self, column: usize, row: usize, order: &Order, block: &mut Block) {
        let start = (row * self.columns + column) * 64;
        let Some(quantization) = &self.quantization else {
            return;
        };
        let values = &self.values[start..start + 64];
        for (place, &factor) in ZIGZAG.iter().zip(quantization) {
            let place = usize::from(*place);
            let value = values[place].wrapping_mul(factor as i16);
            if value != 0 {
                block.set(order.places[place].into(), value);
            }
        }
    }
}

/// Reads all scans.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    header: &mut Header<'a>,
    frame: &Frame,
    first: Scan,
) -> Result<Vec<Coefficients>, Fault> {
    let mut planes: Vec<Coefficients> = frame
        .components
        .iter()
        .map(|component| Coefficients {
            values: vec![0; component.block_columns * component.block_rows * 64],
            columns: component.block_columns,
            quantization: None,
        })
        .collect();
    let mut next = Some(first);
    for _ in 0..MAX_SCANS {
        let Some(scan) = next else {
            return Ok(planes);
        };
        for part in &scan.parts {
            let number = frame.components[part.component].quantization;
            let table = header.quantization.get(number).copied().flatten();
            let plane = &mut planes[part.component];
            plane.quantization = plane.quantization.or(table);
            if plane.quantization.is_none() {
                return Err(missing());
            }
        }
        read_scan(bytes, header, frame, &scan, &mut planes)?;
        next = header.advance(bytes)?;
    }
    Err(Fault::invalid("there are more than 500 scans"))
}

fn read_scan(
    bytes: &[u8],
    header: &mut Header,
    frame: &Frame,
    scan: &Scan,
    planes: &mut [Coefficients],
) -> Result<(), Fault> {
    if !frame.progressive {
        prepare(header, scan, false, false)?;
    }
    let mut segments = Segments::new(bytes, header.at, header.restart_interval);
    let mut band = Band::new(scan);
    // The coefficients are dequantized when all scans are there.
    let places = Places::new(&[0; 64], &Order::ROWS);
    let decoders = scan.parts.iter().map(|&part| {
        if frame.progressive {
            let dc = header.dc[part.dc].as_ref().map(|dc| &dc.codes);
            let ac = header.ac[part.ac].as_ref().map(|ac| &ac.codes);
            return match (scan.first, scan.high) {
                (0, 0) => {
                    let codes = dc.ok_or_else(missing)?;
                    if !codes.fits_dc() {
                        return Err(Fault::invalid("a Huffman table has impossible symbols"));
                    }
                    Ok(Decoder::DcFirst(codes))
                }
                (0, _) => Ok(Decoder::DcRefine),
                (_, 0) => Ok(Decoder::AcFirst(ac.ok_or_else(missing)?)),
                (_, _) => Ok(Decoder::AcRefine(ac.ok_or_else(missing)?)),
            };
        }
        Sequential::new(header, part, &places).map(Decoder::Sequential)
    });
    let decoders: Vec<Decoder> = decoders.collect::<Result<_, Fault>>()?;
    let mut predictions = vec![0_i32; scan.parts.len()];

    let mut mcu = |blocks: &mut dyn FnMut(&mut Reader, &mut Band, &mut [i32])| {
        if segments.is_restart() {
            predictions.fill(0);
            band.run = 0;
        }
        if segments.has_data() {
            segments.read(|bits| blocks(bits, &mut band, &mut predictions));
        }
    };
    if let ([part], [decoder]) = (scan.parts.as_slice(), decoders.as_slice()) {
        let component = &frame.components[part.component];
        let plane = &mut planes[part.component];
        for row in 0..component.own_rows {
            for column in 0..component.own_columns {
                let start = (row * plane.columns + column) * 64;
                let block = &mut plane.values[start..start + 64];
                mcu(&mut |bits, band, predictions| {
                    decoder.block(bits, band, &mut predictions[0], block);
                });
            }
        }
    } else {
        for (row, column) in (0..frame.mcu_rows)
            .flat_map(|row| (0..frame.mcu_columns).map(move |column| (row, column)))
        {
            mcu(&mut |bits, band, predictions| {
                for (index, part) in scan.parts.iter().enumerate() {
                    let component = &frame.components[part.component];
                    let plane = &mut planes[part.component];
                    for place in 0..component.across * component.down {
                        let column = column * component.across + place % component.across;
                        let row = row * component.down + place / component.across;
                        let start = (row * plane.columns + column) * 64;
                        let block = &mut plane.values[start..start + 64];
                        decoders[index].block(bits, band, &mut predictions[index], block);
                    }
                }
            });
        }
    }
    header.at = segments.end();
    Ok(())
}

/// The coefficients of a progressive scan.
struct Band {
    first: usize,
    last: usize,
    low: u32,
    /// How many blocks to come have no new coefficients.
    run: u32,
}

impl Band {
    fn new(scan: &Scan) -> Self {
        Self {
            first: scan.first,
            last: scan.last,
            low: scan.low,
            run: 0,
        }
    }
}

enum Decoder<'a> {
    Sequential(Sequential<'a>),
    DcFirst(&'a Codes),
    DcRefine,
    AcFirst(&'a Codes),
    AcRefine(&'a Codes),
}

impl Decoder<'_> {
    fn block(&self, bits: &mut Reader, band: &mut Band, prediction: &mut i32, block: &mut [i16]) {
        match self {
            Self::Sequential(tables) => tables.raw(bits, prediction, block),
            Self::DcFirst(codes) => {
                bits.refill();
                let size = u32::from(codes.take(bits));
                *prediction = prediction.wrapping_add(bits.take_signed(size));
                block[0] = (*prediction << band.low) as i16;
            }
            Self::DcRefine => {
                bits.refill();
                block[0] |= (bits.take(1) << band.low) as i16;
            }
            Self::AcFirst(codes) => ac_first(codes, bits, band, block),
            Self::AcRefine(codes) => ac_refine(codes, bits, band, block),
        }
    }
}

fn ac_first(codes: &Codes, bits: &mut Reader, band: &mut Band, block: &mut [i16]) {
    if band.run > 0 {
        band.run -= 1;
        return;
    }
    let mut at = band.first;
    while at <= band.last {
        bits.refill();
        let symbol = codes.take(bits);
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size > 0 {
            at += run;
            block[usize::from(ZIGZAG[at])] = (bits.take_signed(size) << band.low) as i16;
        } else if run == 15 {
            at += 15;
        } else {
            band.run = (1 << run) - 1 + bits.take(run as u32);
            return;
        }
        at += 1;
    }
}

fn ac_refine(codes: &Codes, bits: &mut Reader, band: &mut Band, block: &mut [i16]) {
    let (plus, minus) = (1_i16 << band.low, -1_i16 << band.low);
    let refine = |bits: &mut Reader, value: &mut i16| {
        bits.refill();
        if bits.take(1) == 1 && *value & plus == 0 {
            *value = value.wrapping_add(if *value >= 0 { plus } else { minus });
        }
    };
    let mut at = band.first;
    if band.run == 0 {
        while at <= band.last {
            bits.refill();
            let symbol = codes.take(bits);
            let (mut zeros, size) = (i32::from(symbol >> 4), symbol & 15);
            let value = match (size, zeros) {
                (0, 15) => 0,
                (0, run) => {
                    band.run = (1 << run) + bits.take(run as u32);
                    break;
                }
                _ if bits.take(1) == 1 => plus,
                _ => minus,
            };
            // Past so many zeros, refining what is not zero.
            while at <= band.last {
                let place = &mut block[usize::from(ZIGZAG[at])];
                if *place != 0 {
                    refine(bits, place);
                } else {
                    zeros -= 1;
                    if zeros < 0 {
                        break;
                    }
                }
                at += 1;
            }
            if size > 0 {
                block[usize::from(ZIGZAG[at])] = value;
            }
            at += 1;
        }
    }
    if band.run > 0 {
        while at <= band.last {
            let place = &mut block[usize::from(ZIGZAG[at])];
            if *place != 0 {
                refine(bits, place);
            }
            at += 1;
        }
        band.run -= 1;
    }
}
