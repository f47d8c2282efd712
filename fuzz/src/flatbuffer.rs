//! Finds the fields of a FlatBuffer without its schema, by what they look like.

/// A number in the file that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub at: usize,
    /// How many bytes it has: 1, 2, 4 or 8.
    pub size: usize,
}

/// Larger files are looked at only so far.
const MAX_PLACES: usize = 1 << 14;
/// Vectors are looked at only so far.
const MAX_ELEMENTS: usize = 256;
/// Tables have few fields.
const MAX_FIELDS: usize = 64;

/// All fields, entries of tables' lists of fields, lengths and elements of vectors.
pub fn places(file: &[u8]) -> Vec<Place> {
    let mut walk = Walk {
        file,
        seen: vec![false; file.len()],
        found: Vec::new(),
    };
    if let Some(root) = walk.follow(0) {
        walk.table(root);
    }
    walk.found
}

struct Walk<'a> {
    file: &'a [u8],
    seen: Vec<bool>,
    found: Vec<Place>,
}

impl Walk<'_> {
    fn u16(&self, at: usize) -> Option<usize> {
        let bytes = self.file.get(at..)?.first_chunk()?;
        Some(usize::from(u16::from_le_bytes(*bytes)))
    }

    fn u32(&self, at: usize) -> Option<usize> {
        let bytes = self.file.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    /// Where the offset at `at` leads to.
    fn follow(&self, at: usize) -> Option<usize> {
        let target = at.checked_add(self.u32(at).filter(|&offset| offset >= 4)?)?;
        (target % 4 == 0 && target + 4 <= self.file.len()).then_some(target)
    }

    /// The list of fields of a table at `at`, if it looks like one: where it is, and how many.
    fn fields(&self, at: usize) -> Option<(usize, usize)> {
        let offset = i32::from_le_bytes(*self.file.get(at..)?.first_chunk()?);
        let list = isize::try_from(at).ok()? - isize::try_from(offset).ok()?;
        let list = usize::try_from(list).ok()?;
        let (length, table) = (self.u16(list)?, self.u16(list + 2)?);
        let fits = length >= 4 && length % 2 == 0 && table >= 4 && list + length <= self.file.len();
        let count = (length / 2).checked_sub(2)?;
        (fits && count <= MAX_FIELDS).then_some((list, count))
    }

    fn note(&mut self, at: usize, size: usize) {
        if at + size <= self.file.len() && self.found.len() < MAX_PLACES {
            self.found.push(Place { at, size });
        }
    }

    fn table(&mut self, at: usize) {
        let Some((list, count)) = self.fields(at) else {
            return;
        };
        if self.found.len() >= MAX_PLACES || std::mem::replace(&mut self.seen[at], true) {
            return;
        }
        let offsets: Vec<(usize, usize)> = (0..count)
            .map(|field| list + 4 + 2 * field)
            .filter_map(|entry| Some((entry, self.u16(entry)?)))
            .collect();
        let table = self.u16(list + 2).unwrap_or(0);
        for &(entry, offset) in &offsets {
            self.note(entry, 2);
            if offset < 4 {
                continue;
            }
            let ends = offsets.iter().map(|&(_, other)| other);
            let next = ends.filter(|&other| other > offset).min().unwrap_or(table);
            let place = at + offset;
            match next.saturating_sub(offset) {
                8.. if place % 8 == 4 && self.follow(place).is_none() => self.note(place, 4),
                8.. if self.follow(place).is_none() => self.note(place, 8),
                4.. if place % 4 == 0 => {
                    self.note(place, 4);
                    if let Some(target) = self.follow(place) {
                        self.anything(target);
                    }
                }
                2..4 if place % 2 == 0 => self.note(place, 2),
                _ => self.note(place, 1),
            }
        }
    }

    /// A table, a vector or a string.
    fn anything(&mut self, at: usize) {
        if self.fields(at).is_some() {
            return self.table(at);
        }
        let Some(count) = self.u32(at) else {
            return;
        };
        if std::mem::replace(&mut self.seen[at], true) {
            return;
        }
        self.note(at, 4);
        let elements = (0..count.min(MAX_ELEMENTS)).map(|index| at + 4 + 4 * index);
        let elements: Vec<usize> = elements
            .take_while(|at| at + 4 <= self.file.len())
            .collect();
        for &element in &elements {
            self.note(element, 4);
            match self.follow(element) {
                Some(target) if self.fields(target).is_some() => self.table(target),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_model_are_found() {
        let (name, model) = &crate::models::sound()[0];
        let places = places(model.as_bytes());
        assert!(places.len() > 100, "{name}: {}", places.len());
        for size in [1, 2, 4] {
            assert!(places.iter().any(|place| place.size == size), "{size}");
        }
    }

    #[test]
    fn any_bytes_will_do() {
        for (_, model) in crate::models::sound().iter().take(20) {
            let bytes = model.as_bytes();
            for length in (0..bytes.len()).step_by(7) {
                places(&bytes[..length]);
            }
        }
        for byte in 0..=255 {
            places(&[byte; 64]);
        }
    }
}
