//! Requests as JSON.

use serde_json::{Map, Value};

use super::{Options, Pictures, Request, S3Object, Source, too_many};
use crate::error::Error;

/// S3's own limit on keys, in bytes.
const MAX_KEY_BYTES: usize = 1024;

/// The fields that name pictures.
const SOURCES: [&str; 5] = ["url", "image", "s3", "urls", "images"];

/// How messages list them.
const ONE_OF: &str = "`url`, `image`, `s3`, `urls` or `images`";

pub(super) fn request(value: Value, options: Options, max_batch: usize) -> Result<Request, Error> {
    let Value::Object(mut fields) = value else {
        return Err(Error::InvalidRequest(format!(
            "the event must be a JSON object with {ONE_OF}, but it is {}",
            kind(&value)
        )));
    };
    let mut found = SOURCES
        .iter()
        .filter_map(|name| fields.remove(*name).map(|value| (*name, value)));
    let (name, value) = match (found.next(), found.next()) {
        (Some(only), None) => only,
        (Some((first, _)), Some((second, _))) => {
            return Err(Error::InvalidRequest(format!(
                "the event must have only one of {ONE_OF}, but it has both `{first}` and `{second}`"
            )));
        }
        (None, _) => {
            drop(found);
            return Err(none(&fields));
        }
    };
    drop(found);
    let pictures = match name {
        "s3" => Pictures::One(Source::S3(object(value)?)),
        "urls" => batch(name, value, Source::Url, max_batch)?,
        "images" => batch(name, value, Source::Base64, max_batch)?,
        "url" => Pictures::One(Source::Url(text(&format!("field `{name}`"), value)?)),
        _ => Pictures::One(Source::Base64(text(&format!("field `{name}`"), value)?)),
    };
    Ok(Request {
        pictures,
        options: options.take(&mut fields)?,
    })
}

fn batch(
    name: &str,
    value: Value,
    source: fn(String) -> Source,
    max_batch: usize,
) -> Result<Pictures, Error> {
    let Value::Array(items) = value else {
        return Err(wrong_kind(&format!("field `{name}`"), "an array", &value));
    };
    if items.is_empty() {
        return Err(Error::InvalidRequest(format!(
            "the field `{name}` must have at least one item"
        )));
    }
    if items.len() > max_batch {
        return Err(too_many(items.len(), max_batch));
    }
    let items = items.into_iter().enumerate();
    Ok(Pictures::Many(
        items
            .map(|(index, item)| text(&format!("item {index} of `{name}`"), item).map(source))
            .collect(),
    ))
}

fn object(value: Value) -> Result<S3Object, Error> {
    let Value::Object(mut fields) = value else {
        return Err(wrong_kind("field `s3`", "an object", &value));
    };
    let mut field = |name: &str| match fields.remove(name) {
        None => Ok(None),
        Some(value) => {
            let text = text(&format!("field `s3.{name}`"), value)?;
            if text.is_empty() {
                return Err(Error::InvalidRequest(format!(
                    "the field `s3.{name}` is empty"
                )));
            }
            Ok(Some(text))
        }
    };
    let (Some(bucket), Some(key), version_id) =
        (field("bucket")?, field("key")?, field("versionId")?)
    else {
        return Err(Error::InvalidRequest(
            "the field `s3` must have `bucket` and `key`".to_owned(),
        ));
    };
    S3Object {
        bucket,
        key,
        version_id,
    }
    .checked()
}

impl S3Object {
    /// The object, if its bucket and key can be those of one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] says what cannot be.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        // Old buckets have names of up to 255 characters.
        if !(3..=255).contains(&self.bucket.len()) || !self.bucket.bytes().all(allowed) {
            return Err(Error::InvalidRequest(
                "the bucket's name must have 3 to 255 letters, digits, dots, hyphens and underscores"
                    .to_owned(),
            ));
        }
        if self.key.is_empty() || self.key.len() > MAX_KEY_BYTES {
            return Err(Error::InvalidRequest(format!(
                "the object's key must have 1 to {MAX_KEY_BYTES} bytes"
            )));
        }
        Ok(self)
    }
}

fn none(fields: &Map<String, Value>) -> Error {
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
    Error::InvalidRequest(format!("the event must have {ONE_OF}, but it has {found}"))
}

fn shorten(name: &str) -> String {
    name.chars().take(40).collect()
}

fn text(what: &str, value: Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong_kind(what, "a string", &other)),
    }
}

fn wrong_kind(what: &str, expected: &str, found: &Value) -> Error {
    Error::InvalidRequest(format!(
        "the {what} must be {expected}, but it is {}",
        kind(found)
    ))
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: Value) -> Result<Request, Error> {
        request(value, Options::default(), 3)
    }

    fn message(value: Value) -> String {
        let error = parse(value).unwrap_err();
        assert_eq!(error.error_type(), "InvalidRequest");
        error.to_string()
    }

    #[test]
    fn each_field_will_do() {
        let one = |value| match parse(value).unwrap().pictures {
            Pictures::One(source) => source,
            many @ Pictures::Many(_) => panic!("{many:?}"),
        };
        assert_eq!(
            one(json!({"url": "https://a/b.jpg", "other": 1})),
            Source::Url("https://a/b.jpg".to_owned())
        );
        assert_eq!(
            one(json!({"image": "AAAA"})),
            Source::Base64("AAAA".to_owned())
        );
        let object = |version: Option<&str>| {
            Source::S3(S3Object {
                bucket: "my.bucket".to_owned(),
                key: "a/ b.jpg".to_owned(),
                version_id: version.map(str::to_owned),
            })
        };
        assert_eq!(
            one(json!({"s3": {"bucket": "my.bucket", "key": "a/ b.jpg"}})),
            object(None)
        );
        assert_eq!(
            one(json!({"s3": {"bucket": "my.bucket", "key": "a/ b.jpg", "versionId": "7"}})),
            object(Some("7"))
        );
        let request = parse(json!({"urls": ["u", 5], "softmax": true})).unwrap();
        assert!(request.options.softmax);
        let Pictures::Many(items) = request.pictures else {
            panic!("not a batch")
        };
        assert_eq!(items[0], Ok(Source::Url("u".to_owned())));
        let error = items[1].clone().unwrap_err().to_string();
        assert_eq!(
            error,
            "the item 1 of `urls` must be a string, but it is a number"
        );
    }

    #[test]
    fn wrong_shapes_say_what_is_there() {
        assert!(message(json!(null)).ends_with("but it is null"));
        assert!(message(json!([])).ends_with("but it is an array"));
        assert!(message(json!("x")).ends_with("but it is a string"));
        assert!(message(json!(1.5)).ends_with("but it is a number"));
        assert!(message(json!({})).ends_with("but it has no fields"));
        assert!(message(json!({"Url": "x"})).ends_with("but it has `Url`"));
        assert!(message(json!({"url": "x", "image": "y"})).ends_with("both `url` and `image`"));
        assert!(message(json!({"url": null})).contains("`url` must be a string, but it is null"));
        assert!(message(json!({"image": ["y"]})).contains("`image` must be a string"));
        assert!(message(json!({"urls": "y"})).contains("`urls` must be an array"));
        assert!(message(json!({"images": []})).contains("at least one item"));
        assert!(message(json!({"s3": "s3://a/b"})).contains("`s3` must be an object"));
        assert!(message(json!({"s3": {"key": "b"}})).contains("`bucket` and `key`"));
        assert!(message(json!({"s3": {"bucket": "abc", "key": ""}})).contains("`s3.key` is empty"));
        assert!(message(json!({"s3": {"bucket": "a/b", "key": "c"}})).contains("3 to 255"));
        let key = "k".repeat(1025);
        assert!(message(json!({"s3": {"bucket": "abc", "key": key}})).contains("1 to 1024"));
    }

    #[test]
    fn long_batches_are_too_large() {
        assert!(parse(json!({"urls": ["a", "b", "c"]})).is_ok());
        let error = parse(json!({"urls": ["a", "b", "c", "d"]})).unwrap_err();
        assert_eq!(error.error_type(), "TooLarge");
        assert_eq!(
            error.to_string(),
            "the batch of 4 pictures is too large: the limit is 3 pictures (MAX_BATCH)"
        );
    }

    #[test]
    fn many_odd_names_do_not_fill_the_log() {
        let fields: Map<String, Value> = (0..1000)
            .map(|i| (format!("{i}{}", "x".repeat(1000)), json!(i)))
            .collect();
        let error = parse(Value::Object(fields)).unwrap_err();
        assert!(error.to_string().len() < 600, "{error}");
    }
}
