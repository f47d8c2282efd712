//! The first frame of a GIF, as Pillow shows it.
//!
//! Pillow keeps the palette's colour under transparent pixels, where a viewer would show what is
//! behind the picture. So the palette indices are decoded here, not finished pixels.

use std::num::NonZeroU64;

use ::gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::{Format, Limits};
use crate::{
    error::Error,
    picture::{Palette, Picture, Samples},
};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Error> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // Pillow skips what it does not know.
    options.allow_unknown_blocks(true);
    if let Some(pixels) = NonZeroU64::new(limits.max_pixels) {
        // One byte a pixel.
        options.set_memory_limit(MemoryLimit::Bytes(pixels));
    }
    let mut decoder = options.read_info(bytes).map_err(|error| invalid(&error))?;

    let screen = (u32::from(decoder.width()), u32::from(decoder.height()));
    let (extent, transparent) = match decoder.next_frame_info().map_err(|error| invalid(&error))? {
        Some(frame) => (
            Extent {
                left: frame.left.into(),
                top: frame.top.into(),
                width: frame.width.into(),
                height: frame.height.into(),
            },
            frame.transparent,
        ),
        None => {
            return Err(Error::Invalid {
                format: Format::Gif.name(),
                reason: "there is no frame".to_owned(),
            });
        }
    };
    // A frame that is larger than the screen enlarges the picture.
    let width = screen.0.max(extent.left + extent.width);
    let height = screen.1.max(extent.top + extent.height);
    limits.check_size(Format::Gif.name(), width, height)?;

    let mut frame = vec![0; decoder.buffer_size()];
    decoder
        .read_into_buffer(&mut frame)
        .map_err(|error| invalid(&error))?;
    let palette = match decoder.palette() {
        Ok(colours) => Palette::from_rgb(colours),
        Err(_) => Palette::grey(),
    };

    let indices = if (extent.width, extent.height) == (width, height) {
        frame
    } else {
        extent.place(&frame, width, height, transparent.unwrap_or(0))
    };
    Picture::new(width, height, Samples::Indexed(palette), indices)
}

/// Where the frame lies on the picture, in pixels.
struct Extent {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Extent {
    /// Puts the frame on a picture that is `background` elsewhere. The picture contains it.
    fn place(&self, frame: &[u8], width: u32, height: u32, background: u8) -> Vec<u8> {
        let mut picture = vec![background; width as usize * height as usize];
        if self.width == 0 {
            return picture;
        }
        let rows = picture
            .chunks_exact_mut(width as usize)
            .skip(self.top as usize);
        for (row, source) in rows.zip(frame.chunks_exact(self.width as usize)) {
            row[self.left as usize..][..source.len()].copy_from_slice(source);
        }
        picture
    }
}

fn invalid(error: &DecodingError) -> Error {
    Error::Invalid {
        format: Format::Gif.name(),
        reason: error.to_string(),
    }
}
