//! The same pictures in the official Python interpreter: Pillow decodes and resizes there.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::Options;
use super::scores::{Tally, top};
use crate::classify::{Plan, largest_difference, numbers};
use crate::parity;
use crate::python;
use crate::run::{Result, step, target};

/// What came of it.
pub(super) struct Compared {
    pub(super) tally: Tally,
    /// The interpreter and the decoder, with their versions.
    name: String,
    pictures: usize,
    /// The largest and the mean difference of two scores.
    largest: f64,
    mean: f64,
    cases: Vec<Case>,
    tolerance: f64,
}

/// A picture that gets two different answers.
#[derive(Debug, PartialEq)]
struct Case {
    file: String,
    ours: usize,
    theirs: usize,
    /// Our scores of both labels, and theirs.
    scores: [[f64; 2]; 2],
    /// The largest difference of two scores of this picture.
    difference: f64,
}

pub(super) fn compare(
    options: &Options,
    plan: &Plan,
    ours: &BTreeMap<&str, &[f64]>,
) -> Result<Compared> {
    let python = python::interpreter()?;
    let folder = target().join("evaluate");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let golden = step("Classifying them with the Python interpreter", || {
        let out = folder.join("python.json");
        parity::golden(
            &python,
            &options.model,
            &options.images,
            &out,
            &["--threads", &plan.threads.to_string()],
        )
    })?;
    let theirs = golden["files"].as_object().ok_or("no files")?;
    let theirs: BTreeMap<&str, Vec<f64>> = theirs
        .iter()
        .map(|(file, scores)| {
            let scores = numbers(scores).ok_or_else(|| format!("no scores for {file}"))?;
            Ok((file.as_str(), scores))
        })
        .collect::<Result<_>>()?;
    let theirs = theirs
        .iter()
        .map(|(file, scores)| (*file, scores.as_slice()))
        .collect();
    let text = |key: &str| golden[key].as_str().unwrap_or_default().to_owned();
    let mut compared = differences(&plan.labels, ours, &theirs, options.tolerance)?;
    compared.name = format!("{}, Pillow {}", text("runtime"), text("pillow"));
    Ok(compared)
}

fn differences(
    labels: &[String],
    ours: &BTreeMap<&str, &[f64]>,
    theirs: &BTreeMap<&str, &[f64]>,
    tolerance: f64,
) -> Result<Compared> {
    if let Some(file) = theirs.keys().find(|file| !ours.contains_key(*file)) {
        return Err(format!("only Python has scores for {file}"));
    }
    let (mut largest, mut sum) = (0.0_f64, 0.0);
    let mut cases = Vec::new();
    for (file, own) in ours {
        let other = theirs
            .get(file)
            .filter(|other| other.len() == own.len())
            .ok_or_else(|| format!("Python has no scores for {file}, or other ones"))?;
        let difference = largest_difference(own, other);
        let apart = own
            .iter()
            .zip(*other)
            .map(|(own, other)| (own - other).abs());
        sum += apart.sum::<f64>();
        largest = largest.max(difference);
        if let (Some(own_top), Some(other_top)) = (top(own), top(other))
            && own_top != other_top
        {
            cases.push(Case {
                file: (*file).to_owned(),
                ours: own_top,
                theirs: other_top,
                scores: [
                    [own[own_top], own[other_top]],
                    [other[own_top], other[other_top]],
                ],
                difference,
            });
        }
    }
    Ok(Compared {
        tally: Tally::new(labels, theirs)?,
        name: String::new(),
        pictures: ours.len(),
        largest,
        mean: sum / (ours.len() * labels.len()).max(1) as f64,
        cases,
        tolerance,
    })
}

impl Compared {
    pub(super) fn show(&self, labels: &[String]) -> String {
        let apart = if self.largest == 0.0 {
            "all scores are equal".to_owned()
        } else {
            format!(
                "scores differ by at most {:.2e}, by {:.2e} on average",
                self.largest, self.mean
            )
        };
        let mut text = format!(
            "Python ({}): accuracy {:.4}: {} of {} pictures\n\
             same predictions on {} of {} pictures; {apart}",
            self.name,
            self.tally.accuracy(),
            self.tally.right(),
            self.tally.pictures(),
            self.pictures - self.cases.len(),
            self.pictures,
        );
        for case in &self.cases {
            let [ours, theirs] = case.scores;
            text.push_str(&format!(
                "\n  {}: ours {} ({:.4} to {:.4}), Python's {} ({:.4} to {:.4}): {}",
                case.file,
                labels[case.ours],
                ours[0],
                ours[1],
                labels[case.theirs],
                theirs[1],
                theirs[0],
                if self.is_tie(case) {
                    format!("nearly a tie, scores differ by {:.2e}", case.difference)
                } else {
                    format!("NOT explained, scores differ by {:.2e}", case.difference)
                },
            ));
        }
        text
    }

    pub(super) fn json(&self, labels: &[String]) -> Value {
        let mut result = self.tally.json(labels);
        result["name"] = json!(self.name);
        result["same_predictions"] = json!(self.pictures - self.cases.len());
        result["largest_difference"] = json!(self.largest);
        result["mean_difference"] = json!(self.mean);
        result
    }

    /// Another answer is explained by scores that lie next to each other, and by nothing else.
    pub(super) fn verdict(&self) -> Result<()> {
        let unexplained = self.cases.iter().filter(|case| !self.is_tie(case)).count();
        if unexplained == 0 {
            return Ok(());
        }
        Err(format!(
            "{unexplained} pictures get another label from Python, with scores that differ by more than {}",
            self.tolerance
        ))
    }

    /// Whether the two labels' scores are so close that the tolerated difference decides.
    fn is_tie(&self, case: &Case) -> bool {
        case.difference <= self.tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(theirs: &[f64], tolerance: f64) -> Compared {
        let labels = ["a", "b"].map(str::to_owned);
        let ours = BTreeMap::from([("a/1.jpg", &[1.0, 0.98][..])]);
        let theirs = BTreeMap::from([("a/1.jpg", theirs)]);
        differences(&labels, &ours, &theirs, tolerance).expect("the same pictures")
    }

    #[test]
    fn another_answer_is_explained_only_by_close_scores() {
        let same = compared(&[1.0, 0.5], 0.05);
        assert!(same.cases.is_empty());
        assert!((same.largest - 0.48).abs() < 1e-12);
        assert_eq!(same.verdict(), Ok(()));

        let tie = compared(&[0.98, 1.0], 0.05);
        assert_eq!(tie.cases.len(), 1);
        assert_eq!(tie.verdict(), Ok(()));
        assert_eq!((tie.tally.right(), tie.tally.pictures()), (0, 1));

        assert!(compared(&[0.0, 1.0], 0.05).verdict().is_err());
        assert_eq!(compared(&[1.0, f64::NAN], 0.05).largest, f64::INFINITY);
    }

    #[test]
    fn both_sides_must_have_the_same_pictures() {
        let labels = ["a".to_owned()];
        let one = BTreeMap::from([("a/1.jpg", &[1.0][..])]);
        let two = BTreeMap::from([("a/1.jpg", &[1.0][..]), ("a/2.jpg", &[1.0])]);
        assert!(differences(&labels, &one, &two, 1.0).is_err());
        assert!(differences(&labels, &two, &one, 1.0).is_err());
    }
}
