//! The pins: which archives, and which parts of them.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::Error;

/// Part of each pin's key: raise it when unpacking the same pin gives another tree.
const LAYOUT: u32 = 1;

/// All pinned source archives, the contents of `third_party/pins.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Pins {
    /// The archives.
    #[serde(rename = "archive")]
    pub archives: Vec<Pin>,
}

/// One source archive of a Debian mirror, and the parts of it that are used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Short name, used in messages and as the name of the cached folder.
    pub name: String,
    /// Debian source package.
    pub package: String,
    /// Version of the source package.
    pub version: String,
    /// Debian suite that the version belongs to, for example `bookworm`.
    pub suite: String,
    /// Path below a mirror's base address.
    pub path: String,
    /// Length of the archive in bytes.
    pub size: u64,
    /// SHA-256 of the archive, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// How the archive is packed.
    pub format: Format,
    /// Folder inside the archive that the components' folders are in.
    pub root: String,
    /// The upstream projects in the archive that are used.
    #[serde(rename = "component")]
    pub components: Vec<Component>,
}

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum Format {
    /// tar, compressed with xz.
    #[serde(rename = "tar.xz")]
    TarXz,
}

/// One upstream project inside an archive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Folder below the archive's root, and the folder's name after unpacking.
    pub folder: String,
    /// Address of the upstream project.
    pub project: String,
    /// Upstream revision: a commit, or a date where upstream has none.
    pub revision: String,
    /// SPDX licence expression.
    pub license: String,
    /// Files and folders to keep, relative to `folder`. Each must be in the archive.
    pub keep: Vec<String>,
    /// Files, folders and `*` patterns to leave out, relative to `folder`.
    pub exclude: Vec<String>,
}

const BUILT_IN: &str = include_str!("../pins.toml");

/// The text of the built-in `pins.toml`, for keys of caches that depend on it.
pub fn pins_text() -> &'static str {
    BUILT_IN
}

/// The built-in pins.
///
/// # Errors
///
/// [`Error::Pins`] if the built-in text is broken, which the crate's tests exclude.
pub fn pins() -> Result<Pins, Error> {
    Pins::parse(BUILT_IN)
}

impl Pins {
    /// Reads the text of a `pins.toml`.
    ///
    /// # Errors
    ///
    /// [`Error::Pins`] names the field that is missing, unknown or impossible.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let pins: Self = toml::from_str(text).map_err(|error| Error::Pins(error.to_string()))?;
        pins.archives.iter().try_for_each(Pin::check)?;
        Ok(pins)
    }

    /// The archive of that name.
    ///
    /// # Errors
    ///
    /// [`Error::Pins`] if there is none.
    pub fn get(&self, name: &str) -> Result<&Pin, Error> {
        let found = self.archives.iter().find(|pin| pin.name == name);
        found.ok_or_else(|| Error::Pins(format!("there is no archive {name:?}")))
    }
}

impl Pin {
    /// File name of the archive.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Name of the unpacked tree in the cache: name, version and a hash of all that decides what
    /// is in the tree, so that a changed list is fetched anew and a changed comment is not.
    pub fn key(&self) -> String {
        let mut decisive = format!("{LAYOUT}\n{}\n{}\n", self.sha256, self.root);
        for component in &self.components {
            for (mark, paths) in [('+', &component.keep), ('-', &component.exclude)] {
                for path in paths {
                    // Writing to a String cannot fail.
                    let _ = writeln!(decisive, "{mark}{}/{path}", component.folder);
                }
            }
        }
        let hash = crate::hash::hex(ring::digest::digest(
            &ring::digest::SHA256,
            decisive.as_bytes(),
        ));
        // A tilde or a colon in a version would have to be quoted in shells and makefiles.
        let version = self
            .version
            .replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
        format!("{}-{version}-{}", self.name, &hash[..12])
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str, value: &str| {
            Err(Error::Pins(format!(
                "archive {:?}: {what} {value:?}",
                self.name
            )))
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(plain) {
            return wrong("the name must be a plain word, not", &self.name);
        }
        let hexadecimal = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        if self.sha256.len() != 64 || !self.sha256.chars().all(hexadecimal) {
            return wrong(
                "sha256 must be 64 lower-case hexadecimal digits, not",
                &self.sha256,
            );
        }
        if self.size == 0 {
            return wrong("size must not be", "0");
        }
        let mut paths = vec![&self.path, &self.root];
        if self.components.is_empty() {
            return wrong("there is no component below", &self.root);
        }
        for component in &self.components {
            if component.keep.is_empty() {
                return wrong("nothing is kept of", &component.folder);
            }
            if let Some(pattern) = component.keep.iter().find(|path| path.contains('*')) {
                return wrong("`keep` names files and folders, not patterns like", pattern);
            }
            paths.push(&component.folder);
            paths.extend(&component.keep);
            paths.extend(&component.exclude);
        }
        for path in paths {
            if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
                return wrong("a relative path without `.` and `..` is needed, not", path);
            }
        }
        Ok(())
    }
}
