//! Checks the minimum supported Rust version, as far as that can be done here.
//!
//! With rustup and that toolchain installed, everything is checked with it. Without, no dependency
//! may state a newer version; that our own code uses nothing newer is clippy's `incompatible_msrv`.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::{Result, capture, cargo, run, target};

pub(crate) fn check() -> Result<()> {
    let metadata = capture(
        cargo()
            .args(["metadata", "--format-version=1", "--locked"])
            .stderr(Stdio::inherit()),
    )?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("cargo metadata lists no packages")?;
    let ours = packages
        .iter()
        .find(|package| package["name"] == "tflite-native")
        .and_then(|package| package["rust_version"].as_str())
        .ok_or("tflite-native states no rust-version")?;
    let newer: Vec<String> = packages
        .iter()
        .filter(|package| {
            package["rust_version"]
                .as_str()
                .is_some_and(|theirs| parts(theirs) > parts(ours))
        })
        .map(|package| {
            format!(
                "{} {} needs {}",
                package["name"], package["version"], package["rust_version"]
            )
        })
        .collect();
    if !newer.is_empty() {
        return Err(format!(
            "the stated Rust version {ours} is too old:\n{}",
            newer.join("\n")
        ));
    }
    eprintln!(
        "    none of {} packages states a Rust newer than {ours}",
        packages.len()
    );

    let toolchain = format!("+{ours}");
    let there = Command::new("rustup")
        .args(["run", ours, "rustc", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        eprintln!(
            "    skipped: cargo {toolchain} check, since rustup has no toolchain {ours} here"
        );
        return Ok(());
    }
    run(Command::new("cargo")
        .arg(toolchain)
        .args(["check", "--workspace", "--all-targets", "--locked"])
        .env_remove("RUSTC")
        .env("CARGO_TARGET_DIR", target().join("msrv")))
}

fn parts(version: &str) -> Vec<u64> {
    let mut parts: Vec<u64> = version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect();
    parts.resize(3, 0);
    parts
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn versions_compare_by_number() {
        assert!(parts("1.100") > parts("1.89.0"));
        assert!(parts("1.89.1") > parts("1.89"));
        assert_eq!(parts("1.89"), parts("1.89.0"));
    }
}
