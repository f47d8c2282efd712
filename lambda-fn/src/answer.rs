//! The answer: each label with its score.

use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{labels::Labels, request::Options};

/// A score for each label. It serializes as one flat JSON object in the order of the labels:
/// `{"dress": -1.87, "hat": -4.76, …}`.
///
/// The scores are what the model puts out; for the clothing model these are logits, not
/// probabilities. All are finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    labels: Arc<Labels>,
    scores: Vec<f32>,
}

impl Answer {
    /// Puts labels and scores together; [`crate::Classifier`] has checked that there are as many
    /// of one as of the other.
    pub(crate) fn new(labels: Arc<Labels>, scores: Vec<f32>) -> Self {
        debug_assert_eq!(labels.as_slice().len(), scores.len());
        Self { labels, scores }
    }

    /// Labels and scores in the order of the model's outputs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f32)> {
        self.labels
            .as_slice()
            .iter()
            .map(String::as_str)
            .zip(self.scores.iter().copied())
    }

    /// The label with the highest score; the first of them if there are several.
    pub fn top(&self) -> Option<(&str, f32)> {
        self.iter()
            .reduce(|best, other| if other.1 > best.1 { other } else { best })
    }

    /// The scores as probabilities that add up to 1, in the order of the model's outputs:
    /// `exp(x)` over the sum of all `exp(x)`.
    pub fn softmax(&self) -> Vec<f32> {
        // The highest score is taken off first; its power would be infinite from 89 on.
        let highest = self.scores.iter().copied().fold(f32::MIN, f32::max);
        let powers = self
            .scores
            .iter()
            .map(|score| f64::from(score - highest).exp());
        let powers: Vec<f64> = powers.collect();
        let sum: f64 = powers.iter().sum();
        powers.iter().map(|power| (power / sum) as f32).collect()
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = Options::default();
        let answer = self;
        Scores { answer, options }.serialize(serializer)
    }
}

/// An answer as the options want it:
///
/// | `top_k` | `labels` | |
/// | --- | --- | --- |
/// | no | yes | `{"dress": -1.87, …}` in the order of the labels |
/// | yes | yes | `{"pants": 9.88, …}`, the best first |
/// | no | no | `[-1.87, …]` in the order of the model's outputs |
/// | yes | no | `[{"index": 4, "score": 9.88}, …]`, the best first |
pub(crate) struct Scores<'a> {
    pub(crate) answer: &'a Answer,
    pub(crate) options: Options,
}

/// An output of the model without its name.
#[derive(Serialize)]
struct Indexed {
    index: usize,
    score: f32,
}

impl Serialize for Scores<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Scores { answer, options } = *self;
        let scores = if options.softmax {
            &answer.softmax()
        } else {
            &answer.scores
        };
        let mut order: Vec<usize> = (0..scores.len()).collect();
        if let Some(k) = options.top_k {
            // Equal ones stay in the order of the labels.
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            order.truncate(k.get());
        }
        if options.labels {
            let labels = answer.labels.as_slice();
            let mut map = serializer.serialize_map(Some(order.len()))?;
            for index in order {
                map.serialize_entry(&labels[index], &scores[index])?;
            }
            map.end()
        } else if options.top_k.is_some() {
            let entry = |index| Indexed {
                index,
                score: scores[index],
            };
            serializer.collect_seq(order.into_iter().map(entry))
        } else {
            serializer.collect_seq(scores)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, path::Path};

    use super::*;

    fn answer(scores: &[f32]) -> Answer {
        let labels = Labels::parse("pants\ndress\nhat", Path::new("l")).unwrap();
        Answer::new(Arc::new(labels), scores.to_vec())
    }

    fn written(answer: &Answer, set: impl FnOnce(&mut Options)) -> String {
        let mut options = Options::default();
        set(&mut options);
        serde_json::to_string(&Scores { answer, options }).unwrap()
    }

    #[test]
    fn a_flat_object_in_the_order_of_the_labels() {
        let answer = answer(&[9.886_1, -1.868_290_1, 9.886_1]);
        let text = r#"{"pants":9.8861,"dress":-1.8682901,"hat":9.8861}"#;
        assert_eq!(serde_json::to_string(&answer).unwrap(), text);
        assert_eq!(written(&answer, |_| ()), text);
        assert_eq!(answer.top(), Some(("pants", 9.886_1)));
    }

    #[test]
    fn only_the_best_and_without_labels() {
        let answer = answer(&[1.5, -2.0, 3.5]);
        let top = |options: &mut Options| options.top_k = NonZeroUsize::new(2);
        assert_eq!(written(&answer, top), r#"{"hat":3.5,"pants":1.5}"#);
        let many = |options: &mut Options| options.top_k = NonZeroUsize::new(200);
        assert_eq!(
            written(&answer, many),
            r#"{"hat":3.5,"pants":1.5,"dress":-2.0}"#
        );
        let bare = |options: &mut Options| options.labels = false;
        assert_eq!(written(&answer, bare), "[1.5,-2.0,3.5]");
        let both = |options: &mut Options| (top(options), bare(options)).0;
        assert_eq!(
            written(&answer, both),
            r#"[{"index":2,"score":3.5},{"index":0,"score":1.5}]"#
        );
    }

    #[test]
    fn probabilities_add_up_even_of_large_scores() {
        // 1 / (1 + e^-1 + e^-2) and so on, by hand.
        let expected = [0.665_240_94, 0.244_728_48, 0.090_030_57];
        for highest in [0.0, 88.0, 1e4, -1e4] {
            let found = answer(&[highest, highest - 1.0, highest - 2.0]).softmax();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{highest}: {found}");
            }
        }
        let extreme = answer(&[f32::MAX, f32::MIN, 0.0]);
        assert_eq!(extreme.softmax(), [1.0, 0.0, 0.0]);
    }
}
