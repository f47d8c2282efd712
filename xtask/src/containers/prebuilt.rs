//! What the prebuilt library is for: a Lambda without CMake and without a C++ compiler.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::folder;
use crate::demo;
use crate::emulator::{self, Emulator};
use crate::endtoend;
use crate::run::{Result, capture, empty_folder, root, run, seconds};

/// What a user is promised, on two processors that do nothing else.
pub(super) const PROMISED: Duration = Duration::from_secs(90);
/// What it must not take even beside other work.
pub(crate) const BUSY: Duration = Duration::from_secs(300);
/// How large the program may be, as one that is built from source.
const LARGEST: u64 = 14_000_000;
/// All that such a build may call: a C compiler, whose linker Rust needs anyway.
const PROGRAMS: [&str; 7] = ["cc", "gcc", "as", "ld", "ar", "sh", "git"];

/// Unpacks the archive, builds a fresh clone with it in at most that time, and says how long that took and
/// what the program answers.
pub(super) fn build(archive: &Path, at_most: Duration) -> Result<String> {
    let dir = folder().join("prebuilt");
    empty_folder(&dir)?;
    run(Command::new("tar")
        .arg("--extract")
        .arg("--file")
        .arg(archive)
        .current_dir(&dir))?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let library = dir.join(name.trim_end_matches(".tar.xz"));

    // The commit, as somebody else gets it: nothing that lies about here.
    let clone = dir.join("clone");
    run(Command::new("git")
        .args(["clone", "--quiet"])
        .arg(root())
        .arg(&clone))?;
    let programs = programs(&dir)?;
    let cache = dir.join("cache");
    let start = Instant::now();
    run(Command::new(programs.join("cargo"))
        .args(["build", "--profile", "prebuilt", "--locked"])
        .args(["--package", "lambda-fn"])
        .args(["--bin", "bootstrap", "--no-default-features"])
        .current_dir(&clone)
        .env("PATH", &programs)
        .env("RUSTC", programs.join("rustc"))
        .env("CARGO_TARGET_DIR", clone.join("target"))
        .env("TFLITE_SYS_LIB_DIR", &library)
        .env("XDG_CACHE_HOME", &cache)
        .env_remove("CC")
        .env_remove("CXX")
        .env_remove("CXXSTDLIB")
        .env_remove("TFLITE_SYS_LIB_KIND"))?;
    let took = start.elapsed();
    if cache.exists() {
        return Err("the build has used a cache of its own library".to_owned());
    }

    let bootstrap = clone.join("target/prebuilt/bootstrap");
    let bytes = fs::metadata(&bootstrap)
        .map_err(|error| format!("{}: {error}", bootstrap.display()))?
        .len();
    if bytes > LARGEST {
        return Err(format!(
            "the program has {bytes} bytes, more than {LARGEST}"
        ));
    }
    let variables = demo::model();
    let (rie, log) = (emulator::find()?, dir.join("emulator.log"));
    let answer = endtoend::ask(|| Emulator::start(&rie, &bootstrap, &variables, &log), &log)?;
    // A gigabyte, of no further use.
    let _ = fs::remove_dir_all(&clone);
    let took_text = seconds(took);
    if took > at_most {
        return Err(format!(
            "the build took {took_text}, more than {}",
            seconds(at_most)
        ));
    }
    let megabytes = bytes as f64 / 1e6;
    Ok(format!(
        "built in {took_text}, {megabytes:.1} MB; answers {answer}"
    ))
}

/// A folder with the few programs that there are.
fn programs(dir: &Path) -> Result<PathBuf> {
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).map_err(|error| format!("{}: {error}", bin.display()))?;
    let link = |from: &str, name: &str| {
        symlink(from.trim(), bin.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    for name in PROGRAMS {
        let line = format!("command -v {name}");
        link(&capture(Command::new("sh").args(["-c", &line]))?, name)?;
    }
    let toolchain = capture(Command::new("rustc").args(["--print", "sysroot"]))?;
    for name in ["cargo", "rustc"] {
        link(&format!("{}/bin/{name}", toolchain.trim()), name)?;
    }
    Ok(bin)
}
