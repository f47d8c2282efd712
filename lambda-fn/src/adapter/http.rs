//! What the carriers of HTTP have in common.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri, header};

use crate::{
    error::Error,
    handler::{Handler, Invocation},
};

/// A request as all of them have it.
pub(super) struct Carried {
    pub(super) method: Method,
    pub(super) path: String,
    /// As it is in a URL.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<String>,
    pub(super) is_base64: bool,
}

impl Carried {
    /// Answers it. A request that is none is answered, too.
    pub(super) async fn answer(
        self,
        handler: &Handler,
        invocation: &Invocation,
    ) -> Response<Bytes> {
        let mut head = Request::new(());
        *head.method_mut() = self.method.clone();
        match self.request() {
            Ok(request) => handler.http(request, invocation).await,
            Err(error) => handler.refuse_http(&error.into(), head, invocation),
        }
    }

    fn request(self) -> Result<Request<Bytes>, Error> {
        let body = match self.body {
            None => Bytes::new(),
            Some(text) if self.is_base64 => STANDARD
                .decode(text)
                .map_err(|error| {
                    Error::InvalidRequest(format!("the body is not base64, as it says: {error}"))
                })?
                .into(),
            Some(_) if is_picture(&self.headers) => {
                return Err(Error::InvalidRequest(
                    "the picture came as text, which damages it: API Gateway must know its content \
                     type as a binary media type"
                        .to_owned(),
                ));
            }
            Some(text) => text.into(),
        };
        let target = match self.query.as_str() {
            "" => self.path,
            query => format!("{}?{query}", self.path),
        };
        let uri = Uri::try_from(target)
            .map_err(|error| Error::InvalidRequest(format!("the path is none: {error}")))?;
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

fn is_picture(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"image/"))
}

/// The path behind the stage or the base path, which the carrier's user may have chosen freely:
/// `/predict` for `/prod/predict`. A resource without variables tells it, and so does what the
/// variable `{proxy+}` stands for; otherwise it is the whole.
pub(super) fn path(
    resource: Option<&str>,
    proxy: Option<&String>,
    whole: Option<String>,
) -> String {
    match (resource, proxy) {
        (Some(resource), _) if resource.starts_with('/') && !resource.contains('{') => {
            resource.to_owned()
        }
        (_, Some(proxy)) => format!("/{proxy}"),
        _ => whole.unwrap_or_default(),
    }
}

/// The body of an answer, which is text: all that the function sends is JSON or HTML.
pub(super) fn text(body: &Bytes) -> aws_lambda_events::encodings::Body {
    String::from_utf8_lossy(body).into_owned().into()
}

/// The status as these events have it.
pub(super) fn status<T>(response: &Response<T>) -> i64 {
    response.status().as_u16().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_base_paths_are_left_out() {
        let whole = || Some("/base/predict".to_owned());
        let proxy = "predict".to_owned();
        assert_eq!(path(Some("/predict"), None, whole()), "/predict");
        assert_eq!(path(Some("/{proxy+}"), Some(&proxy), whole()), "/predict");
        assert_eq!(path(Some("$default"), None, whole()), "/base/predict");
        assert_eq!(path(None, None, whole()), "/base/predict");
        assert_eq!(path(Some("/"), None, whole()), "/");
        assert_eq!(path(None, None, None), "");
    }
}
