//! Damage that leaves a model readable: single fields change, mostly to values at the ends of
//! ranges.

use crate::flatbuffer::{Place, places};

/// Numbers that look random, and are the same for the same seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }
}

const ENDS: [i64; 20] = [
    0,
    1,
    -1,
    2,
    3,
    4,
    5,
    7,
    8,
    16,
    127,
    128,
    255,
    256,
    1 << 15,
    1 << 16,
    1 << 24,
    1 << 30,
    i32::MAX as i64,
    i32::MIN as i64,
];

/// Changes one to four fields. False if there is nothing to change.
pub fn change_fields(file: &mut [u8], random: &mut Random) -> bool {
    let places = places(file);
    if places.is_empty() {
        return false;
    }
    for _ in 0..=random.below(4) {
        let place = places[random.below(places.len())];
        let before = read(file, place);
        let after = match random.below(8) {
            0 | 1 => ENDS[random.below(ENDS.len())],
            2 => before.wrapping_add(1),
            3 => before.wrapping_sub(1),
            // Kinds of operators, types, dimensions and indices are small.
            4 => i64::try_from(random.below(16)).unwrap_or(0),
            5 => i64::try_from(random.below(256)).unwrap_or(0),
            6 => before ^ (1 << random.below(8 * place.size)),
            // What another field of the same size has.
            _ => {
                let same: Vec<Place> = places
                    .iter()
                    .copied()
                    .filter(|other| other.size == place.size)
                    .collect();
                read(file, same[random.below(same.len())])
            }
        };
        write(file, place, after);
    }
    true
}

fn read(file: &[u8], place: Place) -> i64 {
    let mut bytes = [0; 8];
    bytes[..place.size].copy_from_slice(&file[place.at..place.at + place.size]);
    let shift = 64 - 8 * place.size;
    (i64::from_le_bytes(bytes) << shift) >> shift
}

fn write(file: &mut [u8], place: Place, value: i64) {
    file[place.at..place.at + place.size].copy_from_slice(&value.to_le_bytes()[..place.size]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_damaged_models_are_still_accepted() {
        // Otherwise only the verifier would be tested.
        let models = crate::models::sound();
        let mut random = Random(1);
        let mut accepted = 0;
        let rounds = 4000;
        for round in 0..rounds {
            let mut bytes = models[round % models.len()].1.as_bytes().to_vec();
            assert!(change_fields(&mut bytes, &mut random));
            accepted += usize::from(tflite::Model::from_bytes(&bytes).is_ok());
        }
        assert!(accepted > rounds / 20, "{accepted}");
        assert!(accepted < rounds - rounds / 20, "{accepted}");
    }
}
