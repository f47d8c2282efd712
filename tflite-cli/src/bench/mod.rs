//! `tflite bench`.

mod memory;
mod profile;
mod report;
mod stats;

use std::io::Write as _;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tflite::{Interpreter, Model, ModelInfo, Profiler};

use crate::console;
use crate::error::{Failure, Result};
use crate::model::{ModelPath, Runtime};
use crate::run::inputs::InputOptions;
use crate::target::{Target, TargetOptions};

use self::report::{Facts, Report};

/// Measure how fast a model runs
///
/// Times are those of the invocation alone, on inputs that do not change. The names are those of the
/// official benchmark tools: init (reading, verifying and preparing the model), warm-up, average,
/// minimum, maximum, median, standard deviation, 5th and 95th percentile. The times of operators come
/// from more runs behind those, since measuring them takes time itself.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelPath,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    inputs: InputOptions,
    /// How many runs are measured, at least
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Measurement")]
    runs: u32,
    /// For how long runs are measured, at least; both this and --runs count
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, help_heading = "Measurement")]
    duration: Option<Duration>,
    /// How many runs come before
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        help_heading = "Measurement"
    )]
    warmup_runs: u32,
    /// How many runs the times of operators are from; 0 leaves them out
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        help_heading = "Measurement"
    )]
    profile_runs: u32,
    /// How many operators and nodes to print, the slowest first
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        help_heading = "Measurement"
    )]
    top: usize,
    /// Print one JSON object; docs/json.md of the package tflite-cli describes its fields
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    runtime: Runtime,
}

fn parse_seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    // Longer than a year is a mistake, and would overflow clocks.
    if !(0.0..=3.2e7).contains(&seconds) {
        return Err("not a number of seconds from 0 to a year".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// The seed for inputs, unless another one is given.
const SEED: u64 = 0;

pub(crate) fn run(options: &Options) -> Result<()> {
    let path = options.model.path();
    let start = Instant::now();
    let model = options.model.load()?;
    let load_ms = millis(start.elapsed());
    let mut interpreter = options.runtime.interpreter(path, &model)?;
    let init_ms = millis(start.elapsed());

    let info = model.info().map_err(|error| Failure::model(path, error))?;
    let mut target = Target::new(&mut interpreter, &info, &options.target)?;
    options.inputs.apply(&mut target, Some(SEED))?;
    let input_bytes = input_bytes(&target)?;

    let bar = progress(options);
    let warmup_ms = measure(&mut target, &bar, options.warmup_runs, Duration::ZERO)?;
    let duration = options.duration.unwrap_or_default();
    let times_ms = measure(&mut target, &bar, options.runs, duration)?;
    let signature = target.signature.clone();
    drop(target);
    // Before the profile, which needs another interpreter.
    let peak_rss_bytes = memory::peak_rss();
    let delegates = interpreter.delegate_report();
    drop(interpreter);
    let profile = match options.profile_runs {
        0 => None,
        runs => Some(profile(options, &model, &info, runs, &bar)?),
    };
    bar.finish_and_clear();

    let report = Report::new(Facts {
        path,
        model_bytes: model.as_bytes().len(),
        signature,
        threads: options.runtime.threads(),
        delegates,
        load_ms,
        init_ms,
        warmup_ms: &warmup_ms,
        times_ms: &times_ms,
        input_bytes,
        peak_rss_bytes,
        profile: profile.as_ref(),
    })
    .ok_or_else(|| Failure::Usage("nothing was measured".to_owned()))?;
    let mut out = console::results();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        report.write(&mut out, options.top)?;
    }
    console::finish(out)?;
    Ok(())
}

/// Invokes so many times, and for so long, and returns how long each took.
fn measure(
    target: &mut Target<'_>,
    bar: &ProgressBar,
    runs: u32,
    duration: Duration,
) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < runs as usize || begin.elapsed() < duration {
        let start = Instant::now();
        let result = target.invoke();
        times.push(millis(start.elapsed()));
        result.map_err(|error| Failure::runtime("running the model", error))?;
        bar.inc(1);
    }
    Ok(times)
}

/// The times of operators, in an interpreter of their own.
fn profile(
    options: &Options,
    model: &Model,
    info: &ModelInfo,
    runs: u32,
    bar: &ProgressBar,
) -> Result<tflite::ProfileSummary> {
    let path = options.model.path();
    let profiler = Profiler::new();
    let interpreter = Interpreter::new(model, options.runtime.options().profiler(profiler.clone()));
    let mut interpreter = interpreter.map_err(|error| Failure::model(path, error))?;
    let mut target = Target::new(&mut interpreter, info, &options.target)?;
    options.inputs.apply(&mut target, Some(SEED))?;
    // The first run is not like the others.
    measure(&mut target, bar, 1, Duration::ZERO)?;
    profiler.reset();
    measure(&mut target, bar, runs, Duration::ZERO)?;
    Ok(profiler.summary())
}

fn input_bytes(target: &Target<'_>) -> Result<usize> {
    let bytes = |place| target.input(place).map(|tensor| tensor.byte_len());
    target.inputs.iter().map(bytes).sum()
}

/// On a terminal only. It is drawn between the runs, not during them.
fn progress(options: &Options) -> ProgressBar {
    let profiled = match options.profile_runs {
        0 => 0,
        runs => u64::from(runs) + 1,
    };
    let runs = u64::from(options.warmup_runs) + u64::from(options.runs) + profiled;
    // It goes when it is dropped, so that a failure is told on a line of its own.
    let bar = ProgressBar::new(runs).with_finish(ProgressFinish::AndClear);
    // How many runs fill a duration is not known beforehand.
    let template = match options.duration {
        None => "{bar:40} {pos}/{len} runs, {eta} left",
        Some(_) => "{spinner} {pos} runs, {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn millis(duration: Duration) -> f64 {
    1e3 * duration.as_secs_f64()
}
