//! What the runtime hands over, and the base64 in it.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use keras_preprocess::Limits;

use crate::{
    error::Error,
    json::{self, Json},
};

/// Base64 in the standard alphabet; the padding may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An event as the runtime hands it over: JSON, or the reason why it is not.
///
/// Deserializing it never fails. The Lambda runtime crate would answer malformed JSON with an
/// error type of its own before the handler is called; this way the answer is `InvalidRequest`.
#[derive(Debug, Clone)]
pub struct Event(Result<Value, String>);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(
            Json::deserialize(deserializer)
                .map(|Json(value)| value)
                .map_err(|error| error.to_string()),
        ))
    }
}

impl From<Value> for Event {
    fn from(value: Value) -> Self {
        Self(Ok(value))
    }
}

impl Event {
    /// The JSON.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if it is none, [`Error::TooLarge`] if it has too many values.
    pub(crate) fn into_value(self) -> Result<Value, Error> {
        self.0.map_err(|reason| json::refused("the event", &reason))
    }
}

/// Decodes the field `image`: base64 in the standard alphabet with or without padding, or a
/// `data:` URL that holds it.
///
/// # Errors
///
/// [`Error::InvalidBase64`] with the place of the first wrong character, [`Error::TooLarge`]
/// before any memory is taken for more than `limits.max_bytes`.
pub fn decode_base64(text: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
    let payload = match text.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("data:") => data_url_payload(text)?,
        _ => text,
    };
    limits.check_bytes("the picture in `image`", (payload.len() as u64 / 4) * 3)?;
    let bytes = BASE64
        .decode(payload)
        .map_err(|error| Error::InvalidBase64(error.to_string()))?;
    limits.check_bytes("the picture in `image`", bytes.len() as u64)?;
    Ok(bytes)
}

fn data_url_payload(text: &str) -> Result<&str, Error> {
    let invalid = |reason: &str| Error::InvalidBase64(reason.to_owned());
    let (head, payload) = text
        .split_once(',')
        .ok_or_else(|| invalid("the data URL has no comma"))?;
    let base64 = head
        .rsplit_once(';')
        .is_some_and(|(_, last)| last.eq_ignore_ascii_case("base64"));
    if base64 {
        Ok(payload)
    } else {
        Err(invalid("the data URL does not say `;base64`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_json_is_an_answer_and_not_a_failure() {
        for text in ["{", "", "{\"url\": ", "nul", "{\"url\": \"\\ud800\"}"] {
            let event = Event::deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
            let error = event.into_value().unwrap_err();
            assert_eq!(error.error_type(), "InvalidRequest");
            assert!(
                error.to_string().starts_with("the event is not valid JSON"),
                "{error}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_a_stack_overflow() {
        let text = "[".repeat(1_000_000);
        let event = Event::deserialize(&mut serde_json::Deserializer::from_str(&text)).unwrap();
        assert_eq!(
            event.into_value().unwrap_err().error_type(),
            "InvalidRequest"
        );
    }

    #[test]
    fn base64_with_and_without_padding_and_prefix() {
        let limits = Limits::default();
        for text in [
            "aGk=",
            "aGk",
            "data:image/png;base64,aGk=",
            "DATA:;BASE64,aGk",
        ] {
            assert_eq!(decode_base64(text, &limits).unwrap(), b"hi", "{text}");
        }
    }

    #[test]
    fn wrong_base64_is_typed() {
        let limits = Limits::default();
        for text in [
            "a",
            "a*bc",
            "aGk-",
            "aG k=",
            "data:image/png,aGk=",
            "data:image/png;base64",
        ] {
            let error = decode_base64(text, &limits).unwrap_err();
            assert_eq!(error.error_type(), "InvalidBase64", "{text}");
        }
    }

    #[test]
    fn large_base64_is_refused_by_its_length() {
        let limits = Limits {
            max_bytes: 10,
            ..Limits::default()
        };
        assert_eq!(decode_base64(&"A".repeat(12), &limits).unwrap().len(), 9);
        for length in [16, 20, 1 << 20] {
            let error = decode_base64(&"A".repeat(length), &limits).unwrap_err();
            assert_eq!(error.error_type(), "TooLarge");
        }
    }
}
