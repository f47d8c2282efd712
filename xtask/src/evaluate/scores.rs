//! Counting: accuracy, precision, recall, and what is taken for what.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::run::Result;

/// How often each label was taken for each.
#[derive(Debug, PartialEq)]
pub(crate) struct Tally {
    /// The row is the picture's label, the column is the answer.
    confusion: Vec<Vec<u64>>,
}

impl Tally {
    /// Counts the answers; a file's label is the first part of its path.
    pub(crate) fn new(labels: &[String], scores: &BTreeMap<&str, &[f64]>) -> Result<Self> {
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        for (file, scores) in scores {
            let label = file.split('/').next().unwrap_or_default();
            let truth = labels.iter().position(|known| known == label);
            let cell = truth
                .zip(top(scores))
                .and_then(|(row, column)| confusion.get_mut(row)?.get_mut(column));
            *cell.ok_or_else(|| format!("{file} and its scores do not fit the labels"))? += 1;
        }
        Ok(Self { confusion })
    }

    pub(crate) fn confusion(&self) -> &[Vec<u64>] {
        &self.confusion
    }

    pub(crate) fn pictures(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    pub(crate) fn right(&self) -> u64 {
        (0..self.confusion.len())
            .map(|label| self.hits(label))
            .sum()
    }

    /// Not a number if there are no pictures.
    pub(crate) fn accuracy(&self) -> f64 {
        self.right() as f64 / self.pictures() as f64
    }

    /// How many pictures of a label got it.
    pub(crate) fn hits(&self, label: usize) -> u64 {
        self.confusion[label][label]
    }

    /// How many pictures have a label.
    pub(crate) fn support(&self, label: usize) -> u64 {
        self.confusion[label].iter().sum()
    }

    /// How many pictures got a label.
    pub(crate) fn answers(&self, label: usize) -> u64 {
        self.confusion.iter().map(|row| row[label]).sum()
    }

    /// The share of right ones among the pictures that got the label, if any did.
    pub(crate) fn precision(&self, label: usize) -> Option<f64> {
        ratio(self.hits(label), self.answers(label))
    }

    /// The share of right ones among the pictures that have the label, if any has.
    pub(crate) fn recall(&self, label: usize) -> Option<f64> {
        ratio(self.hits(label), self.support(label))
    }

    /// The harmonic mean of precision and recall.
    pub(crate) fn f1(&self, label: usize) -> Option<f64> {
        ratio(
            2 * self.hits(label),
            self.answers(label) + self.support(label),
        )
    }

    pub(crate) fn json(&self, labels: &[String]) -> Value {
        let classes: Map<_, _> = labels
            .iter()
            .enumerate()
            .map(|(index, label)| {
                let class = json!({
                    "pictures": self.support(index),
                    "right": self.hits(index),
                    "answers": self.answers(index),
                    "precision": self.precision(index),
                    "recall": self.recall(index),
                    "f1": self.f1(index),
                });
                (label.clone(), class)
            })
            .collect();
        json!({
            "accuracy": self.accuracy(),
            "labels": labels,
            "per_class": classes,
            "confusion": self.confusion,
        })
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The index of the highest score; the first of them if there are several, as in the function.
pub(crate) fn top(scores: &[f64]) -> Option<usize> {
    let best = scores
        .iter()
        .enumerate()
        .reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let scores: BTreeMap<&str, &[f64]> = BTreeMap::from([
            ("a/1.jpg", &[2.0, 1.0, 0.0][..]),
            ("a/2.jpg", &[0.0, 1.0, -1.0]),
            ("a/more/3.jpg", &[3.0, 3.0, 3.0]),
            ("b/1.jpg", &[-3.0, -2.0, -2.5]),
        ]);
        Tally::new(&labels, &scores).expect("the labels fit")
    }

    #[test]
    fn rows_are_labels_and_columns_answers() {
        let tally = tally();
        assert_eq!(tally.confusion(), [[2, 1, 0], [0, 1, 0], [0, 0, 0]]);
        assert_eq!((tally.right(), tally.pictures()), (3, 4));
        assert_eq!(tally.accuracy(), 0.75);
        assert_eq!(tally.precision(0), Some(1.0));
        assert_eq!(tally.recall(0), Some(2.0 / 3.0));
        assert_eq!(tally.precision(1), Some(0.5));
        assert_eq!(tally.recall(1), Some(1.0));
        assert_eq!(tally.f1(1), Some(2.0 / 3.0));
        assert_eq!(
            (tally.precision(2), tally.recall(2), tally.f1(2)),
            (None, None, None)
        );
    }

    #[test]
    fn the_json_has_what_programs_look_for() {
        let json = tally().json(&["a", "b", "c"].map(str::to_owned));
        assert_eq!(json["accuracy"], 0.75);
        assert_eq!(json["per_class"]["b"]["precision"], 0.5);
        assert_eq!(json["per_class"]["c"]["recall"], Value::Null);
        assert_eq!(json["confusion"][0][1], 1);
    }

    #[test]
    fn what_does_not_fit_the_labels_is_an_error() {
        let labels = ["a".to_owned()];
        for (file, scores) in [
            ("b/1.jpg", &[1.0][..]),
            ("a/1.jpg", &[1.0, 2.0]),
            ("a/1.jpg", &[]),
        ] {
            let scores = BTreeMap::from([(file, scores)]);
            assert!(Tally::new(&labels, &scores).is_err(), "{scores:?}");
        }
    }
}
