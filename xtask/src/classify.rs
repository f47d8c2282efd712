//! The example `classify` of the function's crate: pictures in, scores out, by the code that the
//! function runs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::progress::Progress;
use crate::run::{Result, build_program, step};

/// The scores of a picture, or why there are none.
pub(crate) type Scores = Result<Vec<f64>>;

/// What is to be classified, with what.
pub(crate) struct Job<'a> {
    pub(crate) images: &'a Path,
    pub(crate) model: &'a Path,
    /// Without it, the function finds the labels as ever.
    pub(crate) labels: Option<&'a Path>,
    /// Without it, as many as the machine has.
    pub(crate) threads: Option<NonZeroUsize>,
    /// How often to classify the first picture again, for its time.
    pub(crate) runs: Option<usize>,
}

/// What the program says before its work.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) labels: Vec<String>,
    /// The pictures, as paths below the folder.
    pub(crate) files: Vec<String>,
    /// Files whose names are not those of pictures.
    pub(crate) others: u64,
    pub(crate) threads: u64,
    pub(crate) backend: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) plan: Plan,
    pub(crate) scores: BTreeMap<String, Scores>,
    /// From reading the first picture to the last one's scores.
    pub(crate) seconds: f64,
    /// The last line, with the time of the timed picture.
    pub(crate) end: Value,
}

pub(crate) fn build() -> Result<PathBuf> {
    step(
        "Building the example classify (the native library too, if no earlier build of it is cached)",
        || build_program(&["--package", "lambda-fn", "--example", "classify"]),
    )
}

/// Runs the program, with a bar that shows how far it is. `check` sees what will be done and may
/// refuse.
pub(crate) fn run(
    program: &Path,
    job: &Job<'_>,
    check: impl FnOnce(&Plan) -> Result<()>,
) -> Result<Report> {
    let mut command = Command::new(program);
    command
        .arg(job.images)
        .env("MODEL_PATH", job.model)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(labels) = job.labels {
        command.env("LABELS_PATH", labels);
    }
    if let Some(threads) = job.threads {
        command.env("NUM_THREADS", threads.to_string());
    }
    if let Some(runs) = job.runs {
        command.args(["--time", &runs.to_string()]);
    }
    let mut child = command
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(format!("{}: no pipes", program.display()));
    };
    let words = thread::spawn(move || {
        let mut words = Vec::new();
        // What cannot be read is missing in an error's text, no more.
        let _ = stderr.read_to_end(&mut words);
        String::from_utf8_lossy(&words).into_owned()
    });
    let lines = BufReader::new(stdout).lines().map_while(|line| line.ok());
    let report = read(lines, check);
    if report.is_err() {
        // Refused, or not understood: its work is of no use any more.
        let _ = child.kill();
    }
    let status = child
        .wait()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let words = words.join().unwrap_or_default();
    match report {
        // Its own words tell more than what we miss in its output.
        Err(Failure::Output(_)) | Ok(_) if !status.success() => {
            let words = words.trim();
            Err(words
                .strip_prefix("classify: ")
                .unwrap_or(if words.is_empty() {
                    "classify ended without a word"
                } else {
                    words
                })
                .to_owned())
        }
        Err(Failure::Output(error) | Failure::Refused(error)) => Err(error),
        Ok(report) => Ok(report),
    }
}

#[derive(Debug)]
enum Failure {
    Output(String),
    Refused(String),
}

fn read(
    mut lines: impl Iterator<Item = String>,
    check: impl FnOnce(&Plan) -> Result<()>,
) -> std::result::Result<Report, Failure> {
    let mut next = || {
        let line = lines
            .next()
            .ok_or_else(|| Failure::Output("classify ended early".to_owned()))?;
        serde_json::from_str::<Value>(&line)
            .map_err(|error| Failure::Output(format!("classify said {line:?}: {error}")))
    };
    let plan = plan(&next()?).ok_or_else(|| Failure::Output("no plan".to_owned()))?;
    check(&plan).map_err(Failure::Refused)?;
    let mut progress = Progress::new(plan.files.len());
    let mut scores = BTreeMap::new();
    for file in &plan.files {
        let line = next()?;
        if line["file"].as_str() != Some(file) {
            return Err(Failure::Output(format!("{line} instead of {file}")));
        }
        let result = match line["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(numbers(&line["scores"])
                .filter(|scores| scores.len() == plan.labels.len())
                .ok_or_else(|| Failure::Output(format!("no scores in {line}")))?),
        };
        scores.insert(file.clone(), result);
        progress.advance();
    }
    drop(progress);
    let end = next()?;
    let seconds = end["seconds"]
        .as_f64()
        .ok_or_else(|| Failure::Output(format!("no time in {end}")))?;
    Ok(Report {
        plan,
        scores,
        seconds,
        end,
    })
}

fn plan(line: &Value) -> Option<Plan> {
    Some(Plan {
        labels: texts(&line["labels"])?,
        files: texts(&line["files"])?,
        others: line["others"].as_u64()?,
        threads: line["threads"].as_u64()?,
        backend: line["backend"].as_str()?.to_owned(),
    })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array()?.iter();
    list.map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The numbers of a list that has nothing else.
pub(crate) fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// The largest difference of two numbers at the same place; infinite if one is not a number, which
/// must not pass as a small difference.
pub(crate) fn largest_difference(one: &[f64], other: &[f64]) -> f64 {
    let differences = one
        .iter()
        .zip(other)
        .map(|(one, other)| (one - other).abs());
    differences.fold(0.0, |largest, difference| {
        if difference.is_nan() {
            f64::INFINITY
        } else {
            largest.max(difference)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"labels":["a","b"],"files":["a/1.jpg","b/2.jpg"],"others":0,"threads":2,"backend":"x"}"#;

    fn read_lines(lines: &[&str]) -> std::result::Result<Report, Failure> {
        read(lines.iter().map(|line| (*line).to_owned()), |_| Ok(()))
    }

    #[test]
    fn scores_and_failures_are_told_apart() {
        let report = read_lines(&[
            PLAN,
            r#"{"file":"a/1.jpg","scores":[1.5,-2]}"#,
            r#"{"file":"b/2.jpg","error":"damaged"}"#,
            r#"{"seconds":0.5}"#,
        ])
        .expect("a report");
        assert_eq!(report.scores["a/1.jpg"], Ok(vec![1.5, -2.0]));
        assert_eq!(report.scores["b/2.jpg"], Err("damaged".to_owned()));
        assert_eq!(report.seconds, 0.5);
    }

    #[test]
    fn what_is_no_number_is_no_small_difference() {
        assert_eq!(largest_difference(&[1.0, 2.0], &[1.5, 1.0]), 1.0);
        assert_eq!(largest_difference(&[], &[]), 0.0);
        let nan = f64::NAN;
        assert_eq!(largest_difference(&[nan, 1.0], &[0.0, 1.0]), f64::INFINITY);
        assert_eq!(largest_difference(&[0.0, 1.0], &[0.0, nan]), f64::INFINITY);
    }

    #[test]
    fn whatever_is_missing_is_an_error() {
        let one = r#"{"file":"a/1.jpg","scores":[1,2]}"#;
        for lines in [
            &[][..],
            &["{}"],
            &[PLAN, one],
            &[PLAN, one, one],
            &[PLAN, r#"{"file":"a/1.jpg","scores":[1]}"#],
            &[PLAN, r#"{"file":"a/1.jpg","scores":[1,null]}"#],
            &[PLAN, one, r#"{"file":"b/2.jpg","scores":[1,2]}"#, "{}"],
        ] {
            assert!(read_lines(lines).is_err(), "{lines:?}");
        }
    }
}
