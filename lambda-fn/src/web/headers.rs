//! The headers that all answers have, and the answer to questions about them.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::handler::Policy;

/// The identifier that is in the log, too.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Adds what every answer has.
pub(crate) fn add(response: &mut Response<Bytes>, request_id: &str, policy: &Policy) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id)
        && !id.is_empty()
    {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Some(origin) = &policy.allow_origin
        && let Ok(value) = HeaderValue::from_str(origin)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("x-request-id, retry-after"),
        );
        if origin != "*" {
            headers.insert(header::VARY, HeaderValue::from_static("origin"));
        }
    } else {
        headers.remove(header::ACCESS_CONTROL_ALLOW_METHODS);
        headers.remove(header::ACCESS_CONTROL_ALLOW_HEADERS);
        headers.remove(header::ACCESS_CONTROL_MAX_AGE);
    }
}

/// The answer to `OPTIONS`, which browsers ask before they send a page's request elsewhere.
pub(super) fn preflight(allowed: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ALLOW, allowed),
        (header::ACCESS_CONTROL_ALLOW_METHODS, allowed),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        // A day; browsers take less.
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
