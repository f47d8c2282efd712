//! Where the source tree is.

use std::path::PathBuf;

use tflite_sys_source::{Settings, ensure, is_complete, pins};

use crate::error::Error;
use crate::progress;
use crate::vars;

/// The one archive that is pinned.
const PIN: &str = "chromium";

/// Whether the tree is the user's own, which no pin describes.
pub(crate) fn is_own_tree() -> bool {
    settings().source_dir.is_some()
}

/// The unpacked tree: the user's own, the vendored one, or the cached one, which is fetched first
/// if need be.
pub(crate) fn find() -> Result<PathBuf, Error> {
    let settings = settings();
    let pins = pins()?;
    let pin = pins.get(PIN)?;
    let vendored = PathBuf::from(vars::cargo("CARGO_MANIFEST_DIR")?).join("../third_party/src");
    if settings.source_dir.is_none() && is_complete(&vendored, pin) {
        return Ok(vendored);
    }
    Ok(ensure(pin, &settings, progress::bar().as_mut())?)
}

/// The folder that all caches of this package are in, if the user has one.
pub(crate) fn cache_root() -> Option<PathBuf> {
    Some(settings().cache_dir?.join("tflite-sys"))
}

fn settings() -> Settings {
    Settings::from_env(vars::get)
}
