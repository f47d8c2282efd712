//! Archives of `.npy` files.

use std::io::{self, Read, Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Array, Elements, MAX_BYTES, Problem, npy};

/// How a file starts that is no empty archive.
pub(super) const MAGIC: &[u8; 4] = b"PK\x03\x04";

/// How many files an archive may have.
const MAX_ARRAYS: usize = 4096;

/// All arrays with their names.
pub(super) fn read(file: impl Read + Seek) -> Result<Vec<(String, Array)>, Problem> {
    let damaged = |error: &dyn std::fmt::Display| Problem::Archive(error.to_string());
    let mut archive = ZipArchive::new(file).map_err(|error| damaged(&error))?;
    if archive.len() > MAX_ARRAYS {
        return Err(Problem::TooManyArrays {
            actual: archive.len(),
            max: MAX_ARRAYS,
        });
    }
    let mut arrays = Vec::new();
    // What all of them have together is limited, too: a small file can unpack to many large ones.
    let mut left = MAX_BYTES;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        // The name is never used as a path.
        let name = entry.name().map_err(|error| damaged(&error))?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let array = npy::read(entry, left);
        let array = array.map_err(|problem| damaged(&format!("{name:?}: {problem}")))?;
        left = left.saturating_sub(size(&array));
        arrays.push((name, array));
    }
    if arrays.is_empty() {
        return Err(Problem::NoArray);
    }
    Ok(arrays)
}

fn size(array: &Array) -> u64 {
    let bytes = match &array.elements {
        Elements::Plain(_, bytes) => bytes.len(),
        // Each takes memory besides its bytes.
        Elements::Strings(strings) => strings.iter().map(|string| string.len() + 32).sum(),
    };
    bytes as u64
}

/// Writes arrays, compressed.
pub(super) fn write(arrays: &[(String, Array)], out: impl Write + Seek) -> io::Result<()> {
    let mut archive = ZipWriter::new(out);
    for (name, array) in arrays {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true);
        archive.start_file(format!("{name}.npy"), options)?;
        npy::write(array, &mut archive)?;
    }
    archive.finish()?.flush()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tflite::TensorType;

    use super::*;

    fn archive() -> Vec<u8> {
        let array = |byte| Array {
            shape: vec![100],
            elements: Elements::Plain(TensorType::UInt8, vec![byte; 100]),
        };
        let mut file = Cursor::new(Vec::new());
        let arrays = [("a".to_owned(), array(1)), ("../b".to_owned(), array(2))];
        write(&arrays, &mut file).expect("memory");
        file.into_inner()
    }

    #[test]
    fn what_was_written_is_read() {
        let arrays = read(Cursor::new(archive())).expect("valid");
        let names: Vec<_> = arrays.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, ["a", "../b"]);
        let twos = Elements::Plain(TensorType::UInt8, vec![2; 100]);
        assert_eq!(arrays[1].1.elements, twos);
    }

    #[test]
    fn damage_is_an_error_or_harmless() {
        let whole = archive();
        for length in 0..whole.len() {
            read(Cursor::new(&whole[..length])).expect_err("cut off");
        }
        let mut errors = 0;
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 1 << (index % 8);
            errors += usize::from(read(Cursor::new(damaged)).is_err());
        }
        // Times and such can be anything, most cannot.
        assert!(errors * 2 > whole.len(), "{errors} of {}", whole.len());
    }

    #[test]
    fn an_archive_without_arrays_is_said_to_be_one() {
        let mut file = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        file.start_file("readme.txt", options).expect("memory");
        let file = file.finish().expect("memory");
        assert!(matches!(read(file), Err(Problem::NoArray)));
    }
}
