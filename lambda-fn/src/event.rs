//! From an event to the picture it asks about.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use keras_preprocess::Limits;

use crate::error::Error;

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
            Value::deserialize(deserializer).map_err(|error| error.to_string()),
        ))
    }
}

impl From<Value> for Event {
    fn from(value: Value) -> Self {
        Self(Ok(value))
    }
}

/// Where the picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// `{"url": "https://…"}`.
    Url(String),
    /// `{"image": "<base64>"}`, still encoded.
    Base64(String),
}

/// A checked request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The picture to classify.
    pub source: Source,
}

impl Request {
    /// Reads a direct invocation: an object with either `url` or `image`, each a string.
    /// Other fields are ignored.
    ///
    /// ```
    /// use lambda_fn::event::{Request, Source};
    /// use serde_json::json;
    ///
    /// let request = Request::from_event(json!({"url": "https://example.com/pants.jpg"}).into())?;
    /// assert_eq!(request.source, Source::Url("https://example.com/pants.jpg".to_owned()));
    ///
    /// let error = Request::from_event(json!({"uri": "?"}).into()).unwrap_err();
    /// assert_eq!(error.error_type(), "InvalidRequest");
    /// # Ok::<(), lambda_fn::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] says what is there instead.
    pub fn from_event(event: Event) -> Result<Self, Error> {
        let value = event.0.map_err(|reason| {
            Error::InvalidRequest(format!("the event is not valid JSON: {reason}"))
        })?;
        let Value::Object(mut fields) = value else {
            return Err(Error::InvalidRequest(format!(
                "the event must be a JSON object with `url` or `image`, but it is {}",
                kind(&value)
            )));
        };
        let source = match (
            take_text(&mut fields, "url")?,
            take_text(&mut fields, "image")?,
        ) {
            (Some(url), None) => Source::Url(url),
            (None, Some(image)) => Source::Base64(image),
            (Some(_), Some(_)) => {
                return Err(Error::InvalidRequest(
                    "the event must have `url` or `image`, but it has both".to_owned(),
                ));
            }
            (None, None) => return Err(neither(&fields)),
        };
        Ok(Self { source })
    }
}

fn neither(fields: &Map<String, Value>) -> Error {
    /// Enough to recognise a typing error, too few to fill a log.
    const SHOWN: usize = 8;
    let mut names: Vec<String> = fields
        .keys()
        .take(SHOWN)
        .map(|name| format!("`{}`", shorten(name)))
        .collect();
    if fields.len() > SHOWN {
        names.push("…".to_owned());
    }
    let found = if names.is_empty() {
        "no fields".to_owned()
    } else {
        names.join(", ")
    };
    Error::InvalidRequest(format!(
        "the event must have `url` or `image`, but it has {found}"
    ))
}

fn shorten(name: &str) -> String {
    name.chars().take(40).collect()
}

fn take_text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match fields.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Error::InvalidRequest(format!(
            "the field `{name}` must be a string, but it is {}",
            kind(&other)
        ))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
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
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Result<Request, Error> {
        Request::from_event(serde_json::from_str(text).unwrap())
    }

    fn message(text: &str) -> String {
        let error = parse(text).unwrap_err();
        assert_eq!(error.error_type(), "InvalidRequest");
        error.to_string()
    }

    #[test]
    fn either_field_will_do() {
        let url = parse(r#"{"url": "https://a/b.jpg", "other": 1}"#).unwrap();
        assert_eq!(url.source, Source::Url("https://a/b.jpg".to_owned()));
        let image = parse(r#"{"image": "AAAA"}"#).unwrap();
        assert_eq!(image.source, Source::Base64("AAAA".to_owned()));
    }

    #[test]
    fn wrong_shapes_say_what_is_there() {
        assert!(message("null").ends_with("but it is null"));
        assert!(message("[]").ends_with("but it is an array"));
        assert!(message("\"x\"").ends_with("but it is a string"));
        assert!(message("1.5").ends_with("but it is a number"));
        assert!(message("{}").ends_with("but it has no fields"));
        assert!(message(r#"{"Url": "x"}"#).ends_with("but it has `Url`"));
        assert!(message(r#"{"url": "x", "image": "y"}"#).ends_with("but it has both"));
        assert!(message(r#"{"url": null}"#).contains("`url` must be a string, but it is null"));
        assert!(message(r#"{"image": ["y"]}"#).contains("`image` must be a string"));
    }

    #[test]
    fn malformed_json_is_an_answer_and_not_a_failure() {
        for text in ["{", "", "{\"url\": ", "nul", "{\"url\": \"\\ud800\"}"] {
            let event = Event::deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
            let error = Request::from_event(event).unwrap_err();
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
            Request::from_event(event).unwrap_err().error_type(),
            "InvalidRequest"
        );
    }

    #[test]
    fn many_odd_names_do_not_fill_the_log() {
        let fields: Map<String, Value> = (0..1000)
            .map(|i| (format!("{i}{}", "x".repeat(1000)), json!(i)))
            .collect();
        let error = Request::from_event(Value::Object(fields).into()).unwrap_err();
        assert!(error.to_string().len() < 600, "{error}");
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
