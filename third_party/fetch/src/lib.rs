//! Pins and fetches the source that `tflite-sys` is built from.
//!
//! No foreign source is in the repository. `pins.toml` names one archive of a Debian mirror, its
//! size and hash, and the folders of it that are needed. This crate reads the archive from a
//! mirror, checks it, and keeps those folders in a cache that all builds of the user share.
//!
//! ```no_run
//! use tflite_sys_source::{Settings, TerminalBar, ensure, pins};
//!
//! let pins = pins()?;
//! let settings = Settings::from_env(|name| std::env::var_os(name));
//! let tree = ensure(pins.get("chromium")?, &settings, &mut TerminalBar::stderr())?;
//! assert!(tree.join("tflite/src/tensorflow/lite/CMakeLists.txt").exists());
//! # Ok::<(), tflite_sys_source::Error>(())
//! ```
//!
//! | variable | meaning |
//! |---|---|
//! | `TFLITE_SYS_DEBIAN_MIRROR` | base address of a Debian mirror; without it, apt's configuration is asked |
//! | `TFLITE_SYS_SOURCE_ARCHIVE` | a local copy of the archive, used instead of a mirror |
//! | `TFLITE_SYS_SOURCE_DIR` | an unpacked tree, used as it is |
//! | `XDG_CACHE_HOME` | the user's cache folder, if not `$HOME/.cache` |
//!
//! `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are honoured.

#![forbid(unsafe_code)]

mod apt;
mod archive;
mod cache;
mod download;
mod error;
mod hash;
mod mirror;
mod pins;
mod progress;
mod select;
mod settings;
mod unpack;
mod untar;

use std::fs;
use std::path::{self, Path, PathBuf};

pub use cache::is_complete;
pub use error::Error;
pub use pins::{Component, Format, Pin, Pins, pins, pins_text};
pub use progress::{Progress, Silent, TerminalBar};
pub use settings::{Patience, Settings};

use archive::{Archive, Stop};
use cache::Lock;
use select::Selection;

/// The folder of the pin's unpacked tree: the one that the settings name, or the cached one, which
/// is fetched first if need be.
///
/// The components' folders are directly in it (`tflite`, `xnnpack` …). Processes that ask at once
/// fetch once.
///
/// # Errors
///
/// Each variant of [`Error`] says what to do. After an error nothing of the attempt is left.
pub fn ensure(
    pin: &Pin,
    settings: &Settings,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Error> {
    if let Some(dir) = &settings.source_dir {
        return check_source_dir(dir, pin).map(|()| dir.clone());
    }
    let trees = settings.trees()?;
    let tree = trees.join(pin.key());
    if is_complete(&tree, pin) {
        return Ok(tree);
    }
    fs::create_dir_all(&trees).map_err(|error| Error::io("make", &trees, error))?;
    let _lock = Lock::take(&tree, progress)?;
    // The process that held the lock may have done the work.
    if !is_complete(&tree, pin) {
        cache::sweep(&trees);
        cache::put(&tree, pin, |staging| {
            fetch(pin, settings, staging, progress)
        })?;
    }
    Ok(tree)
}

/// Puts the pin's unpacked tree into `dest`, for builds without a network.
///
/// It is copied from the tree that the settings name or from the cache if that has it, and fetched
/// otherwise. An older tree in `dest` is replaced; one that is complete stays.
///
/// # Errors
///
/// As for [`ensure`]; [`Error::NotOurs`] if `dest` holds anything else than such a tree.
pub fn vendor(
    pin: &Pin,
    settings: &Settings,
    dest: &Path,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let dest = &path::absolute(dest).map_err(|error| Error::io("find", dest, error))?;
    let parent = dest.parent().unwrap_or(dest);
    fs::create_dir_all(parent).map_err(|error| Error::io("make", parent, error))?;
    let _lock = Lock::take(dest, progress)?;
    if is_complete(dest, pin) {
        return Ok(());
    }
    if !cache::is_ours(dest)? {
        return Err(Error::NotOurs(dest.clone()));
    }
    let unpacked = match (&settings.source_dir, settings.trees()) {
        (Some(dir), _) => {
            check_source_dir(dir, pin)?;
            Some(dir.clone())
        }
        // No cache folder is no obstacle here.
        (None, trees) => trees.ok().map(|trees| trees.join(pin.key())),
    };
    cache::put(dest, pin, |staging| match unpacked {
        Some(tree) if settings.source_dir.is_some() || is_complete(&tree, pin) => {
            cache::copy(&tree, staging, pin)
        }
        _ => fetch(pin, settings, staging, progress),
    })
}

/// Base addresses of Debian mirrors, the likeliest for `suite` first: that of the settings, or else
/// those of apt's configuration.
///
/// # Errors
///
/// [`Error::BadMirror`] if the settings' is no web address, [`Error::Io`] if apt's configuration
/// cannot be read, [`Error::NoMirror`] if that names none.
pub fn mirrors(suite: &str, settings: &Settings) -> Result<Vec<String>, Error> {
    mirror::of_suite(suite, suite, settings)
}

fn check_source_dir(dir: &Path, pin: &Pin) -> Result<(), Error> {
    let missing = Selection::new(pin).missing_in(dir);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::IncompleteDir {
        dir: dir.to_owned(),
        missing: select::list(&missing),
    })
}

fn fetch(
    pin: &Pin,
    settings: &Settings,
    dest: &Path,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let Format::TarXz = pin.format;
    let mut archive = Archive::open(pin, settings)?;
    loop {
        progress.start(&pin.name, pin.size);
        let result = unpack::unpack(&mut archive, pin, settings, dest, progress);
        progress.finish();
        match result {
            Ok(()) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Changed) => {
                archive.restart(progress)?;
                empty(dest)?;
            }
        }
    }
}

fn empty(dir: &Path) -> Result<(), Error> {
    fs::remove_dir_all(dir).map_err(|error| Error::io("remove", dir, error))?;
    fs::create_dir(dir).map_err(|error| Error::io("make", dir, error))
}
