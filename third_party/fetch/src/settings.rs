//! Where the source may come from, and where it goes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;

/// Where the source may come from, and where it goes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base address of a Debian mirror (`TFLITE_SYS_DEBIAN_MIRROR`). `None`: ask apt.
    pub mirror: Option<String>,
    /// A local copy of the archive (`TFLITE_SYS_SOURCE_ARCHIVE`), used instead of a mirror.
    pub archive: Option<PathBuf>,
    /// An unpacked tree (`TFLITE_SYS_SOURCE_DIR`), used as it is.
    pub source_dir: Option<PathBuf>,
    /// The user's cache folder (`XDG_CACHE_HOME`, or `.cache` in `HOME`). Trees go to
    /// `tflite-sys/src` below it.
    pub cache_dir: Option<PathBuf>,
    /// Folder of apt's configuration.
    pub apt_dir: PathBuf,
    /// The program `xz`, found as a shell would find it.
    pub xz: OsString,
    /// How patient the download is.
    pub patience: Patience,
}

/// How patient the download is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the next bytes.
    pub stall: Duration,
    /// How often a failed download is resumed.
    pub retries: u32,
    /// Wait before the first resumption; each later one waits twice as long.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            retries: 3,
            pause: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// Reads the settings from variables, each through `var`, so that a build script can note
    /// which it depends on. An empty variable counts as unset.
    ///
    /// ```
    /// let settings = tflite_sys_source::Settings::from_env(|name| std::env::var_os(name));
    /// assert!(settings.apt_dir.is_absolute());
    /// ```
    pub fn from_env(mut var: impl FnMut(&str) -> Option<OsString>) -> Self {
        let mut path = |name: &str| {
            var(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        // The XDG base directory specification has relative paths ignored.
        let cache_dir = path("XDG_CACHE_HOME")
            .filter(|dir| dir.is_absolute())
            .or_else(|| path("HOME").map(|home| home.join(".cache")));
        let mirror = path("TFLITE_SYS_DEBIAN_MIRROR")
            .map(|address| address.as_os_str().to_string_lossy().trim().to_owned());
        Self {
            mirror,
            archive: path("TFLITE_SYS_SOURCE_ARCHIVE"),
            source_dir: path("TFLITE_SYS_SOURCE_DIR"),
            cache_dir,
            apt_dir: PathBuf::from("/etc/apt"),
            xz: "xz".into(),
            patience: Patience::default(),
        }
    }

    /// The folder that holds the unpacked trees.
    pub(crate) fn trees(&self) -> Result<PathBuf, Error> {
        let cache: &Path = self.cache_dir.as_deref().ok_or(Error::NoCacheDir)?;
        Ok(cache.join("tflite-sys").join("src"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(vars: &[(&str, &str)]) -> Settings {
        Settings::from_env(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_cache_follows_the_xdg_specification() {
        let cache = |vars: &[(&str, &str)]| from(vars).cache_dir;
        assert_eq!(
            cache(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]),
            Some("/c".into())
        );
        assert_eq!(cache(&[("HOME", "/h")]), Some("/h/.cache".into()));
        assert_eq!(
            cache(&[("XDG_CACHE_HOME", "c"), ("HOME", "/h")]),
            Some("/h/.cache".into())
        );
        assert_eq!(
            cache(&[("XDG_CACHE_HOME", ""), ("HOME", "/h")]),
            Some("/h/.cache".into())
        );
        assert_eq!(cache(&[]), None);
        assert!(matches!(from(&[]).trees(), Err(Error::NoCacheDir)));
    }

    #[test]
    fn empty_variables_are_unset() {
        let settings = from(&[
            ("TFLITE_SYS_DEBIAN_MIRROR", ""),
            ("TFLITE_SYS_SOURCE_DIR", ""),
        ]);
        assert_eq!(settings.mirror, None);
        assert_eq!(settings.source_dir, None);
        let settings = from(&[("TFLITE_SYS_DEBIAN_MIRROR", " http://m.example/debian/ ")]);
        assert_eq!(settings.mirror.as_deref(), Some("http://m.example/debian/"));
    }
}
