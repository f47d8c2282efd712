//! Loading models and making interpreters, for all commands.

use std::path::{Path, PathBuf};

use clap::Args;
use tflite::{
    Interpreter, InterpreterOptions, Model, WeightCache, WeightCacheStatus, Xnnpack, XnnpackOptions,
};

use crate::console;
use crate::error::{Failure, Result};

/// How the runtime shall compute.
#[derive(Args)]
#[command(next_help_heading = "Runtime")]
pub(crate) struct Runtime {
    /// How many threads compute
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    threads: u16,
    /// Compute with the runtime's own kernels alone
    #[arg(long)]
    no_xnnpack: bool,
    /// Keep the weights that XNNPACK packs in this file, and take them from there the next time; it
    /// belongs to one model and one kind of machine, and is written anew where it does not fit
    #[arg(long, value_name = "FILE", conflicts_with = "no_xnnpack")]
    weight_cache: Option<PathBuf>,
}

const MAX_THREADS: i64 = tflite::MAX_THREADS as i64;

impl Runtime {
    pub(crate) fn threads(&self) -> u16 {
        self.threads
    }

    pub(crate) fn options(&self) -> InterpreterOptions {
        let xnnpack = match &self.weight_cache {
            _ if self.no_xnnpack => Xnnpack::Off,
            None => Xnnpack::Auto,
            Some(path) => {
                let cache = WeightCache::File(path.clone());
                Xnnpack::With(XnnpackOptions::new().weight_cache(cache))
            }
        };
        InterpreterOptions::new()
            .threads(self.threads.into())
            .xnnpack(xnnpack)
    }

    /// Makes an interpreter, and says what became of a weight cache that is not used.
    pub(crate) fn interpreter(&self, path: &Path, model: &Model) -> Result<Interpreter> {
        let interpreter = Interpreter::new(model, self.options());
        let interpreter = interpreter.map_err(|source| Failure::model(path, source))?;
        let status = interpreter.delegate_report().weight_cache;
        if let (Some(cache), Some(what)) = (&self.weight_cache, weight_cache_note(&status)) {
            console::note(&format!("the weight cache {}: {what}", cache.display()));
        }
        Ok(interpreter)
    }
}

/// What the user should know; nothing if all is as it was meant to be.
fn weight_cache_note(status: &WeightCacheStatus) -> Option<String> {
    match status {
        WeightCacheStatus::Off => Some("not used, as XNNPACK is not".to_owned()),
        WeightCacheStatus::Saved { reason } => {
            let reason = reason.as_ref()?;
            Some(format!("written anew, since it did not fit: {reason}"))
        }
        WeightCacheStatus::NotSaved { reason } => Some(format!("could not be written: {reason}")),
        WeightCacheStatus::Unavailable { reason } => Some(format!("not used: {reason}")),
        _ => None,
    }
}

/// What became of a weight cache, in a word.
pub(crate) fn weight_cache_name(status: &WeightCacheStatus) -> &'static str {
    match status {
        WeightCacheStatus::Off => "off",
        WeightCacheStatus::Loaded => "loaded",
        WeightCacheStatus::Saved { .. } => "saved",
        WeightCacheStatus::NotSaved { .. } => "not saved",
        WeightCacheStatus::Unavailable { .. } => "unavailable",
        _ => "unknown",
    }
}

/// A model's file.
#[derive(Args)]
pub(crate) struct ModelPath {
    /// The model
    #[arg(value_name = "MODEL")]
    path: PathBuf,
}

impl ModelPath {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads and verifies it.
    pub(crate) fn load(&self) -> Result<Model> {
        Model::from_file(&self.path).map_err(|source| Failure::model(&self.path, source))
    }
}
