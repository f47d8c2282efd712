//! Requests that HTTP refuses, and the status of every error.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::with_status;
use crate::{
    error::Error,
    report::{Line, LogLevel},
};

/// Why a request gets no further than HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is nothing at the path.
    #[error("there is nothing at {}", shorten(.0))]
    NotFound(String),
    /// There is, but not for this method.
    #[error("this path allows {allowed}")]
    MethodNotAllowed { allowed: &'static str },
    /// The body is of a kind that is not understood.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The body is too long to be read.
    #[error(
        "the body is too large: the limit is {limit} bytes, which follows from MAX_IMAGE_BYTES"
    )]
    BodyTooLarge { limit: usize },
    /// The body came too slowly.
    #[error("of the body, only {bytes} bytes arrived in {seconds} s")]
    RequestTimeout { bytes: usize, seconds: u64 },
    /// The bodies of all requests have all the memory that there is for them.
    #[error("other requests are too large to take this one, too, try again later")]
    NoMemory,
    /// As many requests are being answered as can be.
    #[error("{limit} requests are being answered already, try again later")]
    TooManyRequests { limit: usize },
    /// The request itself is wrong.
    #[error(transparent)]
    Request(#[from] Error),
}

impl Refusal {
    fn error_type(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "NotFound",
            Self::MethodNotAllowed { .. } => "MethodNotAllowed",
            Self::UnsupportedMediaType(_) => "UnsupportedMediaType",
            Self::BodyTooLarge { .. } => "TooLarge",
            Self::RequestTimeout { .. } => "RequestTimeout",
            Self::NoMemory | Self::TooManyRequests { .. } => "TooManyRequests",
            Self::Request(error) => error.error_type(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTimeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::NoMemory | Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Request(error) => status(error),
        }
    }

    pub(crate) fn response(&self) -> Response<Bytes> {
        let body = json!({"errorType": self.error_type(), "errorMessage": self.to_string()});
        let mut response = with_status(self.status(), body.to_string());
        let header = match self {
            Self::MethodNotAllowed { allowed } => {
                Some((header::ALLOW, HeaderValue::from_static(allowed)))
            }
            Self::NoMemory | Self::TooManyRequests { .. } => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            _ => None,
        };
        response.headers_mut().extend(header);
        response
    }

    pub(crate) fn log<'a>(&self, line: Line<'a>) -> Line<'a> {
        line.failure(self.error_type(), self.to_string(), LogLevel::Warn)
    }
}

/// The HTTP status of an error.
///
/// | status | |
/// | --- | --- |
/// | 400 | the request cannot be read |
/// | 413 | it, or what it names, is too large |
/// | 415 | it is no picture that can be decoded |
/// | 422 | it can be read, but not be done: a damaged picture, or a URL that cannot be fetched |
/// | 500 | a fault of the function |
/// | 502 | the server that has the picture does not give it |
/// | 503 | the function has no access to S3 |
/// | 504 | that server, or the function, takes too long |
pub(crate) fn status(error: &Error) -> StatusCode {
    match error {
        Error::InvalidRequest(_) | Error::InvalidBase64(_) => StatusCode::BAD_REQUEST,
        Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Error::UnsupportedImage(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::InvalidImage { .. } | Error::InvalidUrl { .. } | Error::ForbiddenAddress { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Error::FetchFailed { .. } | Error::HttpStatus { .. } | Error::TooManyRedirects { .. } => {
            StatusCode::BAD_GATEWAY
        }
        Error::S3Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Error::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        Error::Model(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn shorten(path: &str) -> String {
    path.chars().take(100).collect()
}
