//! What came of a request, and how it is written as JSON.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    answer::{Answer, Scores},
    error::Error,
    report::{Report, Steps},
    request::Options,
};

/// What came of one picture.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The scores, or why there are none.
    pub(crate) result: Result<Answer, Error>,
    /// What was done.
    pub(crate) report: Report,
}

/// What came of all pictures of a request.
#[derive(Debug, Clone)]
pub(crate) enum Outcomes {
    /// Of the only one.
    One(Outcome),
    /// Of each of a batch, in its order.
    Many(Vec<Outcome>),
}

impl Outcomes {
    pub(crate) fn as_slice(&self) -> &[Outcome] {
        match self {
            Self::One(outcome) => std::slice::from_ref(outcome),
            Self::Many(outcomes) => outcomes,
        }
    }

    /// The error of the whole request: that of its only picture. A batch has none.
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::One(outcome) => outcome.result.as_ref().err(),
            Self::Many(_) => None,
        }
    }
}

/// The answer to a request without an error of its own, as it is written.
///
/// * One picture: the scores, the book's object. With `timings` or `preview`: an item.
/// * A batch: `{"results": [item, …]}`.
///
/// An item is `{"predictions": scores, "timings": …, "preview": …}` or
/// `{"errorType": …, "errorMessage": …}`.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) outcomes: Outcomes,
    pub(crate) options: Options,
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = self.options;
        match &self.outcomes {
            Outcomes::One(outcome) => match &outcome.result {
                Ok(answer) if !options.timings && !options.preview => {
                    Scores { answer, options }.serialize(serializer)
                }
                _ => Item { outcome, options }.serialize(serializer),
            },
            Outcomes::Many(outcomes) => {
                let items: Vec<_> = outcomes
                    .iter()
                    .map(|outcome| Item { outcome, options })
                    .collect();
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("results", &items)?;
                map.end()
            }
        }
    }
}

/// One picture's part of an answer.
pub(crate) struct Item<'a> {
    pub(crate) outcome: &'a Outcome,
    pub(crate) options: Options,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Item { outcome, options } = *self;
        let mut map = serializer.serialize_map(None)?;
        match &outcome.result {
            Ok(answer) => map.serialize_entry("predictions", &Scores { answer, options })?,
            Err(error) => {
                map.serialize_entry("errorType", error.error_type())?;
                map.serialize_entry("errorMessage", &error.to_string())?;
            }
        }
        // Who ran out of time wants to know what took it.
        if options.timings || matches!(outcome.result, Err(Error::Timeout { .. })) {
            map.serialize_entry("timings", &Steps::from(&outcome.report))?;
        }
        if options.timings
            && let Some(picture) = outcome.report.kind()
        {
            map.serialize_entry("picture", &picture)?;
        }
        if let Some(preview) = &outcome.report.preview {
            map.serialize_entry("preview", preview)?;
        }
        map.end()
    }
}
