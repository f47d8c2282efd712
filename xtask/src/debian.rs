//! Folders with a part of some release of Debian: old libraries to run programs with, and a compiler.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tflite_sys_source::Settings;

use crate::run::{Result, capture, step, tools};
use crate::setup;

/// What a folder holds.
pub(crate) struct Root {
    pub(crate) name: &'static str,
    pub(crate) suite: &'static str,
    /// Debian's names, that of the machine first if there are several.
    pub(crate) architectures: &'static [&'static str],
    pub(crate) packages: &'static [&'static str],
}

fn place(root: &Root) -> PathBuf {
    tools().join("roots").join(root.name)
}

/// Whether an earlier run has made it.
pub(crate) fn is_there(root: &Root) -> bool {
    place(root).is_dir()
}

/// The folder, made first if need be.
pub(crate) fn root(root: &Root) -> Result<PathBuf> {
    let dir = place(root);
    if dir.is_dir() {
        return Ok(dir);
    }
    setup::ensure(setup::ROOTS)?;
    let mirrors = tflite_sys_source::mirrors(
        root.suite,
        &Settings::from_env(|name| std::env::var_os(name)),
    )
    .map_err(|error| error.to_string())?;
    let what = format!(
        "Unpacking a part of Debian {} ({})",
        root.suite,
        root.packages.join(", ")
    );
    step(&what, || {
        let staging = dir.with_extension("tmp");
        let failed = |error: std::io::Error| format!("{}: {error}", staging.display());
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(failed)?;
        }
        fs::create_dir_all(&staging).map_err(failed)?;
        let mut errors = Vec::new();
        for mirror in &mirrors {
            let made = capture(
                Command::new("mmdebstrap")
                    // Nothing in there is run, so nothing need be installed.
                    .arg("--variant=extract")
                    .arg(format!("--architectures={}", root.architectures.join(",")))
                    .arg(format!("--include={}", root.packages.join(",")))
                    // A mirror may be a copy of some earlier day.
                    .arg("--aptopt=Acquire::Check-Valid-Until \"false\"")
                    .arg(root.suite)
                    .arg(&staging)
                    .arg(format!("deb {mirror} {} main", root.suite)),
            );
            match made {
                Ok(_) => return fs::rename(&staging, &dir).map_err(failed),
                Err(error) => errors.push(error),
            }
        }
        Err(errors.join("\n"))
    })?;
    Ok(dir)
}
