//! The feature `selected-ops`: only the operators of a list are registered, and so linked.
//!
//! The library stays as it is, and so does its place in the cache. The linker gets a copy of it in
//! which the functions that register operators are weak, and, for each operator that is not in the
//! list, a function of the same name that registers nothing. Nothing then leads to the kernels, and
//! the linker leaves them out. The resolver of `shim/checked` asks for all operators as ever, so the
//! checks and the versions are those of the whole library.

mod archive;
mod model;
mod stubs;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::operators::{CUSTOM_OPERATOR_NAMES, OPERATOR_NAMES};
use crate::vars;

use stubs::Function;

/// Name of the copy; not the original's, which is in another folder that the linker looks into.
pub(crate) const LIBRARY: &str = "tensorflowlite_c_selected";

/// The names that do not stand for one operator.
const PLACEHOLDERS: [&str; 3] = ["CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"];

/// The operators that shall be linked.
pub(crate) struct Selection(BTreeSet<&'static str>);

/// What the environment asks for.
pub(crate) enum Wish {
    /// The feature is off.
    All,
    Some(Selection),
    /// The feature is on, and nothing says what is wanted.
    Nothing,
}

impl Wish {
    pub(crate) fn from_env() -> Result<Self, Error> {
        if env::var_os("CARGO_FEATURE_SELECTED_OPS").is_none() {
            return Ok(Self::All);
        }
        let names = vars::get(vars::OPS);
        let models = vars::get(vars::OPS_FROM);
        let mut is_list = false;
        let mut selection = Selection(BTreeSet::new());
        let names = names.unwrap_or_default();
        let names = names.to_string_lossy();
        for name in names.split(|c: char| c == ',' || c.is_whitespace()) {
            if !name.is_empty() {
                selection.0.insert(known(name)?);
                is_list = true;
            }
        }
        for path in env::split_paths(&models.unwrap_or_default()) {
            if !path.as_os_str().is_empty() {
                selection.add_model(vars::from_users_folder(path))?;
                is_list = true;
            }
        }
        Ok(if is_list {
            Self::Some(selection)
        } else {
            Self::Nothing
        })
    }
}

/// The operator of that name.
fn known(name: &str) -> Result<&'static str, Error> {
    let all = || OPERATOR_NAMES.into_iter().chain(CUSTOM_OPERATOR_NAMES);
    let usable = || all().filter(|known| !PLACEHOLDERS.contains(known));
    usable().find(|known| *known == name).ok_or_else(|| {
        let nearest = usable().min_by_key(|known| distance(known, name));
        Error::UnknownOperator {
            name: name.to_owned(),
            // Far from all of them, it is no slip of a finger.
            nearest: nearest.filter(|known| distance(known, name) <= known.len() / 3),
        }
    })
}

/// How many letters must be changed, added or removed; case does not count, and neither do `_`.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| -> Vec<u8> {
        let upper = text.bytes().map(|byte| byte.to_ascii_uppercase());
        upper.filter(|byte| *byte != b'_').collect()
    };
    let b = letters(b);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in letters(a).into_iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

impl Selection {
    /// Adds the operators of all subgraphs of a model.
    fn add_model(&mut self, path: PathBuf) -> Result<(), Error> {
        println!("cargo::rerun-if-changed={}", path.display());
        let file = fs::read(&path).map_err(|error| Error::OpsModel {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let codes = model::operator_codes(&file).map_err(|reason| Error::OpsModel {
            path: path.clone(),
            reason: reason.to_owned(),
        })?;
        for code in codes {
            match code {
                model::Code::Builtin(number) => {
                    let name = usize::try_from(number)
                        .ok()
                        .and_then(|number| OPERATOR_NAMES.get(number).copied())
                        .ok_or_else(|| Error::OpsModel {
                            path: path.clone(),
                            reason: format!(
                                "it has an operator with the number {number}, which is newer"
                            ),
                        })?;
                    self.0.insert(name);
                }
                model::Code::Custom(name) => {
                    match CUSTOM_OPERATOR_NAMES.into_iter().find(|own| *own == name) {
                        Some(own) => {
                            self.0.insert(own);
                        }
                        None => println!(
                            "cargo::warning={}: the custom operator '{name}' is none of TensorFlow \
                             Lite's own; the program must add it to the interpreter's options",
                            path.display()
                        ),
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes the copy of the archive and the functions beside it in `dir`.
    pub(crate) fn apply(&self, archive: &Path, dir: &Path) -> Result<PathBuf, Error> {
        fs::create_dir_all(dir).map_err(|error| Error::io("make", dir, error))?;
        let mut bytes = fs::read(archive).map_err(|error| Error::io("read", archive, error))?;
        let mut found = BTreeSet::new();
        let mut dropped = BTreeSet::new();
        archive::weaken(&mut bytes, |symbol| {
            let Some(function) = Function::of(symbol) else {
                return false;
            };
            found.insert(function.operator);
            let unselected = !self.0.contains(function.operator);
            if unselected {
                dropped.insert(function);
            }
            unselected
        })
        .map_err(|reason| Error::OpsLibrary {
            path: archive.to_owned(),
            reason: reason.to_owned(),
        })?;
        if let Some(name) = self.0.iter().find(|name| !found.contains(*name)) {
            return Err(Error::NoKernel(name));
        }
        let copy = dir.join(format!("lib{LIBRARY}.a"));
        fs::write(&copy, bytes).map_err(|error| Error::io("write", &copy, error))?;
        stubs::compile(&dropped, dir)?;
        let names: Vec<_> = self.0.iter().copied().collect();
        println!("cargo::rustc-env=TFLITE_SYS_SELECTED={}", names.join(" "));
        Ok(copy)
    }
}
