//! JSON that strangers wrote.
//!
//! Two bytes of text, as in `[0,0,0,…`, are 32 bytes in memory: a body of the largest size would
//! take 200 MB and more. So the values are counted while they are read, and one too many ends the
//! reading. serde_json itself ends at a depth of 128.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::error::Error;

/// The most values of one text. A full batch of SQS, 10,000 messages, has about 150,000.
pub(crate) const MAX_VALUES: usize = 250_000;

/// What the parser is told when there are more.
const TOO_MANY: &str = "too many values";

/// A value, and no more than [`MAX_VALUES`] in it.
#[derive(Debug, Clone)]
pub(crate) struct Json(pub(crate) Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut left = MAX_VALUES;
        Counted { left: &mut left }
            .deserialize(deserializer)
            .map(Self)
    }
}

/// Reads the whole text.
///
/// # Errors
///
/// [`Error::InvalidRequest`] or [`Error::TooLarge`], about `what`.
pub(crate) fn read(what: &str, text: &[u8]) -> Result<Value, Error> {
    match serde_json::from_slice(text) {
        Ok(Json(value)) => Ok(value),
        Err(error) => Err(refused(what, &error.to_string())),
    }
}

/// The error for what the parser said.
pub(crate) fn refused(what: &str, reason: &str) -> Error {
    if reason.contains(TOO_MANY) {
        return Error::TooLarge {
            what: what.to_owned(),
            limit: format!("{MAX_VALUES} values of JSON"),
        };
    }
    Error::InvalidRequest(format!("{what} is not valid JSON: {reason}"))
}

/// Reads one value, and counts it and those in it.
struct Counted<'a> {
    left: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        *self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom(TOO_MANY))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Counted {
            left: &mut *self.left,
        })? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Counted {
                left: &mut *self.left,
            })?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_is_read_as_serde_json_does() {
        let text = r#" {"b": [null, true, -5, 18446744073709551615, 1.5e-3, "\u00e9\ud83d\ude00"],
            "a": {"": {}, "x": []}, "b2": -0.0, "a": 1} "#;
        let expected: Value = serde_json::from_str(text).unwrap();
        let found = read("it", text.as_bytes()).unwrap();
        assert_eq!(found.to_string(), expected.to_string());
        for text in [
            "",
            "{",
            "{'a': 1}",
            "1 2",
            "[1,]",
            "nul",
            "1e999",
            "\"\\ud800\"",
        ] {
            let error = read("it", text.as_bytes()).unwrap_err().to_string();
            let theirs = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(error, format!("it is not valid JSON: {theirs}"));
        }
    }

    #[test]
    fn the_limit_is_exact_and_counts_at_all_depths() {
        // The array itself is one of them.
        for (items, fits) in [(MAX_VALUES - 1, true), (MAX_VALUES, false)] {
            let flat = format!("[{}0]", "0,".repeat(items - 1));
            assert_eq!(read("it", flat.as_bytes()).is_ok(), fits);
        }
        let pairs = json!({"a": [1, 2], "b": {"c": 3}}).to_string();
        let many = format!("[{pairs}{}]", format!(",{pairs}").repeat(MAX_VALUES / 6));
        let error = read("the body", many.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the body is too large: the limit is 250000 values of JSON"
        );
    }

    #[test]
    fn depth_ends_at_128_before_the_stack_does() {
        for deep in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
            let error = read("it", deep.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("recursion limit"), "{error}");
        }
    }
}
