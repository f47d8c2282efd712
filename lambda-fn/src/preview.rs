//! The picture as the model sees it, for pages that may not load it from its own server.

use base64::{Engine, engine::general_purpose::STANDARD};
use keras_preprocess::{Picture, resize::nearest};

/// More pixels a side are not needed to recognise a picture.
const MAX_SIDE: u32 = 256;

/// The header of a file and the header of a picture in it.
const HEADER: u32 = 14 + 40;

/// A data URL with a BMP picture of `width` times `height` pixels, or fewer in the same
/// proportions: the pixels that nearest-neighbour resizing to that size takes.
///
/// BMP needs no encoder, and every browser shows it.
pub(crate) fn data_url(picture: &Picture, width: u32, height: u32) -> String {
    let columns = positions(picture.width(), width, width.max(height));
    let rows = positions(picture.height(), height, width.max(height));
    let bmp = bmp(picture, &columns, &rows);
    format!("data:image/bmp;base64,{}", STANDARD.encode(bmp))
}

/// Which of `source` pixels become the input's `target`, and which of those are shown if the
/// longest side of the input is `longest`.
fn positions(source: u32, target: u32, longest: u32) -> Vec<u32> {
    let taken: Vec<u32> = nearest(source, target).collect();
    if longest <= MAX_SIDE {
        return taken;
    }
    let shown = u64::from(target) * u64::from(MAX_SIDE) / u64::from(longest);
    let shown = nearest(target, (shown as u32).max(1));
    shown.map(|index| taken[index as usize]).collect()
}

fn bmp(picture: &Picture, columns: &[u32], rows: &[u32]) -> Vec<u8> {
    // Rows begin at multiples of four bytes.
    let stride = (columns.len() * 3).next_multiple_of(4);
    let size = (stride * rows.len()) as u32;
    let mut file = Vec::with_capacity((HEADER + size) as usize);
    file.extend_from_slice(b"BM");
    for number in [HEADER + size, 0, HEADER, 40, columns.len() as u32] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    // A negative height: the first row is the topmost one.
    file.extend_from_slice(&(-(rows.len() as i32)).to_le_bytes());
    // One plane, 24 bits a pixel.
    file.extend_from_slice(&[1, 0, 24, 0]);
    for number in [0, size, 0, 0, 0, 0_u32] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    for &y in rows {
        let end = file.len() + stride;
        for &x in columns {
            let [red, green, blue] = picture.rgb(x, y);
            file.extend_from_slice(&[blue, green, red]);
        }
        file.resize(end, 0);
    }
    file
}

#[cfg(test)]
mod tests {
    use keras_preprocess::{Format, Limits, decode, picture::Samples};

    use super::*;

    fn shown(picture: &Picture, width: u32, height: u32) -> Picture {
        let url = data_url(picture, width, height);
        let bytes = STANDARD
            .decode(url.strip_prefix("data:image/bmp;base64,").unwrap())
            .unwrap();
        let (format, shown) = decode(&bytes, &Limits::default()).unwrap();
        assert_eq!(format, Format::Bmp);
        shown
    }

    #[test]
    fn small_pictures_are_what_the_model_sees() {
        let bytes: Vec<u8> = (0..5 * 3 * 3).map(|byte| byte * 5).collect();
        let picture = Picture::new(5, 3, Samples::Rgb8, bytes).unwrap();
        let same = shown(&picture, 5, 3);
        for (x, y) in [(0, 0), (4, 0), (0, 2), (4, 2), (2, 1)] {
            assert_eq!(same.rgb(x, y), picture.rgb(x, y));
        }
        let larger = shown(&picture, 10, 6);
        assert_eq!((larger.width(), larger.height()), (10, 6));
        assert_eq!(larger.rgb(9, 5), picture.rgb(4, 2));
    }

    #[test]
    fn large_inputs_are_shown_smaller() {
        let picture = Picture::new(1, 1, Samples::Rgb8, vec![7, 8, 9]).unwrap();
        let small = shown(&picture, 1024, 512);
        assert_eq!((small.width(), small.height()), (256, 128));
        assert_eq!(small.rgb(255, 127), [7, 8, 9]);
        let flat = shown(&picture, 16_384, 1);
        assert_eq!((flat.width(), flat.height()), (256, 1));
    }
}
