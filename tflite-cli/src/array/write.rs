//! Writing files so that a reader never sees half of one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{Array, npy, npz};

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A folder with one `.npy` file for each array.
    Folder,
    /// One `.npz` file.
    Archive,
}

impl Format {
    /// A path that ends in `.npz` is an archive, any other one a folder.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("npz") => Self::Archive,
            _ => Self::Folder,
        }
    }
}

/// Writes arrays, whose names must be good as file names. Returns the path of each; if that fails,
/// which path it was.
pub(crate) fn write(
    path: &Path,
    format: Format,
    arrays: &[(String, Array)],
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    if format == Format::Archive {
        atomically(path, |file| npz::write(arrays, file)).map_err(at(path))?;
        return Ok(vec![path.to_owned(); arrays.len()]);
    }
    fs::create_dir_all(path).map_err(at(path))?;
    let write_one = |(name, array): &(String, Array)| {
        let file = path.join(format!("{name}.npy"));
        let result = atomically(&file, |out| {
            let mut out = BufWriter::new(out);
            npy::write(array, &mut out)?;
            out.flush()
        });
        result.map_err(at(&file)).map(|()| file)
    };
    arrays.iter().map(write_one).collect()
}

/// Writes a temporary file beside `path` and renames it, so that there is the old file or the whole
/// new one at any time.
fn atomically(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(hidden);
    // A new file: one that is there, or a link, may be somebody else's.
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(&temporary)?;
    let result = write(&mut file).and_then(|()| {
        drop(file);
        fs::rename(&temporary, path)
    });
    if result.is_err() {
        // The first error says more than this one would.
        let _ = fs::remove_file(&temporary);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.npy");
        fs::write(&path, "old").expect("writable");
        let error = atomically(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("full"))
        });
        assert_eq!(error.expect_err("full").to_string(), "full");
        assert_eq!(fs::read(&path).expect("readable"), b"old");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
        atomically(&path, |file| file.write_all(b"new")).expect("writable");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
    }

    #[test]
    fn the_extension_says_what_is_written() {
        assert_eq!(Format::of(Path::new("a/b.NPZ")), Format::Archive);
        assert_eq!(Format::of(Path::new("a/b")), Format::Folder);
        assert_eq!(Format::of(Path::new("a/.npz")), Format::Folder);
    }
}
