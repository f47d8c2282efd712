//! The first page of a TIFF, as far as Pillow and the `tiff` crate agree on it.

use std::io::Cursor;

use ::tiff::{ColorType, TiffError, decoder, tags::Tag};
use image::metadata::Orientation;

use super::{Format, Limits, Source};
use crate::{
    error::{Error, Unit},
    picture::{Picture, Samples},
};

/// Bytes a pixel at most: RGBA with 16 bits a sample.
const MAX_PIXEL_BYTES: u64 = 8;

type Decoder<'a> = decoder::Decoder<Cursor<&'a [u8]>>;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Source, Error> {
    let fault = |error: TiffError| fault(&error, limits);
    let allowed = usize::try_from(limits.max_pixels.saturating_mul(MAX_PIXEL_BYTES));
    let allowed = allowed.unwrap_or(usize::MAX);
    let mut bounds = decoder::Limits::default();
    bounds.decoding_buffer_size = allowed;
    bounds.intermediate_buffer_size = allowed;
    let mut decoder = Decoder::new(Cursor::new(bytes))
        .map_err(fault)?
        .with_limits(bounds);
    let (width, height) = decoder.dimensions().map_err(fault)?;
    limits.check_size(Format::Tiff.name(), width, height)?;

    let colours = decoder.colortype().map_err(fault)?;
    let mut tag = |tag, default| {
        let value = decoder.find_tag_unsigned::<u16>(tag).map_err(fault);
        Ok::<_, Error>(value?.unwrap_or(default))
    };
    let orientation = tag(Tag::Orientation, 1)?;
    let orientation = u8::try_from(orientation)
        .ok()
        .and_then(Orientation::from_exif);
    let planes = tag(Tag::PlanarConfiguration, 1)?;
    let fill_order = tag(Tag::FillOrder, 1)?;
    let is_inverted = tag(Tag::PhotometricInterpretation, 1)? == 0;
    let sample_format = decoder
        .find_tag_unsigned_vec::<u16>(Tag::SampleFormat)
        .map_err(fault)?;
    let extra = decoder
        .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
        .map_err(fault)?;
    let is_unsigned = sample_format.is_none_or(|formats| formats.iter().all(|&format| format == 1));
    // Colours that are multiplied with alpha.
    let is_associated = extra.is_some_and(|kinds| kinds.contains(&1));
    if (planes != 1 && colours.num_samples() > 1)
        || fill_order != 1
        || !is_unsigned
        || is_associated
    {
        return Err(unsupported(&format!("{colours:?} in an unusual layout")));
    }

    let samples = match colours {
        ColorType::Gray(1 | 2 | 4 | 8) => Samples::Grey8,
        ColorType::Gray(16) => Samples::ClippedGrey16 { stride: 2 },
        // Pillow names the second sample without saying that it is alpha.
        ColorType::GrayA(8)
        | ColorType::Multiband {
            bit_depth: 8,
            num_samples: 2,
        } if !is_inverted => Samples::GreyAlpha8,
        ColorType::RGB(8) => Samples::Rgb8,
        ColorType::RGBA(8) => Samples::Rgba8,
        ColorType::RGB(16) => Samples::Rgb16,
        ColorType::RGBA(16) => Samples::Rgba16,
        ColorType::CMYK(8) => Samples::InvertedCmyk8,
        other => return Err(unsupported(&format!("{other:?}"))),
    };
    let layout = decoder.image_buffer_layout().map_err(fault)?;
    if layout.complete_len as u64 > allowed as u64 {
        return Err(too_large(limits));
    }
    let mut data = vec![0; layout.complete_len];
    decoder.read_image_bytes(&mut data).map_err(fault)?;
    let depth = colours.bit_depth();
    let mut data = if depth < 8 {
        unpack(&data, width, height, depth)
    } else {
        data
    };
    match colours {
        // Few bits are levels of the whole range.
        ColorType::Gray(depth @ (1 | 2 | 4)) => {
            let (largest, turned) = ((1_u8 << depth) - 1, if is_inverted { 255 } else { 0 });
            data.iter_mut()
                .for_each(|level| *level = (*level * (255 / largest)) ^ turned);
        }
        ColorType::CMYK(_) => data.iter_mut().for_each(|ink| *ink = 255 - *ink),
        _ => {}
    }
    Ok(Source {
        width,
        height,
        picture: Picture::new(width, height, samples, data)?,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
    })
}

/// One byte a sample from rows of packed samples.
fn unpack(data: &[u8], width: u32, height: u32, depth: u8) -> Vec<u8> {
    let depth = usize::from(depth);
    let width = width as usize;
    let mut samples = Vec::with_capacity(width * height as usize);
    for row in data
        .chunks_exact((width * depth).div_ceil(8))
        .take(height as usize)
    {
        samples.extend((0..width).map(|x| {
            let bit = x * depth;
            row[bit / 8] >> (8 - depth - bit % 8) & ((1 << depth) - 1) as u8
        }));
    }
    samples
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported(format!(
        "TIFF pictures of this kind are not supported: {what}"
    ))
}

fn too_large(limits: &Limits) -> Error {
    Error::TooLarge {
        what: "what the TIFF picture needs".to_owned(),
        limit: limits.max_pixels,
        unit: Unit::Pixels,
    }
}

fn fault(error: &TiffError, limits: &Limits) -> Error {
    match error {
        TiffError::LimitsExceeded => too_large(limits),
        TiffError::UnsupportedError(reason) => unsupported(&reason.to_string()),
        other => Error::Invalid {
            format: Format::Tiff.name(),
            reason: other.to_string(),
        },
    }
}
