//! A small archive, its pin, and settings in a temporary folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tar::{Builder, EntryType, Header};
use tempfile::TempDir;
use tflite_sys_source::{Error, Patience, Pin, Pins, Progress, Settings, ensure};

/// Entries of a tar archive.
pub(crate) struct Entries(Builder<Vec<u8>>);

impl Entries {
    pub(crate) fn empty() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// What the sample pin keeps, and more.
    pub(crate) fn usual() -> Self {
        Self::empty()
            .file("pkg-1/third_party/alpha/LICENSE", b"free")
            .file("pkg-1/third_party/alpha/src/a.c", &noise(300_000))
            .file("pkg-1/third_party/alpha/src/a_test.cc", b"left out")
            .file("pkg-1/third_party/alpha/docs/index.md", b"left out")
            .file("pkg-1/third_party/beta/b.h", b"#pragma once\n")
            .file("pkg-1/third_party/gamma/c.h", b"left out")
            .file("pkg-1/chrome/main.cc", b"left out")
    }

    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        self.entry(path, EntryType::Regular, "", content)
    }

    pub(crate) fn link(self, path: &str, kind: EntryType, target: &str) -> Self {
        self.entry(path, kind, target, b"")
    }

    /// Writes the names into the header unchecked, as a hostile archive would have them.
    fn entry(mut self, path: &str, kind: EntryType, target: &str, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..path.len()].copy_from_slice(path.as_bytes());
        gnu.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    /// The archive, compressed by `xz`.
    pub(crate) fn pack(self) -> Vec<u8> {
        compress(&self.0.into_inner().unwrap())
    }
}

pub(crate) fn compress(data: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    fs::write(&file, data).unwrap();
    let output = Command::new("xz")
        .args(["-z", "-c", "-0"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Bytes that do not compress.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..count).map(|_| next()).collect()
}

/// The pin of an archive like [`Entries::usual`].
pub(crate) fn pin(archive: &[u8]) -> Pin {
    let digest = ring::digest::digest(&ring::digest::SHA256, archive);
    let sha256: String = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let text = format!(
        r#"
        [[archive]]
        name = "sample"
        package = "sample"
        version = "1.0-1~deb12u1"
        suite = "bookworm"
        path = "pool/main/s/sample/sample_1.0.orig.tar.xz"
        size = {}
        sha256 = "{sha256}"
        format = "tar.xz"
        root = "pkg-1/third_party"

        [[archive.component]]
        folder = "alpha"
        project = "https://alpha.example"
        revision = "1"
        license = "MIT"
        keep = ["LICENSE", "src"]
        exclude = ["*_test.cc"]

        [[archive.component]]
        folder = "beta"
        project = "https://beta.example"
        revision = "2"
        license = "MIT"
        keep = ["b.h"]
        exclude = []
        "#,
        archive.len()
    );
    Pins::parse(&text).unwrap().archives.remove(0)
}

/// What is to be in the unpacked tree of [`Entries::usual`], without the marker.
pub(crate) const KEPT: [&str; 3] = ["alpha/LICENSE", "alpha/src/a.c", "beta/b.h"];

/// A cache folder and settings that use it, with no mirror and little patience.
pub(crate) struct Home {
    pub(crate) dir: TempDir,
    pub(crate) settings: Settings,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings::from_env(|_| None);
        settings.cache_dir = Some(dir.path().join("cache"));
        settings.apt_dir = dir.path().join("apt");
        settings.patience = Patience {
            connect: Duration::from_secs(5),
            stall: Duration::from_millis(500),
            retries: 3,
            pause: Duration::from_millis(1),
        };
        Self { dir, settings }
    }

    pub(crate) fn with_mirror(address: &str) -> Self {
        let mut home = Self::new();
        home.settings.mirror = Some(address.to_owned());
        home
    }

    pub(crate) fn with_archive(archive: &[u8]) -> Self {
        let mut home = Self::new();
        let path = home.dir.path().join("sample.tar.xz");
        fs::write(&path, archive).unwrap();
        home.settings.archive = Some(path);
        home
    }

    /// Folder of the unpacked trees.
    pub(crate) fn trees(&self) -> PathBuf {
        self.dir.path().join("cache/tflite-sys/src")
    }

    pub(crate) fn ensure(&self, pin: &Pin) -> Result<PathBuf, Error> {
        ensure(pin, &self.settings, &mut Log::default())
    }

    /// Runs `ensure`, which must fail and leave nothing behind but a lock.
    pub(crate) fn fails(&self, pin: &Pin) -> Error {
        let error = self.ensure(pin).unwrap_err();
        let mut left = names(&self.trees());
        left.retain(|name| !name.ends_with(".lock"));
        assert!(left.is_empty(), "left behind: {left:?} after {error}");
        error
    }
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let Ok(listing) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<String> = listing
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// All files below `dir`, with their paths relative to it.
pub(crate) fn files(dir: &Path) -> Vec<String> {
    fn walk(dir: &Path, prefix: &str, found: &mut Vec<String>) {
        for name in names(dir) {
            let path = dir.join(&name);
            if path.is_dir() {
                walk(&path, &format!("{prefix}{name}/"), found);
            } else {
                found.push(format!("{prefix}{name}"));
            }
        }
    }
    let mut found = Vec::new();
    walk(dir, "", &mut found);
    found.retain(|file| file != ".tflite-sys-source");
    found
}

/// Checks a tree of [`Entries::usual`].
pub(crate) fn check(tree: &Path) {
    assert_eq!(files(tree), KEPT);
    assert_eq!(
        fs::read(tree.join("alpha/src/a.c")).unwrap(),
        noise(300_000)
    );
    assert_eq!(fs::read(tree.join("beta/b.h")).unwrap(), b"#pragma once\n");
}

/// Remembers what was reported.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) notes: Vec<String>,
    pub(crate) done: Vec<u64>,
    pub(crate) started: u32,
    pub(crate) finished: u32,
}

impl Progress for Log {
    fn start(&mut self, _what: &str, _total: u64) {
        self.started += 1;
    }

    fn advance(&mut self, done: u64) {
        self.done.push(done);
    }

    fn note(&mut self, message: &str) {
        self.notes.push(message.to_owned());
    }

    fn finish(&mut self) {
        self.finished += 1;
    }
}
