//! What is asked for, whichever way it came: which pictures, and how the answer shall look.

mod json;
mod multipart;
mod options;

use bytes::Bytes;

pub use options::Options;

use crate::{error::Error, event::Event};

/// Where a picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// `{"url": "https://…"}`.
    Url(String),
    /// `{"image": "<base64>"}`, still encoded.
    Base64(String),
    /// `{"s3": {"bucket": "…", "key": "…"}}`, or the object that an event is about.
    S3(S3Object),
    /// The picture's bytes themselves: the body of an HTTP request, or a part of it.
    Bytes(Bytes),
}

impl Source {
    /// What the log calls it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Url(_) => "url",
            Self::Base64(_) => "image",
            Self::S3(_) => "s3",
            Self::Bytes(_) => "body",
        }
    }
}

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3Object {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, as it is and not URL-encoded.
    pub key: String,
    /// The version; without it, the newest.
    pub version_id: Option<String>,
}

/// One picture or several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pictures {
    /// `url`, `image` or `s3`: one picture, whose failure is that of the request.
    One(Source),
    /// `urls` or `images`: each has a result of its own. An item that does not name a picture is
    /// an error already.
    Many(Vec<Result<Source, Error>>),
}

/// A checked request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The pictures to classify.
    pub pictures: Pictures,
    /// How the answer shall look.
    pub options: Options,
}

impl Request {
    /// Asks for one picture, without options.
    pub fn one(source: Source) -> Self {
        Self {
            pictures: Pictures::One(source),
            options: Options::default(),
        }
    }

    /// Reads a direct invocation: an object with exactly one of
    ///
    /// * `url`, a string,
    /// * `image`, a string,
    /// * `s3`, an object with `bucket` and `key`, and `versionId` if need be,
    /// * `urls` or `images`, an array of 1 to `max_batch` strings,
    ///
    /// and with any [`Options`]. Other fields are ignored.
    ///
    /// ```
    /// use lambda_fn::request::{Pictures, Request, Source};
    /// use serde_json::json;
    ///
    /// let event = json!({"url": "https://example.com/pants.jpg", "top_k": 3});
    /// let request = Request::from_event(event.into(), 16)?;
    /// let url = "https://example.com/pants.jpg".to_owned();
    /// assert_eq!(request.pictures, Pictures::One(Source::Url(url)));
    /// assert_eq!(request.options.top_k.map(|k| k.get()), Some(3));
    ///
    /// let error = Request::from_event(json!({"uri": "?"}).into(), 16).unwrap_err();
    /// assert_eq!(error.error_type(), "InvalidRequest");
    /// # Ok::<(), lambda_fn::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] says what is there instead, [`Error::TooLarge`] that there are
    /// too many pictures.
    pub fn from_event(event: Event, max_batch: usize) -> Result<Self, Error> {
        json::request(event.into_value()?, Options::default(), max_batch)
    }

    /// As [`Request::from_event`], from the text of JSON, with other options where the text says
    /// nothing about them.
    pub(crate) fn from_json(
        text: &[u8],
        options: Options,
        max_batch: usize,
    ) -> Result<Self, Error> {
        let value = crate::json::read("the body", text)?;
        json::request(value, options, max_batch)
    }

    /// Reads an upload: `multipart/form-data` with parts `image` (files) or `url` (text), one or
    /// up to `max_batch`, and parts named as the options. There must be no others.
    pub(crate) async fn from_multipart(
        body: Bytes,
        boundary: &str,
        options: Options,
        max_batch: usize,
    ) -> Result<Self, Error> {
        multipart::request(body, boundary, options, max_batch).await
    }
}

/// The error of a batch that is longer than the limit.
fn too_many(pictures: usize, max_batch: usize) -> Error {
    Error::TooLarge {
        what: format!("the batch of {pictures} pictures"),
        limit: format!("{max_batch} pictures (MAX_BATCH)"),
    }
}
