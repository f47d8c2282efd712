//! The build cache: a library that was built once is not built again, whatever workspace asks.
//!
//! ```text
//! <cache>/tflite-sys/build/<key>   CMake's folder while it builds; an interrupted build goes on
//! <cache>/tflite-sys/lib/<key>     lib/libtensorflowlite_c.a, include/…, manifest.toml
//! ```

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use ring::digest::{Context, SHA256};

use crate::error::Error;
use crate::vars::{self, Target};
use crate::{cmake, headers, source};

/// Raised when the layout of a cached library changes.
const LAYOUT: &str = "1";

/// A library that was built from source.
pub(crate) struct Built {
    pub(crate) lib: PathBuf,
    pub(crate) include: PathBuf,
}

impl Built {
    fn new(dir: &Path) -> Self {
        Self {
            lib: dir.join("lib"),
            include: dir.join("include"),
        }
    }

    /// The static archive.
    pub(crate) fn archive(&self) -> PathBuf {
        self.lib.join(cmake::ARCHIVE)
    }
}

/// Takes the library from the cache, or builds it.
pub(crate) fn find_or_build(target: &Target) -> Result<Built, Error> {
    let out = PathBuf::from(vars::cargo("OUT_DIR")?);
    // A tree of the user's own can change at any time, and no key would show it.
    let root =
        source::cache_root().filter(|_| !vars::is_on(vars::NO_CACHE) && !source::is_own_tree());
    let Some(root) = root else {
        let dir = out.join("native");
        build(&out.join("build"), &dir, &describe(target)?)?;
        return Ok(Built::new(&dir));
    };

    let manifest = describe(target)?;
    let key = hash(&manifest);
    let key = format!("{}-{}", target.triple, &key[..16]);
    let dir = root.join("lib").join(&key);
    let cached = Built::new(&dir);
    // The manifest comes with the rename that completes a library.
    if !dir.join("manifest.toml").exists() {
        let _lock = lock(&root.join("lib"), &key)?;
        // Another build may have done the work while this one waited.
        if !dir.join("manifest.toml").exists() {
            let work = root.join("build").join(&key);
            let staging = root.join("lib").join(format!(".{key}.tmp"));
            build(&work, &staging, &manifest)?;
            remove(&dir)?;
            fs::rename(&staging, &dir).map_err(|error| Error::io("rename to", &dir, error))?;
            remove(&work)?;
        }
    }
    // Brings the script back if the user empties the cache.
    println!("cargo::rerun-if-changed={}", cached.archive().display());
    Ok(cached)
}

/// Builds in `work`, and puts the result into `dest`.
fn build(work: &Path, dest: &Path, manifest: &str) -> Result<(), Error> {
    let source = source::find()?;
    let archive = cmake::build(&source, work)?;
    remove(dest)?;
    let built = Built::new(dest);
    fs::create_dir_all(&built.lib).map_err(|error| Error::io("make", &built.lib, error))?;
    let to = built.archive();
    fs::copy(&archive, &to).map_err(|error| Error::io("copy", &archive, error))?;
    headers::install(&source, &built.include)?;
    let path = dest.join("manifest.toml");
    fs::write(&path, manifest).map_err(|error| Error::io("write", &path, error))
}

/// All that decides what the library is, as the text that goes into its manifest.
fn describe(target: &Target) -> Result<String, Error> {
    let mut text = format!(
        "# How this library was built.\nlayout = {LAYOUT:?}\ntflite = {:?}\ntarget = {:?}\n",
        vars::tflite_version()?,
        target.triple
    );
    // Writing to a String does not fail.
    let _ = writeln!(text, "pins = {:?}", hash(tflite_sys_source::pins_text()));
    let _ = writeln!(text, "cmake = {:?}", hash_files("cmake")?);
    let _ = writeln!(text, "shim = {:?}", hash_files("shim")?);
    for (name, cpp) in [("cc", false), ("cxx", true)] {
        let _ = writeln!(text, "{name} = {:?}", compiler(cpp));
    }
    for name in vars::COMPILER_FLAGS {
        let value = vars::get(name).unwrap_or_default();
        let _ = writeln!(text, "{name} = {:?}", value.to_string_lossy());
    }
    Ok(text)
}

/// The compiler's own first line: its name and version.
fn compiler(cpp: bool) -> String {
    let Ok(tool) = cc::Build::new().cpp(cpp).try_get_compiler() else {
        return String::new();
    };
    let mut command: Command = tool.to_command();
    match command.arg("--version").output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            text.lines().next().unwrap_or_default().to_owned()
        }
        Err(_) => String::new(),
    }
}

/// The hash of all files below `dir`, names included, in a fixed order.
fn hash_files(dir: &str) -> Result<String, Error> {
    let mut files = Vec::new();
    list(Path::new(dir), &mut files)?;
    files.sort();
    let mut context = Context::new(&SHA256);
    for file in files {
        let content = fs::read(&file).map_err(|error| Error::io("read", &file, error))?;
        context.update(file.to_string_lossy().as_bytes());
        context.update(&(content.len() as u64).to_le_bytes());
        context.update(&content);
    }
    Ok(hex(context))
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let listing = fs::read_dir(dir).map_err(|error| Error::io("list", dir, error))?;
    for entry in listing {
        let path = entry.map_err(|error| Error::io("list", dir, error))?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn hash(text: &str) -> String {
    let mut context = Context::new(&SHA256);
    context.update(text.as_bytes());
    hex(context)
}

fn hex(context: Context) -> String {
    let mut text = String::new();
    for byte in context.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Keeps other builds of the same library waiting, until dropped.
fn lock(dir: &Path, key: &str) -> Result<File, Error> {
    fs::create_dir_all(dir).map_err(|error| Error::io("make", dir, error))?;
    let mut name = OsString::from(".");
    name.push(key);
    name.push(".lock");
    let path = dir.join(name);
    // Never removed: another process may be waiting on this very file.
    let file = File::create(&path).map_err(|error| Error::io("open", &path, error))?;
    file.lock()
        .map_err(|error| Error::io("lock", &path, error))?;
    Ok(file)
}

fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", dir, error))
        }
        _ => Ok(()),
    }
}
