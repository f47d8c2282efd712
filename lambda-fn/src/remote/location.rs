//! Where a model is.

use std::{fmt, path::PathBuf};

use reqwest::Url;

use crate::{fetch::redact, request::S3Object};

/// What `MODEL_URI` and `LABELS_URI` can say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A path.
    File(PathBuf),
    /// `https://…`, or `http://…` for a model whose sha256 is known.
    Http(Url),
    /// `s3://bucket/key`, or `s3://bucket/key?versionId=…`. Nothing in it is escaped.
    S3(S3Object),
}

impl Location {
    /// Reads it. `None` if it is none of these.
    ///
    /// ```
    /// use lambda_fn::remote::Location;
    ///
    /// let model = Location::parse("s3://models/clothing.tflite?versionId=3").unwrap();
    /// assert_eq!(model.to_string(), "s3://models/clothing.tflite?versionId=3");
    /// assert_eq!(Location::parse("ftp://models/clothing.tflite"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return (!text.is_empty()).then(|| Self::File(text.into()));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => Url::parse(text).ok().map(Self::Http),
            "s3" => {
                let (bucket, key) = rest.split_once('/')?;
                let (key, version_id) = match key.rsplit_once("?versionId=") {
                    Some((key, version)) => (key, Some(version.to_owned())),
                    None => (key, None),
                };
                let whole = !bucket.is_empty() && !key.is_empty();
                whole.then(|| {
                    Self::S3(S3Object {
                        bucket: bucket.to_owned(),
                        key: key.to_owned(),
                        version_id,
                    })
                })
            }
            _ => None,
        }
    }
}

/// Without credentials.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Http(url) => formatter.write_str(&redact(url.as_str())),
            Self::S3(object) => {
                write!(formatter, "s3://{}/{}", object.bucket, object.key)?;
                match &object.version_id {
                    Some(version) => write!(formatter, "?versionId={version}"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_by_its_start() {
        let file = |path: &str| Some(Location::File(path.into()));
        assert_eq!(Location::parse("a/b.tflite"), file("a/b.tflite"));
        assert_eq!(Location::parse("/a/b.tflite"), file("/a/b.tflite"));
        assert!(matches!(
            Location::parse("HTTPS://host/a"),
            Some(Location::Http(_))
        ));
        let object = |key: &str, version: Option<&str>| {
            Some(Location::S3(S3Object {
                bucket: "b".to_owned(),
                key: key.to_owned(),
                version_id: version.map(str::to_owned),
            }))
        };
        assert_eq!(Location::parse("s3://b/a/c d.x"), object("a/c d.x", None));
        assert_eq!(Location::parse("s3://b/a?b"), object("a?b", None));
        assert_eq!(
            Location::parse("S3://b/k?versionId=v/1"),
            object("k", Some("v/1"))
        );
        for nothing in [
            "",
            "s3://",
            "s3://b",
            "s3://b/",
            "s3:///k",
            "ftp://h/a",
            "https://",
        ] {
            assert_eq!(Location::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let url = Location::parse("https://user:secret@host/a.tflite?X-Amz-Signature=secret");
        assert_eq!(url.unwrap().to_string(), "https://host/a.tflite…");
    }
}
