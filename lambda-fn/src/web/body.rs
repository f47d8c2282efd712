//! From the body of an HTTP request to what it asks for.
//!
//! | `Content-Type` | body |
//! | --- | --- |
//! | `application/json`, `application/*+json` or none | as a direct invocation |
//! | `image/*`, `application/octet-stream` | the picture itself |
//! | `multipart/form-data` | parts `image` or `url`, and options |
//!
//! The options may be in the query, too; those in the body go before them.

use bytes::Bytes;
use http::{HeaderMap, Request as HttpRequest, header};

use super::Refusal;
use crate::request::{Options, Request, Source};

/// What kind of body there is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Picture,
    Form { boundary: String },
}

pub(super) async fn read(
    request: HttpRequest<Bytes>,
    max_batch: usize,
) -> Result<Request, Refusal> {
    let kind = kind(request.headers())?;
    let mut options = Options::default();
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        options.set(&name, &value)?;
    }
    let body = request.into_body();
    match kind {
        Kind::Json => Ok(Request::from_json(&body, options, max_batch)?),
        Kind::Picture => {
            let mut request = Request::one(Source::Bytes(body));
            request.options = options;
            Ok(request)
        }
        Kind::Form { boundary } => {
            Ok(Request::from_multipart(body, &boundary, options, max_batch).await?)
        }
    }
}

fn kind(headers: &HeaderMap) -> Result<Kind, Refusal> {
    let unsupported = |found: &str| {
        let found: String = found.chars().take(100).collect();
        Refusal::UnsupportedMediaType(format!(
            "the body must be application/json, a picture (image/* or application/octet-stream) \
             or multipart/form-data, but it is {found}"
        ))
    };
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Kind::Json);
    };
    let text = value
        .to_str()
        .map_err(|_| unsupported("something unreadable"))?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/json" => Ok(Kind::Json),
        name if name.starts_with("application/") && name.ends_with("+json") => Ok(Kind::Json),
        "application/octet-stream" => Ok(Kind::Picture),
        name if name.starts_with("image/") => Ok(Kind::Picture),
        "multipart/form-data" => multer::parse_boundary(text)
            .map(|boundary| Kind::Form { boundary })
            .map_err(|_| unsupported("multipart/form-data without a boundary")),
        "" => Err(unsupported("nothing that has a name")),
        _ => Err(unsupported(essence)),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(value: &'static str) -> Option<Kind> {
        let value = HeaderValue::from_static(value);
        kind(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)])).ok()
    }

    #[test]
    fn kinds_are_told_by_the_content_type() {
        assert_eq!(kind(&HeaderMap::new()), Ok(Kind::Json));
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/a+json",
        ] {
            assert_eq!(of(json), Some(Kind::Json), "{json}");
        }
        for picture in ["image/jpeg", "IMAGE/PNG", "application/octet-stream"] {
            assert_eq!(of(picture), Some(Kind::Picture), "{picture}");
        }
        let boundary = "a b".to_owned();
        let form = of("multipart/form-data; boundary=\"a b\"");
        assert_eq!(form, Some(Kind::Form { boundary }));
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "multipart/form-data",
            "multipart/mixed; boundary=a",
            "video/mp4",
            "",
            ";;;=,",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
