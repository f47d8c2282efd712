//! The build cache: a library that was built once is not built again, whatever workspace asks.
//!
//! ```text
//! <cache>/tflite-sys/build/<key>   CMake's folder while it builds; an interrupted build goes on
//! <cache>/tflite-sys/lib/<key>     lib/libtensorflowlite_c.a, include/…, manifest.toml
//! ```

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::error::Error;
use crate::vars::{self, Target};
use crate::{cmake, headers, progress, source};

/// Raised when the layout of a cached library changes.
const LAYOUT: &str = "1";
/// Says how a library was built.
const MANIFEST: &str = "manifest.toml";

/// A library that was built from source.
pub(crate) struct Built {
    pub(crate) dir: PathBuf,
    pub(crate) lib: PathBuf,
    pub(crate) include: PathBuf,
}

impl Built {
    fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            lib: dir.join("lib"),
            include: dir.join("include"),
        }
    }

    /// The static archive.
    pub(crate) fn archive(&self) -> PathBuf {
        self.lib.join(cmake::ARCHIVE)
    }
}

/// Where a library is, or will be, and how it will have been built.
pub(crate) struct Plan {
    manifest: String,
    place: Place,
}

enum Place {
    /// The cache that all workspaces of the user share.
    Shared { root: PathBuf, key: String },
    /// Cargo's output folder, for a library that no key describes or that nobody wants cached.
    Private(PathBuf),
}

/// Says which library is wanted.
pub(crate) fn plan(target: &Target) -> Result<Plan, Error> {
    let manifest = describe(target)?;
    let own_tree = source::own_tree();
    if let Some(tree) = &own_tree {
        // It can change at any time, and no key would show it.
        println!("cargo::rerun-if-changed={}", tree.display());
    }
    let root = source::cache_root().filter(|_| !vars::is_on(vars::NO_CACHE) && own_tree.is_none());
    let place = match root {
        Some(root) => {
            let key = format!("{}-{}", target.triple, &hash(&manifest)[..16]);
            Place::Shared { root, key }
        }
        None => Place::Private(PathBuf::from(vars::cargo("OUT_DIR")?)),
    };
    Ok(Plan { manifest, place })
}

impl Plan {
    /// The library, if an earlier build has put it into the cache.
    pub(crate) fn find(&self) -> Option<Built> {
        let Place::Shared { root, key } = &self.place else {
            return None;
        };
        let dir = root.join("lib").join(key);
        let built = Built::new(&dir);
        // The rename that completes a library brings both; somebody may have tidied up since.
        if !dir.join(MANIFEST).exists() || !built.archive().exists() {
            return None;
        }
        // Brings the script back if the user empties the cache.
        println!("cargo::rerun-if-changed={}", built.archive().display());
        Some(built)
    }

    /// Builds the library.
    pub(crate) fn build(&self) -> Result<Built, Error> {
        let (root, key) = match &self.place {
            Place::Shared { root, key } => (root, key),
            Place::Private(out) => {
                let dir = out.join("native");
                build(&out.join("build"), &dir, &self.manifest)?;
                return Ok(Built::new(&dir));
            }
        };
        let _lock = lock(&root.join("lib"), key)?;
        // Another build may have done the work while this one waited.
        if let Some(built) = self.find() {
            return Ok(built);
        }
        let dir = root.join("lib").join(key);
        let work = root.join("build").join(key);
        let staging = root.join("lib").join(format!(".{key}.tmp"));
        build(&work, &staging, &self.manifest)?;
        remove(&dir)?;
        fs::rename(&staging, &dir).map_err(|error| Error::io("rename to", &dir, error))?;
        // What is left of the build only takes space.
        let _ = remove(&work);
        self.find().ok_or(Error::NoArchive(dir))
    }
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
    let path = dest.join(MANIFEST);
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
    let _ = writeln!(text, "checked = {:?}", hash_files("shim/checked")?);
    let _ = writeln!(text, "cpuinfo = {:?}", hash_files("shim/cpuinfo")?);
    let _ = writeln!(text, "xnnpack = {:?}", hash_files("shim/xnnpack")?);
    // The part of the shim that the library contains, and what this script itself decides.
    for file in [
        "shim/minimal_logging.cc",
        "shim/tflite_sys.h",
        "build/cmake.rs",
        "build/headers.rs",
    ] {
        let content =
            fs::read_to_string(file).map_err(|error| Error::io("read", file.as_ref(), error))?;
        let _ = writeln!(text, "{:?} = {:?}", file, hash(&content));
    }
    for (name, cpp) in [("cc", false), ("cxx", true)] {
        let _ = writeln!(text, "{name} = {:?}", compiler(cpp));
    }
    let _ = writeln!(text, "features = {:?}", cmake::feature_flags()?);
    let toolchain = vars::get("CMAKE_TOOLCHAIN_FILE").unwrap_or_default();
    let _ = writeln!(
        text,
        "CMAKE_TOOLCHAIN_FILE = {:?}",
        toolchain.to_string_lossy()
    );
    Ok(text)
}

/// The compiler as it will be called, and its own first line: its name and version.
///
/// The arguments hold what the many variables that `cc` reads come to. Level of optimisation and
/// debug information are left out: those are CMake's, not Cargo's.
fn compiler(cpp: bool) -> Vec<String> {
    let mut build = cc::Build::new();
    build.cpp(cpp).opt_level(0).debug(false).warnings(false);
    let Ok(tool) = build.try_get_compiler() else {
        return Vec::new();
    };
    let mut lines = vec![identity(tool.path())];
    lines.extend(
        tool.args()
            .iter()
            .map(|argument| argument.to_string_lossy().into_owned()),
    );
    if let Ok(output) = tool.to_command().arg("--version").output() {
        let text = String::from_utf8_lossy(&output.stdout);
        lines.extend(text.lines().next().map(str::to_owned));
    }
    lines
}

/// The compiler's path, or, of a script that `cargo zigbuild` has written, what it calls: such scripts
/// are in another place for each place that Zig is installed in.
fn identity(compiler: &Path) -> String {
    let path = compiler.display().to_string();
    let script = match fs::read_to_string(compiler) {
        Ok(script) if path.ends_with(".sh") => script,
        _ => return path,
    };
    let version = script
        .lines()
        .find_map(|line| Some(line.split_once("ZIG_VERSION=")?.1));
    let call = script
        .lines()
        .find_map(|line| Some(line.strip_prefix("exec ")?.split_once(" zig ")?.1));
    match (version, call) {
        (Some(version), Some(call)) => format!("zig {version} {call}"),
        _ => path,
    }
}

/// The hash of all files below `dir`, names included, in a fixed order, but for comments.
fn hash_files(dir: &str) -> Result<String, Error> {
    let mut files = Vec::new();
    list(Path::new(dir), &mut files)?;
    files.sort();
    let mut context = Context::new(&SHA256);
    for file in files {
        let content = fs::read_to_string(&file).map_err(|error| Error::io("read", &file, error))?;
        context.update(file.to_string_lossy().as_bytes());
        context.update(b"\n");
        // A comment is no reason to build everything again.
        for line in content.lines().filter(|line| !is_comment(line)) {
            context.update(line.as_bytes());
            context.update(b"\n");
        }
    }
    Ok(hex(context))
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("# ") || line.starts_with("// ")
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
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            progress::note("Another process builds TensorFlow Lite; waiting for it");
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
    }
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
