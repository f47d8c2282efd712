//! What can go wrong between a pin and an unpacked tree, each with the way out.

use std::io;
use std::path::{Path, PathBuf};

/// Why the pinned source could not be had.
///
/// Each message names the culprit and says what to do. After an error the cache holds nothing of
/// the failed attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `pins.toml` cannot be parsed, or says something impossible.
    #[error("pins.toml: {0}")]
    Pins(String),

    /// There is no folder for the cache.
    #[error("no cache folder: set XDG_CACHE_HOME to an absolute path, or HOME")]
    NoCacheDir,

    /// Neither a variable nor apt's configuration names a Debian mirror.
    #[error(
        "no Debian mirror is known ({searched} names none): set TFLITE_SYS_DEBIAN_MIRROR to the \
         base address of one (the address that has dists/ and pool/ below it), or \
         TFLITE_SYS_SOURCE_ARCHIVE to a copy of {archive}, or TFLITE_SYS_SOURCE_DIR to an \
         unpacked tree"
    )]
    NoMirror {
        /// The configuration that was read.
        searched: PathBuf,
        /// File name of the archive.
        archive: String,
    },

    /// The mirror that a variable names is no web address.
    #[error(
        "TFLITE_SYS_DEBIAN_MIRROR is {0:?}, and must begin with http:// or https://: the address \
         that has dists/ and pool/ below it"
    )]
    BadMirror(String),

    /// No mirror has the archive.
    #[error(
        "no mirror has the archive (tried {tried}): set TFLITE_SYS_DEBIAN_MIRROR to a mirror \
         that keeps Debian {suite}, or TFLITE_SYS_SOURCE_ARCHIVE to a copy of the archive"
    )]
    NotFound {
        /// The addresses and what each answered.
        tried: String,
        /// Suite that the archive belongs to.
        suite: String,
    },

    /// The transfer was cut, or never began, too often.
    #[error(
        "the download failed {failures} times, at byte {received} of {size} (last from {url}: \
         {reason}): check the network or the proxy and run again, or set \
         TFLITE_SYS_DEBIAN_MIRROR to another mirror"
    )]
    Network {
        /// Address that was tried last.
        url: String,
        /// What the last failure was.
        reason: String,
        /// How often it failed.
        failures: u32,
        /// Bytes that had arrived.
        received: u64,
        /// Bytes that the pin says there are.
        size: u64,
    },

    /// The archive is not as long as its pin says.
    #[error(
        "{from} is {found} bytes long, and its pin says {expected}: it is another file. Use \
         another mirror (TFLITE_SYS_DEBIAN_MIRROR) or archive (TFLITE_SYS_SOURCE_ARCHIVE)"
    )]
    WrongSize {
        /// Address or path.
        from: String,
        /// Bytes that the pin says.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },

    /// The archive does not hash to what its pin says.
    #[error(
        "{from} has the SHA-256 {found}, and its pin says {expected}: it is damaged or was \
         replaced, and nothing of it was kept. Use another mirror (TFLITE_SYS_DEBIAN_MIRROR) or \
         archive (TFLITE_SYS_SOURCE_ARCHIVE)"
    )]
    WrongHash {
        /// Address or path.
        from: String,
        /// Hash that the pin says.
        expected: String,
        /// Hash of what was read.
        found: String,
    },

    /// The program `xz` is missing.
    #[error(
        "the program `xz` is missing: install the package xz-utils (Debian, Ubuntu) or xz \
         (Fedora, Amazon Linux, Alpine, Homebrew)"
    )]
    XzMissing,

    /// The archive cannot be decompressed or is no tar archive.
    #[error(
        "{from} cannot be unpacked ({reason}): it is damaged, or not the pinned archive. Use \
         another mirror (TFLITE_SYS_DEBIAN_MIRROR) or archive (TFLITE_SYS_SOURCE_ARCHIVE)"
    )]
    Damaged {
        /// Address or path.
        from: String,
        /// What `xz` or the tar reader says.
        reason: String,
    },

    /// An entry of the archive would be written, or would point, outside the folder.
    #[error("{entry:?} in the archive {reason}: the archive is not trusted and was refused")]
    UnsafeEntry {
        /// The entry's path as the archive gives it.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The archive lacks something that its pin keeps.
    #[error(
        "{from} has no {missing}, which pins.toml keeps: the pin and the archive do not belong \
         together; correct `root` or `keep`"
    )]
    MissingFolder {
        /// Address or path.
        from: String,
        /// The paths that are missing, below the archive's root.
        missing: String,
    },

    /// An unpacked tree that was named lacks something that its pin keeps.
    #[error(
        "{dir} (TFLITE_SYS_SOURCE_DIR) has no {missing}: name the folder that holds tflite, \
         xnnpack and the others, as `cargo xtask vendor` lays it out, or unset the variable"
    )]
    IncompleteDir {
        /// The folder.
        dir: PathBuf,
        /// The paths that are missing.
        missing: String,
    },

    /// A destination holds files that were not unpacked by this crate.
    #[error("{0} holds something else than unpacked source: move it away and run again")]
    NotOurs(PathBuf),

    /// The disk is full.
    #[error(
        "the disk is full at {path}: the unpacked source takes about {needed} MB. Free that much, \
         or set XDG_CACHE_HOME to a folder on another disk"
    )]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// Megabytes (10^6 bytes) that an unpacked tree takes.
        needed: u64,
    },

    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Room that an unpacked tree takes, with what a file system adds to 13,000 small files.
pub(crate) const UNPACKED_MB: u64 = 200;

impl Error {
    /// An `io::Error` with what was being done; a full disk gets its own variant.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull {
                path,
                needed: UNPACKED_MB,
            },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}
