//! Finds or builds the native library, and tells Cargo how to link it.
//!
//! In this order:
//!
//! 1. `DOCS_RS`: nothing is built; the committed bindings are all that the docs need.
//! 2. `TFLITE_SYS_LIB_DIR`: a prebuilt library is linked.
//! 3. With the feature `bundled`, the library is built from the pinned source, or taken from the build cache.
//!
//! Where a tool for 3 is missing, the failure is put off until something is linked, so that
//! `cargo check`, `cargo clippy` and `cargo doc` work everywhere.

#![cfg_attr(
    not(feature = "bundled"),
    expect(dead_code, reason = "much is for builds from source alone")
)]

mod bindings;
#[cfg(feature = "bundled")]
mod cache;
#[cfg(feature = "bundled")]
mod cmake;
mod compilers;
mod error;
#[cfg(feature = "bundled")]
mod headers;
mod identity;
mod link;
#[path = "../src/operators.rs"]
#[expect(
    unreachable_pub,
    reason = "public in the library, which has this file too"
)]
mod operators;
#[cfg(feature = "bundled")]
mod progress;
#[cfg(feature = "bundled")]
mod sanitize;
mod selected;
mod shim;
#[cfg(feature = "bundled")]
mod source;
#[cfg(feature = "bundled")]
mod tools;
mod vars;

use std::process::ExitCode;

use error::Error;
use selected::Wish;
use vars::Target;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Cargo prints one line for each of these.
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    // With any of these lines Cargo no longer watches the whole package by itself.
    for path in ["build", "cmake", "shim", "src/operators.rs", "wrapper.h"] {
        println!("cargo::rerun-if-changed={path}");
    }

    if vars::get(vars::DOCS_RS).is_some() {
        return Ok(());
    }
    let selection = match Wish::from_env()? {
        Wish::All => None,
        Wish::Some(selection) => Some(selection),
        // `cargo check --all-features` and the documentation need no list.
        Wish::Nothing => {
            return link::defer(&format!(
                "the feature selected-ops needs a list. Set {} to names of operators, or {} to models that have them",
                vars::OPS,
                vars::OPS_FROM
            ));
        }
    };
    let selection = selection.as_ref();
    let target = Target::from_cargo()?;
    if let Some(dir) = vars::path(vars::LIB_DIR) {
        let library = link::Prebuilt::find(dir, &target)?;
        shim::compile(library.include());
        library.link(&target, selection)?;
        return bindings::regenerate(library.include());
    }
    from_source(&target, selection)
}

#[cfg(not(feature = "bundled"))]
fn from_source(_: &Target, _: Option<&selected::Selection>) -> Result<(), Error> {
    link::defer(&format!(
        "the feature bundled is off, and {} does not name a prebuilt library. Set it, or enable bundled to \
         build from source",
        vars::LIB_DIR
    ))
}

/// Builds the library, or takes it from the cache.
#[cfg(feature = "bundled")]
fn from_source(target: &Target, selection: Option<&selected::Selection>) -> Result<(), Error> {
    sanitize::extend_flags(target)?;
    compilers::adapt_flags(target);
    let plan = cache::plan(target)?;
    let library = match plan.find() {
        Some(library) => library,
        None => {
            // Asked before a build of many minutes, not after it.
            if let Some(missing) = tools::missing() {
                return link::defer(&missing);
            }
            if let Err(error @ Error::NoStaticCxx { .. }) = link::CxxLibrary::find(target) {
                return link::defer(&error.to_string());
            }
            plan.build()?
        }
    };
    shim::compile(Some(&library.include));
    link::built(&library, target, selection)?;
    bindings::regenerate(Some(&library.include))
}
