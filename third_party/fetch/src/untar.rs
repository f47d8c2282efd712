//! Writing the selected entries of a tar stream.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tar::EntryType;

use crate::Error;
use crate::archive::retry_interrupted;
use crate::select::Selection;

/// Why a tar stream was not read to its end.
pub(crate) enum Fault {
    /// The stream is cut or is no tar.
    Stream(io::Error),
    /// An entry was refused or could not be written.
    Refused(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

/// A link, made when all files are written, so that no file can be written through one.
struct Link {
    path: String,
    target: String,
    symbolic: bool,
}

/// Reads `stream` to its end and writes the selected files below `dest`.
pub(crate) fn untar(
    stream: impl Read,
    root: &str,
    selection: &Selection<'_>,
    dest: &Path,
) -> Result<(), Fault> {
    let mut archive = tar::Archive::new(stream);
    let mut links = Vec::new();
    let mut parent = PathBuf::new();
    let mut buffer = vec![0; 1 << 16];
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        // All entries, not only those that are kept: an archive with such a thing is not trusted.
        let inside = normal(&path)
            .ok_or_else(|| refuse(&path, "has a path that is absolute or has a `..` in it"))?;
        let Some(inside) = below(&inside, root).filter(|inside| selection.keeps(inside)) else {
            continue;
        };
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {
                let file = dest.join(inside);
                // Archives list a folder's files together, so that this seldom differs.
                if file.parent() != Some(&parent) {
                    parent = file.parent().unwrap_or(dest).to_owned();
                    fs::create_dir_all(&parent)
                        .map_err(|error| Fault::Refused(Error::io("make", &parent, error)))?;
                }
                write(&mut entry, &file, &mut buffer)?;
            }
            kind @ (EntryType::Symlink | EntryType::Link) => {
                let target = entry.link_name_bytes().unwrap_or_default();
                links.push(Link {
                    path: inside.to_owned(),
                    target: String::from_utf8_lossy(&target).into_owned(),
                    symbolic: kind == EntryType::Symlink,
                });
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                return Err(refuse(&path, "is a device or a pipe"));
            }
            // Folders are made for the files in them; the rest describes the archive.
            _ => {}
        }
    }
    // Up to the end of the padding: xz must be able to finish.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    links
        .iter()
        .try_for_each(|link| make(link, root, selection, dest))
}

fn refuse(entry: &str, reason: &'static str) -> Fault {
    Fault::Refused(Error::UnsafeEntry {
        entry: entry.to_owned(),
        reason,
    })
}

fn write(entry: &mut impl Read, path: &Path, buffer: &mut [u8]) -> Result<(), Fault> {
    let failed = |error| Fault::Refused(Error::io("write", path, error));
    let mut file = File::create(path).map_err(failed)?;
    loop {
        // Not io::copy: whether reading or writing failed makes two different errors.
        let count = retry_interrupted(|| entry.read(buffer))?;
        if count == 0 {
            return Ok(());
        }
        file.write_all(&buffer[..count]).map_err(failed)?;
    }
}

fn make(link: &Link, root: &str, selection: &Selection<'_>, dest: &Path) -> Result<(), Fault> {
    let path = dest.join(&link.path);
    let parent = path.parent().unwrap_or(dest);
    let failed = |error| Fault::Refused(Error::io("make", &path, error));
    fs::create_dir_all(parent).map_err(failed)?;
    if link.symbolic {
        if !stays_inside(&link.path, &link.target) {
            return Err(refuse(&link.path, "is a link that leaves the folder"));
        }
        symlink(&link.target, &path).map_err(failed)
    } else {
        let target = normal(&link.target);
        let target = target.as_deref().and_then(|target| below(target, root));
        match target.filter(|target| selection.keeps(target)) {
            Some(target) => fs::hard_link(dest.join(target), &path).map_err(failed),
            None => Err(refuse(&link.path, "is a link to a file that is not kept")),
        }
    }
}

#[cfg(unix)]
fn symlink(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn symlink(_target: &str, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `path` without empty parts and `.`, or `None` if it is absolute or has a `..`.
fn normal(path: &str) -> Option<String> {
    let mut clean = String::with_capacity(path.len());
    if path.starts_with('/') || path.contains('\\') && cfg!(windows) {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            _ => {
                if !clean.is_empty() {
                    clean.push('/');
                }
                clean.push_str(part);
            }
        }
    }
    Some(clean)
}

/// The rest of `path` below the folder `root`.
fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    path.strip_prefix(root)?.strip_prefix('/')
}

/// Whether a symbolic link at `path` to `target` stays below the folder that `path` is relative to.
///
/// A `..` after a name is refused: if the name were itself a link, it would lead elsewhere.
fn stays_inside(path: &str, target: &str) -> bool {
    let depth = path.split('/').count() - 1;
    let parts: Vec<&str> = target
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let up = parts.iter().take_while(|part| **part == "..").count();
    !target.is_empty() && !target.starts_with('/') && up <= depth && !parts[up..].contains(&"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_normal_or_refused() {
        assert_eq!(normal("./a//b/./c/").as_deref(), Some("a/b/c"));
        assert_eq!(normal("a/..b/c..").as_deref(), Some("a/..b/c.."));
        assert_eq!(normal("a/../b"), None);
        assert_eq!(normal(".."), None);
        assert_eq!(normal("/etc/passwd"), None);
    }

    #[test]
    fn links_must_stay_inside() {
        assert!(stays_inside("c/src/a", "b"));
        assert!(stays_inside("c/src/a", "../../d/b"));
        assert!(!stays_inside("c/src/a", "../../../b"));
        assert!(!stays_inside("c/src/a", "/etc/passwd"));
        assert!(!stays_inside("c/src/a", "b/../../c"));
        assert!(!stays_inside("c/src/a", ""));
    }
}
