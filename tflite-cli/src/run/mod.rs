//! `tflite run`.

pub(crate) mod inputs;
mod outputs;
mod random;
mod show;

use std::path::PathBuf;

use clap::Args;

use crate::console;
use crate::error::{Failure, Result};
use crate::model::{ModelPath, Runtime};
use crate::target::{Target, TargetOptions};

use self::inputs::InputOptions;

/// Run a model once
///
/// Inputs come from files that NumPy writes, or are random. Dimensions that the model leaves open
/// take the length that the arrays have. Outputs are printed as NumPy prints them, or written to
/// files: strings as bytes (S), bfloat16 as ml_dtypes saves it (V2), integers of 4 and 2 bits as int8
/// or uint8.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelPath,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    inputs: InputOptions,
    /// Write each output to DIR/NAME.npy, or all of them to one archive if this ends in .npz; a file
    /// is replaced only when the new one is complete
    #[arg(long, short, value_name = "DIR", help_heading = "Outputs")]
    output: Option<PathBuf>,
    /// How many of the best labels to print for an output that has labels
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "Outputs")]
    top_k: usize,
    /// One label a line, for the outputs whose last dimension is as long; beats those in the model
    #[arg(long, value_name = "FILE", help_heading = "Outputs")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    runtime: Runtime,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let path = options.model.path();
    let labels = options
        .labels
        .as_deref()
        .map(show::read_labels)
        .transpose()?;
    let model = options.model.load()?;
    let info = model.info().map_err(|error| Failure::model(path, error))?;
    let mut interpreter = options.runtime.interpreter(path, &model)?;
    let mut target = Target::new(&mut interpreter, &info, &options.target)?;
    options.inputs.apply(&mut target, None)?;
    let invoked = target.invoke();
    invoked.map_err(|error| Failure::runtime("running the model", error))?;

    let mut out = console::results();
    match &options.output {
        Some(folder) => outputs::write(&mut out, &target, folder)?,
        None => show::write(&mut out, &target, &info, labels.as_deref(), options.top_k)?,
    }
    console::finish(out)?;
    Ok(())
}
