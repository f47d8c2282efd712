//! Whole trees in place, or none: locks, temporary folders, markers.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::select::Selection;
use crate::{Error, Pin, Progress};

/// File in an unpacked tree that says which pin it is of. It is written last.
const MARKER: &str = ".tflite-sys-source";

/// Whether `dir` is a tree that [`ensure`](crate::ensure) or [`vendor`](crate::vendor) finished for
/// this pin, with nothing that the pin keeps removed since.
pub fn is_complete(dir: &Path, pin: &Pin) -> bool {
    let marker = fs::read_to_string(dir.join(MARKER)).unwrap_or_default();
    marker.lines().next() == Some(pin.key().as_str())
        && Selection::new(pin).missing_in(dir).is_empty()
}

/// A lock that is held until it is dropped, or the process ends in whatever way.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock for the tree `dest`, or waits for the process that has it.
    pub(crate) fn take(dest: &Path, progress: &mut dyn Progress) -> Result<Self, Error> {
        let path = lock_path(dest);
        let file = open_lock(&path).map_err(|error| Error::io("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.note(&format!(
                    "another process is fetching {}; waiting for it",
                    dest.display()
                ));
                file.lock()
                    .map_err(|error| Error::io("lock", &path, error))?;
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
        }
        Ok(Self { _file: file })
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    // Never truncated or removed: another process may hold a lock on this very file.
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

/// `.name.suffix` beside `dest`.
fn beside(dest: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(dest.file_name().unwrap_or_default());
    name.push(suffix);
    dest.with_file_name(name)
}

fn lock_path(dest: &Path) -> PathBuf {
    beside(dest, ".lock")
}

/// A temporary folder that is removed when it is dropped.
struct Staging {
    path: PathBuf,
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After a rename it is gone; after a failure there is nobody to tell.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Fills a temporary folder beside `dest` and puts it in the place of `dest` in one step.
///
/// The caller holds the [`Lock`] of `dest`: a temporary folder found here belongs to a dead process.
pub(crate) fn put(
    dest: &Path,
    pin: &Pin,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let staging = Staging {
        path: beside(dest, ".tmp"),
    };
    remove(&staging.path)?;
    fs::create_dir(&staging.path).map_err(|error| Error::io("make", &staging.path, error))?;
    fill(&staging.path)?;
    let marker = staging.path.join(MARKER);
    let text = format!(
        "{}\n{}\nsha256 {}\n",
        pin.key(),
        pin.file_name(),
        pin.sha256
    );
    fs::write(&marker, text).map_err(|error| Error::io("write", &marker, error))?;
    remove(dest)?;
    fs::rename(&staging.path, dest).map_err(|error| Error::io("rename to", dest, error))
}

/// Removes temporary folders in `trees` whose process has died; those in use are locked.
pub(crate) fn sweep(trees: &Path) {
    let Ok(listing) = fs::read_dir(trees) else {
        return;
    };
    for entry in listing.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let stale = name
            .strip_prefix('.')
            .and_then(|name| name.strip_suffix(".tmp"));
        let Some(tree) = stale else { continue };
        // Tidying is no reason to fail.
        let Ok(lock) = open_lock(&lock_path(&trees.join(tree))) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether `dir` may be replaced: it is absent, empty, or a tree of ours.
pub(crate) fn is_ours(dir: &Path) -> Result<bool, Error> {
    match fs::read_dir(dir) {
        Ok(mut listing) => Ok(listing.next().is_none() || dir.join(MARKER).exists()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::io("list", dir, error)),
    }
}

fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", dir, error))
        }
        _ => Ok(()),
    }
}

/// Copies what the pin keeps of the unpacked tree `from` into the folder `dest`.
pub(crate) fn copy(from: &Path, dest: &Path, pin: &Pin) -> Result<(), Error> {
    let selection = Selection::new(pin);
    for component in &pin.components {
        copy_folder(from, dest, &component.folder, &selection)?;
    }
    Ok(())
}

fn copy_folder(
    from: &Path,
    dest: &Path,
    folder: &str,
    selection: &Selection<'_>,
) -> Result<(), Error> {
    let listed = from.join(folder);
    let mut made = false;
    for entry in fs::read_dir(&listed).map_err(|error| Error::io("list", &listed, error))? {
        let entry = entry.map_err(|error| Error::io("list", &listed, error))?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let kind = entry
            .file_type()
            .map_err(|error| Error::io("read", &entry.path(), error))?;
        if kind.is_dir() {
            copy_folder(from, dest, &path, selection)?;
        } else if selection.keeps(&path) {
            let target = dest.join(&path);
            if !made {
                let parent = dest.join(folder);
                fs::create_dir_all(&parent).map_err(|error| Error::io("make", &parent, error))?;
                made = true;
            }
            fs::copy(entry.path(), &target).map_err(|error| Error::io("write", &target, error))?;
        }
    }
    Ok(())
}
