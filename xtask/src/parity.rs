//! `cargo xtask parity`: the same model on the same pictures, in our runtime and in the official
//! Python interpreter.
//!
//! Both read the same pixels: the Python side decodes each picture once, and our side reads the
//! lossless copies that it leaves. Speed is compared in turns, as ratios.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::classify::{self, Job, Report, largest_difference, numbers};
use crate::python;
use crate::run::{Result, capture, empty_folder, read_json, root, step, target};
use crate::setup;

#[derive(Args)]
pub(crate) struct Options {
    /// Folder of pictures, searched with its subfolders
    #[arg(long, value_name = "DIR", default_value_os_t = root().join("model/sample"))]
    images: PathBuf,
    /// The model [default: the one of the repository]
    #[arg(long, value_name = "FILE", default_value_os_t = root().join("model/clothing.tflite"))]
    model: PathBuf,
    /// How many pictures to take, spread over the folder
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroUsize,
    /// Threads of one inference
    #[arg(long, value_name = "N", default_value = "2")]
    threads: NonZeroUsize,
    /// How often each side's turn to be timed comes
    #[arg(long, value_name = "N", default_value = "5")]
    rounds: NonZeroUsize,
    /// The largest difference of two outputs that passes
    #[arg(long, value_name = "X", default_value_t = 1e-4)]
    tolerance: f64,
    /// The largest ratio of our time to Python's that passes
    #[arg(long, value_name = "X", default_value_t = 1.10)]
    ratio: f64,
}

impl Options {
    /// What the tests compare: the pictures of the repository.
    pub(crate) fn of_the_repository() -> Self {
        Self {
            images: root().join("keras-preprocess/tests/golden/pictures"),
            model: root().join("model/clothing.tflite"),
            limit: NonZeroUsize::MIN.saturating_add(19),
            threads: NonZeroUsize::MIN.saturating_add(1),
            rounds: NonZeroUsize::MIN.saturating_add(2),
            tolerance: 1e-4,
            // Loose enough for a busy machine, and tight enough for what it must catch: without
            // XNNPACK it would be about 6.
            ratio: 2.0,
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::for_build()?;
    let python = python::interpreter()?;
    let classify = classify::build()?;
    let work = target().join("parity");
    empty_folder(&work)?;
    let pixels = work.join("pixels");
    empty_folder(&pixels)?;

    let threads = options.threads.to_string();
    let labels = root().join("model/clothing.labels.txt");
    let golden = |out: &str, limit: &str, extra: &[&str]| {
        let mut all = vec!["--threads", &threads, "--limit", limit];
        all.extend(extra);
        golden(
            &python,
            &options.model,
            &options.images,
            &work.join(out),
            &all,
        )
    };
    let ours = |runs: Option<usize>| {
        let job = Job {
            images: &pixels,
            model: &options.model,
            // They are not compared; but the function wants some.
            labels: Some(&labels),
            threads: Some(options.threads),
            runs,
        };
        classify::run(&classify, &job, |_| Ok(()))
    };

    let expected = step("Outputs of the Python interpreter", || {
        golden(
            "golden.json",
            &options.limit.to_string(),
            &["--png", &pixels.to_string_lossy()],
        )
    })?;
    let found = step("Our outputs", || ours(None))?;
    let (pictures, worst) = compare(&expected, &found)?;
    println!("outputs: {pictures} pictures, largest difference {worst:.2e}");
    if worst > options.tolerance {
        return Err(format!(
            "the outputs differ by {worst:.2e}, more than {:.0e}",
            options.tolerance
        ));
    }

    // Whatever else the machine does can only slow a run down, so the fastest runs are compared;
    // an interpreter without XNNPACK would still be several times slower.
    let mut ratios = Vec::new();
    let (mut own_best, mut their_best) = (f64::INFINITY, f64::INFINITY);
    step("Timing both, in turns", || {
        for round in 1..=options.rounds.get() {
            let theirs = golden("time.json", "1", &["--time", "--runs", "300"])?;
            let own = ours(Some(300))?.end;
            their_best = their_best.min(time(&theirs, "min_ms")?);
            own_best = own_best.min(time(&own, "min_ms")?);
            let (theirs, own) = (time(&theirs, "median_ms")?, time(&own, "median_ms")?);
            ratios.push(own / theirs);
            eprintln!(
                "    round {round}: median {own:.2} ms, Python's {theirs:.2} ms, ratio {:.3}",
                own / theirs
            );
        }
        Ok(())
    })?;
    ratios.sort_by(f64::total_cmp);
    let ratio = own_best / their_best;
    println!(
        "time of one invocation, ours to Python's, {} threads, {} rounds: fastest {own_best:.2} to {their_best:.2} ms, \
         ratio {ratio:.3}; median of the rounds' ratios {:.3}",
        options.threads,
        options.rounds,
        ratios[ratios.len() / 2]
    );
    if ratio > options.ratio {
        return Err(format!(
            "ours takes {ratio:.2} times as long as Python's, more than {}",
            options.ratio
        ));
    }
    Ok(())
}

/// What `model/golden.py` writes about a folder of pictures: the scores of the Python interpreter.
pub(crate) fn golden(
    python: &Path,
    model: &Path,
    images: &Path,
    out: &Path,
    extra: &[&str],
) -> Result<Value> {
    let mut command = python::script(python, "model/golden.py");
    command
        .arg("--model")
        .arg(model)
        .arg("--images")
        .arg(images);
    capture(command.arg("--out").arg(out).args(extra))?;
    read_json(out)
}

fn time(result: &Value, which: &str) -> Result<f64> {
    result["time"][which]
        .as_f64()
        .ok_or_else(|| format!("no {which} in the result"))
}

/// How many pictures there are, and the largest difference between two outputs.
fn compare(expected: &Value, found: &Report) -> Result<(usize, f64)> {
    let expected = expected["files"].as_object().cloned().unwrap_or_default();
    if expected.is_empty() {
        return Err("there are no pictures to compare".to_owned());
    }
    let mut worst = 0.0_f64;
    for (name, theirs) in &expected {
        let ours = match found.scores.get(&format!("{name}.png")) {
            None => return Err(format!("no output of ours for {name}")),
            Some(Err(error)) => return Err(format!("no output of ours for {name}: {error}")),
            Some(Ok(ours)) => ours,
        };
        let theirs = numbers(theirs)
            .filter(|theirs| theirs.len() == ours.len() && !ours.is_empty())
            .ok_or_else(|| {
                format!("the outputs for {name} are not as many numbers: {theirs} and {ours:?}")
            })?;
        worst = worst.max(largest_difference(&theirs, ours));
    }
    Ok((expected.len(), worst))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::classify::{Plan, Scores};

    fn report(scores: &[(&str, Scores)]) -> Report {
        let scores = scores
            .iter()
            .map(|(file, scores)| ((*file).to_owned(), scores.clone()));
        Report {
            plan: Plan::default(),
            scores: scores.collect(),
            seconds: 1.0,
            end: Value::Null,
        }
    }

    #[test]
    fn the_largest_difference_is_found() {
        let theirs = json!({"files": {"a.jpg": [1.0, 2.0], "b.jpg": [0.0, 0.0]}});
        let ours = report(&[
            ("a.jpg.png", Ok(vec![1.0, 2.5])),
            ("b.jpg.png", Ok(vec![-0.25, 0.0])),
        ]);
        assert_eq!(compare(&theirs, &ours), Ok((2, 0.5)));
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let some = json!({"files": {"a.jpg": [1.0]}});
        let ours = |scores| report(&[("a.jpg.png", scores)]);
        assert!(compare(&json!({"files": {}}), &ours(Ok(vec![1.0]))).is_err());
        assert!(compare(&some, &report(&[])).is_err());
        assert!(compare(&some, &ours(Ok(vec![]))).is_err());
        assert!(compare(&some, &ours(Err("damaged".to_owned()))).is_err());
        let null = json!({"files": {"a.jpg": [null]}});
        assert!(compare(&null, &ours(Ok(vec![1.0]))).is_err());
        assert!(compare(&some, &ours(Ok(vec![1.0]))).is_ok());
    }
}
