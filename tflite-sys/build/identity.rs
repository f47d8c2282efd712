//! Tells libraries apart by their contents.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use twox_hash::XxHash3_128;

use crate::error::Error;

/// The hash of one file, however large: it tells builds apart, and is no protection against anybody.
pub(crate) fn of(path: &Path) -> Result<String, Error> {
    let failed = |error| Error::io("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = XxHash3_128::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(format!("{:032x}", hash.finish_128())),
            length => hash.write(&buffer[..length]),
        }
    }
}
