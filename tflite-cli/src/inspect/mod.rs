//! `tflite inspect`.

mod description;
mod report;
mod text;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use tflite::{Error, Model, ModelInfo};

use crate::console;
use crate::error::{Failure, Result, model_code};
use crate::model::{ModelPath, Runtime};

use self::report::{Report, Source};

/// Show what is in a model
///
/// Its signatures, inputs and outputs with types, shapes (-1 where the model leaves a dimension
/// open) and quantization; its operators with versions and counts, and which of them XNNPACK would
/// compute; metadata and labels. A model that can be read but makes no sense is shown too, with what
/// is wrong, and the exit code is 3.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelPath,
    /// List each operator and each tensor
    #[arg(long)]
    all: bool,
    /// Print one JSON object; docs/json.md of the package tflite-cli describes its fields
    #[arg(long, conflicts_with = "all")]
    json: bool,
    #[command(flatten)]
    runtime: Runtime,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let path = options.model.path();
    let source = load(path)?;
    let code = source.model.as_ref().map_or_else(model_code, |_| 0);
    let report = Report::new(source, options.runtime.options());

    let mut out = console::results();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        text::write(&mut out, &report, options.all)?;
    }
    console::finish(out)?;
    Ok(ExitCode::from(code))
}

/// Reads a model, also one that is refused, if it is not too damaged.
fn load(path: &Path) -> Result<Source<'_>> {
    let failure = |error| Failure::model(path, error);
    let refusal = match Model::from_file(path) {
        Ok(model) => {
            return Ok(Source {
                path,
                size: model.as_bytes().len(),
                info: model.info().map_err(failure)?,
                model: Ok(model),
            });
        }
        Err(refusal @ (Error::InvalidModel { .. } | Error::UnsoundModel { .. })) => refusal,
        Err(error) => return Err(failure(error)),
    };
    // It was short enough to be read before; it may have grown.
    const LIMIT: u64 = 1 << 31;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
        .map_err(|source| Failure::read(path, source))?;
    match ModelInfo::from_bytes(&bytes) {
        Ok(info) => Ok(Source {
            path,
            size: bytes.len(),
            info,
            model: Err(refusal),
        }),
        Err(_) => Err(failure(refusal)),
    }
}
