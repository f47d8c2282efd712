//! `cargo xtask convert-test`: made-up Keras models through `model/convert.py`, and the scores of
//! Keras, of the Python interpreter and of the function's own code beside each other.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde::Deserialize;

use crate::checks::Outcome;
use crate::classify::{self, Job, Report, largest_difference};
use crate::python;
use crate::run::{Result, empty_folder, read_json, run as run_command, step, target};
use crate::setup;

/// How far scores in float32 may be apart.
const TOLERANCE: f64 = 1e-3;

/// How far a quantized model's may be apart in the two runtimes, as a share of the range of all
/// scores. Versions of XNNPACK round in different ways, and a step of int8 is a 256th of it.
const RUNTIMES: f64 = 0.02;

/// How far a quantized model's may be from those of Keras, as a share of the same range: for models
/// that were never trained. `convert.py` checks it more closely.
const QUANTIZED: f64 = 0.15;

#[derive(Args)]
pub(crate) struct Options {
    /// A small model from all files in all quantizations, instead of Xception for 299x299
    #[arg(long)]
    pub(crate) quick: bool,
}

/// What `model/tests/conversions.py` writes.
#[derive(Deserialize)]
struct Index {
    labels: Vec<String>,
    models: Vec<Converted>,
}

#[derive(Deserialize)]
struct Converted {
    kind: String,
    quantization: String,
    model: String,
    scores: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    keras: Vec<f64>,
    python: Vec<f64>,
}

/// The largest differences of two sides' scores each.
#[derive(Debug, PartialEq)]
struct Differences {
    keras_python: f64,
    keras_ours: f64,
    python_ours: f64,
    /// From the lowest score of Keras to the highest.
    range: f64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::for_build()?;
    let python = python::with_tensorflow()?;
    let program = classify::build()?;
    let network = if options.quick { "small" } else { "xception" };
    let work = target().join("convert-test").join(network);
    empty_folder(&work)?;

    step("Errors and parts of convert.py", || {
        let mut tests = python::script(&python, "model/tests/test_convert.py");
        run_command(&mut tests)
    })?;
    step("Making models and converting them", || {
        let mut script = python::script(&python, "model/tests/conversions.py");
        run_command(script.args(["--network", network, "--out"]).arg(&work))
    })?;
    let index: Index = read_json(&work.join("index.json"))?;

    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    step("The same in our runtime", || {
        for model in &index.models {
            let found = score(&program, &work, model)?;
            if found.plan.labels != index.labels {
                return Err(format!(
                    "{}: the labels inside are {:?}",
                    model.model, found.plan.labels
                ));
            }
            let differences = compare(model, &found)?;
            lines.push(line(&work.join(&model.model), model, &differences)?);
            wrong.extend(verdict(model, &differences));
        }
        Ok(())
    })?;
    println!(
        "{:10}  {:8}  {:>10}  {:>12}  {:>10}  {:>11}\n{}",
        "from",
        "to",
        "bytes",
        "Keras-Python",
        "Keras-ours",
        "Python-ours",
        lines.join("\n")
    );
    if wrong.is_empty() && !index.models.is_empty() {
        Ok(())
    } else {
        Err(format!("the scores differ: {}", wrong.join("; ")))
    }
}

/// The quick test, where TensorFlow is there: it is too large to be installed for that alone.
pub(crate) fn check() -> Result<Outcome> {
    if !python::has_tensorflow()? {
        return Ok(Outcome::Skipped(
            "TensorFlow (1.7 GB) is not installed; `cargo xtask convert-test` does that".to_owned(),
        ));
    }
    run(&Options { quick: true })?;
    Ok(Outcome::Passed)
}

fn score(program: &Path, work: &Path, model: &Converted) -> Result<Report> {
    let job = Job {
        images: &work.join("pictures"),
        model: &work.join(&model.model),
        labels: None,
        threads: None,
        runs: None,
    };
    classify::run(program, &job, |_| Ok(()))
}

fn compare(model: &Converted, found: &Report) -> Result<Differences> {
    let mut worst = Differences {
        keras_python: 0.0,
        keras_ours: 0.0,
        python_ours: 0.0,
        range: 0.0,
    };
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    if model.scores.is_empty() || model.scores.len() != found.scores.len() {
        return Err(format!("{}: not the same pictures", model.model));
    }
    for (picture, Expected { keras, python }) in &model.scores {
        let ours = match found.scores.get(picture) {
            Some(Ok(ours)) => ours,
            Some(Err(error)) => return Err(format!("{picture}: {error}")),
            None => return Err(format!("{}: no scores for {picture}", model.model)),
        };
        if ours.is_empty() || keras.len() != ours.len() || python.len() != ours.len() {
            return Err(format!("{}: not as many scores for {picture}", model.model));
        }
        worst.keras_python = worst.keras_python.max(largest_difference(keras, python));
        worst.keras_ours = worst.keras_ours.max(largest_difference(keras, ours));
        worst.python_ours = worst.python_ours.max(largest_difference(python, ours));
        low = keras.iter().copied().fold(low, f64::min);
        high = keras.iter().copied().fold(high, f64::max);
    }
    worst.range = high - low;
    Ok(worst)
}

fn line(path: &Path, model: &Converted, differences: &Differences) -> Result<String> {
    let bytes = path
        .metadata()
        .map_err(|error| format!("{}: {error}", path.display()))?
        .len();
    Ok(format!(
        "{:10}  {:8}  {bytes:>10}  {:>12.2e}  {:>10.2e}  {:>11.2e}",
        model.kind,
        model.quantization,
        differences.keras_python,
        differences.keras_ours,
        differences.python_ours
    ))
}

/// What is further apart than it may be.
fn verdict(model: &Converted, differences: &Differences) -> Option<String> {
    let (keras, runtimes) = if model.quantization == "float32" {
        (TOLERANCE, TOLERANCE)
    } else {
        (QUANTIZED * differences.range, RUNTIMES * differences.range)
    };
    let is_close = differences.keras_python <= keras
        && differences.keras_ours <= keras
        && differences.python_ours <= runtimes;
    (!is_close).then(|| {
        format!(
            "{}: more than {keras:.1e} from Keras, or than {runtimes:.1e} between the runtimes",
            model.model
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Plan;

    fn model(quantization: &str, keras: &[f64], python: &[f64]) -> Converted {
        let expected = Expected {
            keras: keras.to_vec(),
            python: python.to_vec(),
        };
        Converted {
            kind: "h5".to_owned(),
            quantization: quantization.to_owned(),
            model: "m.tflite".to_owned(),
            scores: BTreeMap::from([("1.png".to_owned(), expected)]),
        }
    }

    fn report(scores: &[f64]) -> Report {
        Report {
            plan: Plan::default(),
            scores: BTreeMap::from([("1.png".to_owned(), Ok(scores.to_vec()))]),
            seconds: 1.0,
            end: serde_json::Value::Null,
        }
    }

    #[test]
    fn each_pair_is_compared() {
        let model = model("float32", &[0.0, 8.0], &[0.0, 8.5]);
        let found = compare(&model, &report(&[0.0, 8.75])).expect("the same pictures");
        let expected = Differences {
            keras_python: 0.5,
            keras_ours: 0.75,
            python_ours: 0.25,
            range: 8.0,
        };
        assert_eq!(found, expected);
        assert!(verdict(&model, &found).is_some());
    }

    #[test]
    fn quantized_models_may_differ_more_but_not_at_will() {
        let judge = |quantization, python, ours| {
            let model = model(quantization, &[0.0, 8.0], &[0.0, python]);
            let found = compare(&model, &report(&[0.0, ours])).expect("the same pictures");
            verdict(&model, &found)
        };
        assert_eq!(judge("float32", 8.0005, 8.0), None);
        assert_eq!(judge("int8", 8.5, 8.6), None);
        assert!(judge("int8", 8.5, 8.7).is_some());
        assert!(judge("int8", 9.5, 9.5).is_some());
        assert!(judge("float32", f64::NAN, 8.0).is_some());
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let model = model("float32", &[0.0], &[0.0]);
        assert!(compare(&model, &report(&[])).is_err());
        assert!(compare(&model, &report(&[0.0, 1.0])).is_err());
        let mut none = report(&[0.0]);
        none.scores.clear();
        assert!(compare(&model, &none).is_err());
    }
}
