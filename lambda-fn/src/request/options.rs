//! How the answer shall look.

use std::num::NonZeroUsize;

use serde_json::{Map, Value};

use super::json::kind;
use crate::error::Error;

/// How the answer shall look. The default is the book's: all labels with their scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// `top_k`: only so many of the best, the best first. More than there are is all.
    pub top_k: Option<NonZeroUsize>,
    /// `softmax`: probabilities that add up to 1 instead of the model's scores.
    pub softmax: bool,
    /// `labels`: with `false`, the model's outputs without their names.
    pub labels: bool,
    /// `timings`: also how long each step took, and what kind of picture it was.
    pub timings: bool,
    /// `preview`: also the picture as the model saw it, at the size of its input.
    pub preview: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            top_k: None,
            softmax: false,
            labels: true,
            timings: false,
            preview: false,
        }
    }
}

impl Options {
    /// Takes the options out of a request's fields.
    pub(super) fn take(mut self, fields: &mut Map<String, Value>) -> Result<Self, Error> {
        if let Some(value) = fields.remove("top_k") {
            let number = whole(&value);
            self.top_k = Some(
                number
                    .and_then(top_k)
                    .ok_or_else(|| wrong("top_k", TOP_K, &shown(&value)))?,
            );
        }
        for (name, flag) in self.flags() {
            match fields.remove(name) {
                None => {}
                Some(Value::Bool(value)) => *flag = value,
                Some(other) => return Err(wrong(name, "true or false", &shown(&other))),
            }
        }
        Ok(self)
    }

    /// Sets an option from text: a parameter of a query or a part of a form. Other names are
    /// none of its business.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> Result<(), Error> {
        if name == "top_k" {
            let number = text.parse().ok().and_then(top_k);
            self.top_k = Some(number.ok_or_else(|| wrong("top_k", TOP_K, &quoted(text)))?);
        } else if let Some((name, flag)) =
            self.flags().into_iter().find(|(known, _)| *known == name)
        {
            *flag = match text {
                "true" => true,
                "false" => false,
                _ => return Err(wrong(name, "true or false", &quoted(text))),
            };
        }
        Ok(())
    }

    fn flags(&mut self) -> [(&'static str, &mut bool); 4] {
        [
            ("softmax", &mut self.softmax),
            ("labels", &mut self.labels),
            ("timings", &mut self.timings),
            ("preview", &mut self.preview),
        ]
    }
}

/// More than any model has outputs.
const MAX_TOP_K: u64 = 1_000_000;

/// What `top_k` must be.
const TOP_K: &str = "a whole number from 1 to 1000000";

fn top_k(number: u64) -> Option<NonZeroUsize> {
    NonZeroUsize::new(number as usize).filter(|_| number <= MAX_TOP_K)
}

/// A whole number, which JSON may also write as `3.0`.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        // The cast is exact for numbers that are small enough.
        ((0.0..=MAX_TOP_K as f64).contains(&number) && number.fract() == 0.0)
            .then_some(number as u64)
    })
}

fn wrong(name: &str, expected: &str, found: &str) -> Error {
    Error::InvalidRequest(format!(
        "the option `{name}` must be {expected}, but it is {found}"
    ))
}

/// A number is worth showing; everything else may be long.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => kind(other).to_owned(),
    }
}

fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn take(value: Value) -> Result<Options, Error> {
        let Value::Object(mut fields) = value else {
            panic!("not an object")
        };
        Options::default().take(&mut fields)
    }

    #[test]
    fn both_ways_to_set_them_agree() {
        let by_fields = take(json!({
            "top_k": 3, "softmax": true, "labels": false, "timings": true, "preview": true
        }))
        .unwrap();
        let mut by_text = Options::default();
        for (name, text) in [
            ("top_k", "3"),
            ("softmax", "true"),
            ("labels", "false"),
            ("timings", "true"),
            ("preview", "true"),
            ("other", "what"),
        ] {
            by_text.set(name, text).unwrap();
        }
        assert_eq!(by_fields, by_text);
        assert_eq!(by_text.top_k, NonZeroUsize::new(3));
        assert_eq!(take(json!({})).unwrap(), Options::default());
        let written_otherwise = take(json!({"top_k": 3.0})).unwrap();
        assert_eq!(written_otherwise.top_k, NonZeroUsize::new(3));
    }

    #[test]
    fn wrong_values_say_what_they_are() {
        for (value, part) in [
            (json!({"top_k": 0}), "but it is 0"),
            (json!({"top_k": -1}), "but it is -1"),
            (json!({"top_k": 1.5}), "but it is 1.5"),
            (json!({"top_k": 1e300}), "but it is 1e"),
            (
                json!({"top_k": 1_000_001}),
                "from 1 to 1000000, but it is 1000001",
            ),
            (json!({"top_k": "3"}), "but it is a string"),
            (json!({"top_k": null}), "but it is null"),
            (
                json!({"softmax": 1}),
                "`softmax` must be true or false, but it is 1",
            ),
            (json!({"labels": "no"}), "but it is a string"),
        ] {
            let error = take(value.clone()).unwrap_err();
            assert_eq!(error.error_type(), "InvalidRequest");
            assert!(error.to_string().contains(part), "{value}: {error}");
        }
        for (name, text) in [
            ("top_k", "0"),
            ("top_k", ""),
            ("top_k", "9e9"),
            ("labels", "no"),
            ("labels", "1"),
        ] {
            let error = Options::default().set(name, text).unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
