//! Where the source tree is.

use std::path::PathBuf;

use tflite_sys_source::{Settings, ensure, is_complete, pins};

use crate::error::Error;
use crate::progress;
use crate::vars;

/// The one archive that is pinned.
const PIN: &str = "chromium";

/// The user's own tree, if that is to be built: no pin describes it.
pub(crate) fn own_tree() -> Option<PathBuf> {
    settings().source_dir
}

/// Whether the tree is there without a fetch.
pub(crate) fn is_at_hand() -> bool {
    let settings = settings();
    if settings.source_dir.is_some() {
        return true;
    }
    let (Ok(pins), Ok(vendored)) = (pins(), vendored()) else {
        return false;
    };
    let Ok(pin) = pins.get(PIN) else {
        return false;
    };
    let cached = cache_root().map(|root| root.join("src").join(pin.key()));
    is_complete(&vendored, pin) || cached.is_some_and(|tree| is_complete(&tree, pin))
}

fn vendored() -> Result<PathBuf, Error> {
    Ok(PathBuf::from(vars::cargo("CARGO_MANIFEST_DIR")?).join("../third_party/src"))
}

/// The unpacked tree: the user's own, the vendored one, or the cached one, which is fetched first
/// if need be.
pub(crate) fn find() -> Result<PathBuf, Error> {
    let settings = settings();
    let pins = pins()?;
    let pin = pins.get(PIN)?;
    let vendored = vendored()?;
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
    let mut settings = Settings::from_env(vars::get);
    settings.source_dir = settings.source_dir.map(vars::from_users_folder);
    settings.archive = settings.archive.map(vars::from_users_folder);
    settings
}
