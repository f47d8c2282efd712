//! Which pixels nearest-neighbour resizing takes.

/// The source position of each of `target` positions, as Pillow's `resize(…, NEAREST)` takes
/// them from `source` pixels: those under the centres of the target pixels.
///
/// Pillow adds up the positions in doubles instead of multiplying. The rounding errors then
/// decide where a centre falls on the edge between two pixels, so this adds up too.
///
/// ```
/// use keras_preprocess::resize::nearest;
///
/// // Four pixels become two: the centres 1.0 and 3.0 lie in the second and the fourth.
/// assert!(nearest(4, 2).eq([1, 3]));
/// // Two become three: the centres are 1/3, 1 and 5/3.
/// assert!(nearest(2, 3).eq([0, 1, 1]));
/// ```
pub fn nearest(source: u32, target: u32) -> impl Iterator<Item = u32> {
    let scale = f64::from(source) / f64::from(target);
    let mut centre = scale * 0.5;
    (0..target).map(move |_| {
        // The sum stays half a step away from `source`, which no rounding error bridges; the
        // minimum only spares the caller from having to know that.
        let position = (centre as u32).min(source.saturating_sub(1));
        centre += scale;
        position
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_is_a_copy() {
        for size in [1, 2, 3, 7, 224, 299, 65_535] {
            assert!(nearest(size, size).eq(0..size), "{size}");
        }
    }

    #[test]
    fn positions_rise_and_stay_inside() {
        for source in [1, 2, 5, 100, 299, 4032, 65_535] {
            for target in [1, 3, 96, 150, 224, 299, 1000, 10_000] {
                let positions: Vec<u32> = nearest(source, target).collect();
                assert_eq!(positions.len(), target as usize);
                assert!(positions.is_sorted());
                assert!(positions.iter().all(|&position| position < source));
            }
        }
    }

    #[test]
    fn centres_decide() {
        assert!(nearest(4, 2).eq([1, 3]));
        assert!(nearest(2, 4).eq([0, 0, 1, 1]));
        assert!(nearest(10, 1).eq([5]));
        assert!(nearest(1, 3).eq([0, 0, 0]));
    }
}
