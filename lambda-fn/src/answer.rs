//! The answer: each label with its score.

use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::labels::Labels;

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
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.scores.len()))?;
        for (label, score) in self.iter() {
            map.serialize_entry(label, &score)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_flat_object_in_the_order_of_the_labels() {
        let labels = Labels::parse("pants\ndress\nhat", Path::new("l")).unwrap();
        let answer = Answer::new(Arc::new(labels), vec![9.886_1, -1.868_290_1, 9.886_1]);
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"pants":9.8861,"dress":-1.8682901,"hat":9.8861}"#
        );
        assert_eq!(answer.top(), Some(("pants", 9.886_1)));
    }
}
