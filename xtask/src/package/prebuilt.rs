//! The native library as an archive, for others' builds: what `TFLITE_SYS_LIB_DIR` can name.
//!
//! ```text
//! tflite-sys-<version>-<target>-glibc<version>/
//!   lib/libtensorflowlite_c.a   the library
//!   lib/libtflite_cxx.a         the C++ runtime that it was compiled for
//!   include/                    the headers of the C API
//!   licences/                   of all that the library contains
//!   manifest.toml               what it was built from and how, and the hash of each file
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ring::digest::{SHA256, digest};
use serde_json::Value;
use tflite_sys_source::{Pin, Settings, Silent, ensure, pins};

use super::{read, write};
use crate::cross::{self, Arch};
use crate::run::{Result, capture, root, run, step};

/// What the build script calls them.
const LIBRARY: &str = "libtensorflowlite_c.a";
const GNU_CXX: &str = "libstdc++.a";
/// What the build script looks for beside a prebuilt library.
const CXX_AS: &str = "libtflite_cxx.a";

/// What a library was built with, and for.
pub(super) enum System {
    /// This system's compiler and glibc.
    Own,
    /// Zig, for that version of glibc.
    Zig(Arch, String),
}

/// Archives the library that a build has linked, and says where the archive is.
pub(super) fn make(messages: &[Value], system: &System, output: &Path) -> Result<PathBuf> {
    let folders = linked_folders(messages)?;
    let holding = |file: &str| {
        folders
            .iter()
            .find(|dir| dir.join(file).exists())
            .ok_or_else(|| format!("no {file} among what the build has linked"))
    };
    let library = holding(LIBRARY)?;
    let built = library
        .parent()
        .filter(|dir| dir.join("manifest.toml").exists())
        .ok_or_else(|| {
            format!(
                "{} was not built here; unset TFLITE_SYS_LIB_DIR",
                library.display()
            )
        })?;
    let manifest = read_text(&built.join("manifest.toml"))?;
    let target = field(&manifest, "target")?;
    let glibc = match system {
        System::Own => system_glibc()?,
        System::Zig(_, glibc) => glibc.clone(),
    };
    let name = format!("tflite-sys-{}-{target}-glibc{glibc}", version(messages)?);

    let what = format!("Archiving the native library as {name}");
    step(&what, || {
        let staging = output.join(".prebuilt");
        remove(&staging)?;
        let dir = staging.join(&name);
        copy(&library.join(LIBRARY), &dir.join("lib").join(LIBRARY))?;
        let cxx = dir.join("lib").join(CXX_AS);
        match system {
            System::Own => copy(&holding(GNU_CXX)?.join(GNU_CXX), &cxx)?,
            System::Zig(arch, glibc) => merge(&cross::cxx_libraries(*arch, glibc)?, &cxx)?,
        }
        copy_all(&built.join("include"), &dir.join("include"))?;
        let pins = pins().map_err(|error| error.to_string())?;
        let pin = pins.get("chromium").map_err(|error| error.to_string())?;
        copy_licences(pin, &dir.join("licences"))?;
        if matches!(system, System::Zig(..)) {
            for (library, notice) in cross::cxx_notices()? {
                copy(
                    &notice,
                    &dir.join("licences").join(library).join("LICENSE.TXT"),
                )?;
            }
        }
        let text = describe(&manifest, pin, &glibc, &dir)?;
        write(&dir.join("manifest.toml"), text.as_bytes())?;
        let archive = output.join(format!("{name}.tar.xz"));
        tar(&staging, &name, &archive)?;
        remove(&staging)?;
        Ok(archive)
    })
}

/// Puts the members of several archives into one.
fn merge(archives: &[PathBuf], into: &Path) -> Result<()> {
    let mut script = format!("CREATE {}\n", into.display());
    for archive in archives {
        let _ = writeln!(script, "ADDLIB {}", archive.display());
    }
    script.push_str("SAVE\nEND\n");
    let mut command = Command::new("ar");
    let mut child = command
        .arg("-M")
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("ar: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(script.as_bytes())
            .map_err(|error| format!("ar: {error}"))?;
    }
    let status = child.wait().map_err(|error| format!("ar: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("ar -M ended with {status}, of\n{script}"))
    }
}

/// The folders that the build script of `tflite-sys` has named to the linker.
fn linked_folders(messages: &[Value]) -> Result<Vec<PathBuf>> {
    let message = messages
        .iter()
        .filter(|message| message["reason"] == "build-script-executed")
        .find(|message| is_ours(message))
        .ok_or("the build did not run the build script of tflite-sys")?;
    let paths = message["linked_paths"].as_array();
    Ok(paths
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|path| PathBuf::from(path.strip_prefix("native=").unwrap_or(path)))
        .collect())
}

/// Package ids are such as `path+file:///…/tflite-sys#0.1.0+2.22.0`.
fn is_ours(message: &Value) -> bool {
    message["package_id"]
        .as_str()
        .is_some_and(|id| id.contains("/tflite-sys#"))
}

fn version(messages: &[Value]) -> Result<String> {
    messages
        .iter()
        .filter(|message| is_ours(message))
        .find_map(|message| message["package_id"].as_str()?.rsplit('#').next())
        .map(str::to_owned)
        .ok_or_else(|| "the build knows no version of tflite-sys".to_owned())
}

/// A text of the manifest that a build leaves beside its library.
fn field(manifest: &str, name: &str) -> Result<String> {
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    line.map(|value| value.trim().trim_matches('"').to_owned())
        .ok_or_else(|| format!("the library's manifest has no '{name}'"))
}

/// The version of this system's glibc: the library may call what that one has.
fn system_glibc() -> Result<String> {
    let answer = capture(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    answer
        .trim()
        .strip_prefix("glibc ")
        .map(str::to_owned)
        .ok_or_else(|| format!("no version of glibc: {}", answer.trim()))
}

/// Licence texts and Chromium's notes on each component, in a folder of its name.
fn copy_licences(pin: &Pin, to: &Path) -> Result<()> {
    let vendored = root().join("third_party/src");
    let mut settings = Settings::from_env(|name| std::env::var_os(name));
    if settings.source_dir.is_none() && tflite_sys_source::is_complete(&vendored, pin) {
        settings.source_dir = Some(vendored);
    }
    let source = ensure(pin, &settings, &mut Silent).map_err(|error| error.to_string())?;
    for component in &pin.components {
        let name = &component.folder;
        let mut found = false;
        for below in ["", "src"] {
            let from = source.join(name).join(below);
            if !from.is_dir() {
                continue;
            }
            for file in list(&from)?.iter().filter(|path| path.is_file()) {
                let Some(text) = file.file_name().and_then(|name| name.to_str()) else {
                    continue;
                };
                let starts = ["LICENSE", "COPYING", "NOTICE"];
                let is_licence = starts.iter().any(|start| text.starts_with(start));
                if is_licence || text == "README.chromium" {
                    copy(file, &to.join(name).join(below).join(text))?;
                    found |= is_licence;
                }
            }
        }
        if !found {
            return Err(format!("no licence was found for {name}"));
        }
    }
    Ok(())
}

/// The build's own manifest, and what that has only hashes of.
fn describe(built: &str, pin: &Pin, glibc: &str, dir: &Path) -> Result<String> {
    let mut text = built.trim_end().to_owned();
    // Writing to a String does not fail.
    let _ = writeln!(text, "\nglibc = {glibc:?}");
    let _ = writeln!(text, "flags = [");
    for line in flags()? {
        let _ = writeln!(text, "  {line:?},");
    }
    let _ = writeln!(text, "]\n\n[source]");
    let _ = writeln!(text, "file = {:?}", pin.file_name());
    let _ = writeln!(text, "sha256 = {:?}", pin.sha256);
    let _ = writeln!(text, "\n[source.revisions]");
    for component in &pin.components {
        let _ = writeln!(text, "{:?} = {:?}", component.folder, component.revision);
    }
    let _ = writeln!(text, "\n[files]");
    for file in files_below(dir)? {
        let hash: String = digest(&SHA256, &read(&file)?)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = file.strip_prefix(dir).unwrap_or(&file).display();
        let _ = writeln!(text, "{:?} = {hash:?}", name.to_string());
    }
    Ok(text)
}

/// The lines of our CMake file that set flags for all compilers.
fn flags() -> Result<Vec<String>> {
    let text = read_text(&root().join("tflite-sys/cmake/CMakeLists.txt"))?;
    let starts = [
        "set(CMAKE_C",
        "set(CMAKE_ASM_FLAGS",
        "set(CMAKE_VIS",
        "set(CMAKE_POS",
        "add_compile_options(",
    ];
    Ok(text
        .lines()
        .filter(|line| starts.iter().any(|start| line.starts_with(start)))
        .map(str::to_owned)
        .collect())
}

/// Of which the same files always make the same bytes.
fn tar(dir: &Path, name: &str, archive: &Path) -> Result<()> {
    let command = "tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
         --mode=u=rwX,go=rX \"$1\" | xz -6 --stdout > \"$2\"";
    run(Command::new("bash")
        .args(["-o", "pipefail", "-c", command, "bash", name])
        .arg(std::path::absolute(archive).map_err(|error| error.to_string())?)
        .current_dir(dir))
}

fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in list(dir)? {
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// What a folder holds, in the order of the names.
fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
    let mut paths = fs::read_dir(dir)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for file in files_below(from)? {
        copy(&file, &to.join(file.strip_prefix(from).unwrap_or(&file)))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    }
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", dir.display()))
        }
        _ => Ok(()),
    }
}
