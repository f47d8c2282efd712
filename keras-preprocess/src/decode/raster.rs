//! Pictures that the `image` crate decodes: PNG, BMP and WebP.

use image::{ColorType, ImageDecoder, metadata::Orientation};

use super::{Format, Limits, Source, from_image};
use crate::{
    error::Error,
    picture::{Picture, Samples},
};

/// Bytes a pixel at most: RGBA with 16 bits a sample.
const MAX_PIXEL_BYTES: u64 = 8;

/// The decoder's own limits. They also bound what metadata may take.
pub(super) fn allocations(limits: &Limits) -> image::Limits {
    let mut allocations = image::Limits::no_limits();
    allocations.max_alloc = Some(limits.max_pixels.saturating_mul(MAX_PIXEL_BYTES));
    allocations
}

/// Checks the size that the header announces, then decodes.
pub(super) fn read(
    mut decoder: impl ImageDecoder,
    format: Format,
    limits: &Limits,
) -> Result<Source, Error> {
    let (width, height) = decoder.dimensions();
    limits.check_size(format.name(), width, height)?;
    decoder
        .set_limits(allocations(limits))
        .map_err(|error| from_image(format, limits, &error))?;

    // Damaged metadata say nothing, and are no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let samples = match decoder.color_type() {
        ColorType::L8 => Samples::Grey8,
        ColorType::La8 => Samples::GreyAlpha8,
        ColorType::Rgb8 => Samples::Rgb8,
        ColorType::Rgba8 => Samples::Rgba8,
        ColorType::L16 => Samples::Grey16,
        ColorType::La16 => Samples::GreyAlpha16,
        ColorType::Rgb16 => Samples::Rgb16,
        ColorType::Rgba16 => Samples::Rgba16,
        other => {
            return Err(Error::Unsupported(format!(
                "{} pictures with samples of kind {other:?} are not supported",
                format.name()
            )));
        }
    };
    // The product is checked: the pixels are bounded above, and a pixel has at most eight bytes.
    let mut bytes = vec![0; decoder.total_bytes() as usize];
    decoder
        .read_image(&mut bytes)
        .map_err(|error| from_image(format, limits, &error))?;
    let picture = Picture::new(width, height, samples, bytes)?;
    Ok(Source {
        width,
        height,
        picture,
        orientation,
    })
}

/// Marks a PNG's 16-bit grey for Pillow's treatment of it.
///
/// Pillow opens it as mode `I;16`, whose conversion to RGB clips at 255 instead of taking the
/// high byte. With a transparent colour the decoder hands out grey with alpha, which Pillow would
/// open as `LA`; only the colour type in the header (byte 25, always in the first chunk) tells
/// the two apart.
pub(super) fn clip_grey_16(picture: Picture, bytes: &[u8]) -> Picture {
    const GREY: u8 = 0;
    if bytes.get(25) != Some(&GREY) {
        return picture;
    }
    match picture.samples() {
        Samples::Grey16 | Samples::GreyAlpha16 => picture.clipped(),
        _ => picture,
    }
}
