//! What the fuzz targets reach beside the public API.

#![forbid(unsafe_code)]

use crate::tensor::strings;

/// The strings in a tensor's memory; `None` if it contradicts itself.
pub fn parse_strings(memory: &[u8]) -> Option<Vec<&[u8]>> {
    strings::parse(memory)
}

/// A tensor's memory with these strings.
pub fn write_strings(given: &[&[u8]]) -> Vec<u8> {
    let total: usize = given.iter().map(|string| string.len()).sum();
    let mut memory = vec![0; 4 * (given.len() + 2) + total];
    strings::encode(&mut memory, given.len(), given.iter().copied());
    memory
}
