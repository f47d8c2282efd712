//! Reading and writing files of packed weights.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use twox_hash::XxHash3_128;

use super::format::{self, Description, HEADER};
use super::key::Key;

/// Packed weights that XNNPACK reads, or is going to write.
///
/// XNNPACK ends the process when it cannot write. So it never gets to write to a disk: only to
/// memory, from which this crate writes the file.
#[derive(Debug)]
pub(crate) struct CacheFile {
    path: PathBuf,
    key: Key,
    /// What XNNPACK works on.
    file: File,
    origin: Origin,
}

/// Where packed weights come from.
#[derive(Debug)]
enum Origin {
    /// XNNPACK: there was no file, or one that could not be used for a reason.
    Xnnpack { reason: Option<String> },
    /// A copy of the file.
    Copied,
    /// The file itself.
    Mapped,
}

/// Why a file cannot be used.
enum Unusable {
    Missing,
    Because(String),
}

impl From<&str> for Unusable {
    fn from(reason: &str) -> Self {
        Self::Because(reason.to_owned())
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            return Self::Missing;
        }
        Self::Because(error.to_string())
    }
}

/// What became of a file.
pub(super) enum Outcome {
    Loaded,
    Saved { reason: Option<String> },
    NotSaved { reason: String },
}

impl CacheFile {
    /// Reads the file into memory if it fits; else there is empty memory for XNNPACK to fill.
    pub(super) fn read(path: &Path, key: Key) -> io::Result<Self> {
        Self::from(path, key, copy(path, &key), Origin::Copied)
    }

    /// Uses the file itself if it fits.
    ///
    /// # Safety
    ///
    /// Nobody may change the file while XNNPACK uses it, and it must hold what this crate has
    /// written.
    pub(super) unsafe fn map(path: &Path, key: Key) -> io::Result<Self> {
        Self::from(path, key, check_index(path, &key), Origin::Mapped)
    }

    fn from(
        path: &Path,
        key: Key,
        file: Result<File, Unusable>,
        origin: Origin,
    ) -> io::Result<Self> {
        let pack = |reason| Ok::<_, io::Error>((memory()?, Origin::Xnnpack { reason }));
        let (file, origin) = match file {
            Ok(file) => (file, origin),
            Err(Unusable::Missing) => pack(None)?,
            Err(Unusable::Because(reason)) => pack(Some(reason))?,
        };
        Ok(Self {
            path: path.to_owned(),
            key,
            file,
            origin,
        })
    }

    /// Uses the file itself, or says why it cannot be used. It is never written.
    ///
    /// # Safety
    ///
    /// As for [`map`](Self::map).
    pub(super) unsafe fn map_if_it_fits(path: &Path, key: Key) -> Result<Self, String> {
        match check_index(path, &key) {
            Ok(file) => Ok(Self {
                path: path.to_owned(),
                key,
                file,
                origin: Origin::Mapped,
            }),
            Err(Unusable::Missing) => Err("there is no file".to_owned()),
            Err(Unusable::Because(reason)) => Err(reason),
        }
    }

    /// A descriptor for XNNPACK, which takes it.
    pub(super) fn descriptor(&self) -> io::Result<OwnedFd> {
        Ok(self.file.try_clone()?.into())
    }

    /// Writes the file if XNNPACK has packed. To be called when it has.
    pub(super) fn finish(&self) -> Outcome {
        let reason = match &self.origin {
            Origin::Xnnpack { reason } => reason.clone(),
            Origin::Mapped => return Outcome::Loaded,
            Origin::Copied if is_untouched(&self.file) => return Outcome::Loaded,
            Origin::Copied => Some("XNNPACK did not accept it".to_owned()),
        };
        match self.save() {
            Ok(()) => Outcome::Saved { reason },
            Err(error) => Outcome::NotSaved {
                reason: error.to_string(),
            },
        }
    }

    fn save(&self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let unknown = || io::Error::other("XNNPACK's file has a layout that is not known");
        let mut header = [0; HEADER];
        self.file.read_exact_at(&mut header, 0)?;
        let list = format::list(&header, length).ok_or_else(unknown)?;
        format::extend(&mut header).ok_or_else(unknown)?;
        let temporary = Temporary::create(&self.path)?;
        let mut checksum = XxHash3_128::new();
        let mut index = XxHash3_128::new();
        checksum.write(&header);
        index.write(&header);
        (&temporary.file).write_all(&header)?;
        let header_end = u64::try_from(HEADER).unwrap_or(u64::MAX);
        for_each_chunk(&self.file, header_end, length, |position, bytes| {
            checksum.write(bytes);
            let skipped = usize::try_from(list.saturating_sub(position)).unwrap_or(usize::MAX);
            index.write(bytes.get(skipped..).unwrap_or_default());
            (&temporary.file).write_all(bytes)
        })?;
        let description = Description {
            key: self.key,
            length,
            list,
            checksum: checksum.finish_128(),
            index_checksum: index.finish_128(),
        };
        (&temporary.file).write_all(&description.to_bytes())?;
        // Else a file could be complete by its length, and empty, after a loss of power.
        temporary.file.sync_data()?;
        temporary.persist(&self.path)
    }
}

/// A regular file, and its description. The key has been compared.
fn open(path: &Path, key: &Key) -> Result<(File, Description), Unusable> {
    let file = OpenOptions::new()
        .read(true)
        // A pipe would have nobody at its other end.
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err("it is no regular file".into());
    }
    let length = metadata.len();
    let own = u64::try_from(format::LENGTH).unwrap_or(u64::MAX);
    let start = length.checked_sub(own).ok_or("it is too short")?;
    let mut bytes = [0; format::LENGTH];
    file.read_exact_at(&mut bytes, start)?;
    let description = Description::from_bytes(&bytes, length)?;
    match key.difference(&description.key) {
        Some(difference) => Err(difference.into()),
        None => Ok((file, description)),
    }
}

/// The file in memory, after each of its bytes was checked.
fn copy(path: &Path, key: &Key) -> Result<File, Unusable> {
    let (file, description) = open(path, key)?;
    let memory = memory()?;
    let own = u64::try_from(format::LENGTH).unwrap_or(u64::MAX);
    let length = description.length;
    let mut checksum = XxHash3_128::new();
    for_each_chunk(&file, 0, length.saturating_add(own), |position, bytes| {
        let counted = usize::try_from(length.saturating_sub(position)).unwrap_or(usize::MAX);
        checksum.write(bytes.get(..counted).unwrap_or(bytes));
        (&memory).write_all(bytes)
    })?;
    if checksum.finish_128() != description.checksum {
        return Err("it is damaged".into());
    }
    memory.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH))?;
    Ok(memory)
}

/// The file itself, after what XNNPACK finds weights by was checked.
fn check_index(path: &Path, key: &Key) -> Result<File, Unusable> {
    let (file, description) = open(path, key)?;
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, 0)?;
    let mut index = XxHash3_128::new();
    index.write(&header);
    for_each_chunk(&file, description.list, description.length, |_, bytes| {
        index.write(bytes);
        Ok(())
    })?;
    if index.finish_128() != description.index_checksum {
        return Err("it is damaged".into());
    }
    Ok(file)
}

/// Whether XNNPACK has not written to memory that `copy` has filled.
fn is_untouched(file: &File) -> bool {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| time == SystemTime::UNIX_EPOCH)
}

/// How much is read at once.
const CHUNK: usize = 1 << 18;

fn for_each_chunk(
    file: &File,
    start: u64,
    end: u64,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut position = start;
    while position < end {
        let rest = usize::try_from(end - position).unwrap_or(usize::MAX);
        let length = rest.min(CHUNK);
        let chunk = buffer.get_mut(..length).unwrap_or_default();
        file.read_exact_at(chunk, position)?;
        each(position, chunk)?;
        position += u64::try_from(length).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// A file without a name, in memory.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn memory() -> io::Result<File> {
    use std::os::fd::{FromRawFd, RawFd};

    // glibc has a function for it since 2.27, the kernel since 3.17.
    let name = c"packed weights";
    // SAFETY: this call of the kernel's takes a NUL-terminated name, which it copies, and flags.
    let fd = unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), libc::MFD_CLOEXEC) };
    let fd = match RawFd::try_from(fd) {
        Ok(fd) if fd >= 0 => fd,
        _ => return Err(io::Error::last_os_error()),
    };
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// XNNPACK has no such files elsewhere either, so that nobody comes here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn memory() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// How many names are tried for a temporary file.
const MAX_ATTEMPTS: usize = 100;

/// A file that gets its name when it is complete, and goes if it does not get there.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// In the same folder, since a file can only be renamed within a file system.
    fn create(path: &Path) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut attempts = 0;
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let mut temporary = OsString::from(".");
            temporary.push(name);
            temporary.push(format!(".{}-{number}.tmp", std::process::id()));
            let path = path.with_file_name(temporary);
            let mut options = OpenOptions::new();
            match options.write(true).create_new(true).mode(0o644).open(&path) {
                Ok(file) => return Ok(Self { path, file }),
                // Left by a process of the same number that was killed: in containers, numbers
                // come again.
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists && attempts < MAX_ATTEMPTS =>
                {
                    attempts += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn persist(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing of this name any more.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weight_cache::key::hash;
    use crate::{
        Interpreter, InterpreterOptions, Model, WeightCache, WeightCacheStatus, XnnpackOptions,
    };

    /// The checksums are right, and XNNPACK finds a fault all the same.
    #[test]
    fn what_xnnpack_does_not_accept_is_packed_again() {
        let model = Model::from_bytes(include_bytes!("../../tests/models/conv.tflite"));
        let model = model.expect("valid");
        let name = format!("tflite-accepted-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let status = || {
            let cache = WeightCache::File(path.clone());
            let xnnpack = XnnpackOptions::new().weight_cache(cache);
            let options = InterpreterOptions::new().xnnpack(xnnpack);
            let mut interpreter = Interpreter::new(&model, options).expect("valid");
            interpreter.invoke().expect("valid");
            interpreter.delegate_report().weight_cache
        };
        assert_eq!(status(), WeightCacheStatus::Saved { reason: None });

        let mut file = fs::read(&path).expect("written");
        let length = u64::try_from(file.len()).expect("small");
        let own = file.split_off(file.len() - format::LENGTH);
        let own = own.first_chunk().expect("as long as that");
        let mut description = Description::from_bytes(own, length).expect("valid");
        // XNNPACK's version of the format.
        file[0] ^= 1;
        let list = usize::try_from(description.list).expect("small");
        description.checksum = hash(&file);
        description.index_checksum = hash(&[&file[..HEADER], &file[list..]].concat());
        file.extend(description.to_bytes());
        fs::write(&path, file).expect("writable");

        let reason = Some("XNNPACK did not accept it".to_owned());
        assert_eq!(status(), WeightCacheStatus::Saved { reason });
        assert_eq!(status(), WeightCacheStatus::Loaded);
        fs::remove_file(&path).expect("there");
    }
}
