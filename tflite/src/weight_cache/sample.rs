//! A checksum of a model that does not read all of its weights.

#![forbid(unsafe_code)]

use twox_hash::XxHash3_128;

use crate::schema::field::model as at;
use crate::schema::table::{Buffer, Malformed};
use crate::schema::{self, Content};

/// Contents of buffers up to this length count whole.
const SMALL: usize = 4096;

/// Of longer ones so many places, the first and the last bytes among them,
const PLACES: usize = 4;

/// of so many bytes.
const PLACE: usize = 512;

/// A checksum of all that is no large constant: operators, tensors, shapes, scales, small
/// constants, and where the large ones lie; and of some places in each of those.
///
/// Two models with the same checksum have the same graph, so that packed weights of one have the
/// lengths that the other needs. That another training gives the same numbers in all places, in
/// all tensors, does not happen by mistake; it can be made to happen.
pub(super) fn sample(bytes: &[u8]) -> u128 {
    let mut hash = XxHash3_128::new();
    hash.write(&bytes.len().to_le_bytes());
    // The verifier has read it, so that it is well formed. Whole is right in any case.
    let large = large_constants(bytes).unwrap_or_default();
    let mut position = 0;
    for (start, end) in large {
        // Constants may share their bytes.
        let start = start.max(position);
        let Some(content) = bytes
            .get(start..end)
            .filter(|content| content.len() > SMALL)
        else {
            continue;
        };
        hash.write(bytes.get(position..start).unwrap_or_default());
        for place in 0..PLACES {
            let from = place * (content.len() - PLACE) / (PLACES - 1);
            hash.write(content.get(from..from + PLACE).unwrap_or_default());
        }
        position = end;
    }
    hash.write(bytes.get(position..).unwrap_or_default());
    hash.finish_128()
}

/// Where they start and end, in order.
fn large_constants(bytes: &[u8]) -> Result<Vec<(usize, usize)>, Malformed> {
    let buffer = Buffer::new(bytes);
    let root = schema::root(&buffer)?;
    let mut large = Vec::new();
    for buffer in root.tables(at::BUFFERS)?.unwrap_or_default() {
        let content = Content::of(&buffer)?.bytes(bytes).unwrap_or_default();
        let start = content.as_ptr().addr().checked_sub(bytes.as_ptr().addr());
        if let Some(start) = start.filter(|_| content.len() > SMALL) {
            large.push((start, start + content.len()));
        }
    }
    large.sort_unstable();
    Ok(large)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &[u8] = include_bytes!("../../../model/clothing.tflite");

    #[test]
    fn little_is_read_and_all_but_large_constants_counts() {
        let large = large_constants(MODEL).expect("a model");
        let length: usize = large.iter().map(|(start, end)| end - start).sum();
        assert!(length > MODEL.len() / 10 * 9, "{length} of {}", MODEL.len());
        let whole = sample(MODEL);
        let mut bytes = MODEL.to_vec();
        let mut changed = |position: usize| {
            bytes[position] ^= 1;
            let changed = sample(&bytes) != whole;
            bytes[position] ^= 1;
            changed
        };
        for (start, end) in &large {
            assert!(changed(*start) && changed(end - 1), "{start} to {end}");
        }
        let (start, end) = large[0];
        assert!(changed(start - 1) && changed(end) && changed(MODEL.len() - 1));
        // Not each byte: that is the point.
        let (start, _) = large
            .iter()
            .max_by_key(|(start, end)| end - start)
            .expect("one");
        assert!(!changed(start + PLACE));
    }
}
