//! Zip files of which the same content always makes the same bytes.

use std::fs::File;
use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::run::{Result, empty_folder};

/// A file in a zip.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    /// Its permissions, as those of a Unix file.
    pub(crate) mode: u32,
}

/// The zip's bytes. The order of the entries, and when files were written, do not show in them.
pub(crate) fn zip(entries: &mut [Entry]) -> Result<Vec<u8>> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(format!("two files are called {}", pair[0].name));
    }
    let failed = |error: &dyn std::fmt::Display| format!("the zip: {error}");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries.iter() {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            // The oldest that the format knows.
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(entry.mode);
        writer
            .start_file(entry.name.as_str(), options)
            .map_err(|error| failed(&error))?;
        writer
            .write_all(&entry.content)
            .map_err(|error| failed(&error))?;
    }
    let cursor = writer.finish().map_err(|error| failed(&error))?;
    Ok(cursor.into_inner())
}

/// Unpacks a zip as Lambda does, into a folder that it empties first.
pub(crate) fn unpack(zip: &Path, folder: &Path) -> Result<()> {
    empty_folder(folder)?;
    let file = File::open(zip).map_err(|error| format!("{}: {error}", zip.display()))?;
    ZipArchive::new(file)
        .and_then(|mut archive| archive.extract(folder))
        .map_err(|error| format!("{}: {error}", zip.display()))
}
