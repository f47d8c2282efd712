//! The bytes of an archive, from a file or from a mirror, hashed as they are read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::download::Download;
use crate::hash::Hasher;
use crate::{Error, Pin, Progress, Settings, mirror};

/// Why reading stopped before the end.
pub(crate) enum Stop {
    /// For good.
    Failed(Error),
    /// The mirror has replaced the file meanwhile: what was read so far is worth nothing.
    Changed,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An archive that is being read.
pub(crate) struct Archive<'a> {
    pin: &'a Pin,
    origin: Origin<'a>,
    hasher: Hasher,
}

enum Origin<'a> {
    File { path: PathBuf, file: File },
    Web(Download<'a>),
}

impl<'a> Archive<'a> {
    /// The archive that the settings name, or else a mirror's.
    pub(crate) fn open(pin: &'a Pin, settings: &'a Settings) -> Result<Self, Error> {
        let origin = match &settings.archive {
            Some(path) => Self::open_file(pin, path)?,
            None => {
                let addresses = mirror::addresses(pin, settings)?;
                Origin::Web(Download::new(pin, addresses, settings.patience))
            }
        };
        Ok(Self {
            pin,
            origin,
            hasher: Hasher::new(),
        })
    }

    fn open_file(pin: &Pin, path: &Path) -> Result<Origin<'a>, Error> {
        let file = File::open(path).map_err(|error| Error::io("open", path, error))?;
        let found = file
            .metadata()
            .map_err(|error| Error::io("read", path, error))?
            .len();
        if found != pin.size {
            let from = path.display().to_string();
            return Err(Error::WrongSize {
                from,
                expected: pin.size,
                found,
            });
        }
        Ok(Origin::File {
            path: path.to_owned(),
            file,
        })
    }

    /// Address or path, for messages.
    pub(crate) fn from(&self) -> String {
        match &self.origin {
            Origin::File { path, .. } => path.display().to_string(),
            Origin::Web(download) => download.address(),
        }
    }

    /// Reads some bytes; none means that all have been read.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        progress: &mut dyn Progress,
    ) -> Result<usize, Stop> {
        let count = match &mut self.origin {
            Origin::File { path, file } => retry_interrupted(|| file.read(buffer))
                .map_err(|error| Error::io("read", path, error))?,
            Origin::Web(download) => download.read(buffer, &self.hasher, progress)?,
        };
        self.hasher.update(&buffer[..count]);
        progress.advance(self.hasher.bytes());
        Ok(count)
    }

    /// Begins anew, after [`Stop::Changed`].
    pub(crate) fn restart(&mut self, progress: &mut dyn Progress) -> Result<(), Error> {
        self.hasher = Hasher::new();
        match &mut self.origin {
            Origin::File { .. } => Ok(()),
            Origin::Web(download) => download.restart(progress),
        }
    }

    /// Compares what was read with the pin.
    pub(crate) fn verify(&self) -> Result<(), Error> {
        let (expected, found) = (self.pin.size, self.hasher.bytes());
        if found != expected {
            return Err(Error::WrongSize {
                from: self.from(),
                expected,
                found,
            });
        }
        let found = self.hasher.hex();
        if found != self.pin.sha256 {
            let expected = self.pin.sha256.clone();
            return Err(Error::WrongHash {
                from: self.from(),
                expected,
                found,
            });
        }
        Ok(())
    }
}

/// Repeats `read` while a signal interrupts it.
pub(crate) fn retry_interrupted(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
