//! What can go wrong with one request, and the name each failure has for the caller.

use std::time::Duration;

use lambda_runtime::Diagnostic;

/// Why a request could not be answered.
///
/// [`Error::error_type`] gives the `errorType` of the answer. Those strings are part of the
/// function's interface and do not change; the messages may. The table in the [crate docs](crate)
/// lists them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The event is not JSON, not an object, or does not name exactly one picture.
    #[error("{0}")]
    InvalidRequest(String),
    /// `image` is not base64 in the standard alphabet.
    #[error("the field `image` is not base64 in the standard alphabet: {0}")]
    InvalidBase64(String),
    /// The URL, or one it redirects to, cannot be fetched as a matter of form.
    #[error("{url} cannot be fetched: {reason}")]
    InvalidUrl {
        /// The URL without its credentials, query and fragment.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host of the URL, or of one it redirects to, is not one that may be fetched: it has a
    /// private address, for instance.
    #[error("{host} may not be fetched: {reason}")]
    ForbiddenAddress {
        /// The host as the URL names it.
        host: String,
        /// What the guard has against it.
        reason: String,
    },
    /// The server could not be reached, or the connection broke.
    #[error("fetching {url} failed: {reason}")]
    FetchFailed {
        /// The URL without its credentials, query and fragment.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// The server answered with something else than success.
    #[error("{url} answered with HTTP status {status}")]
    HttpStatus {
        /// The URL without its credentials, query and fragment.
        url: String,
        /// The status code.
        status: u16,
    },
    /// The redirects do not end.
    #[error("{url} redirects more than {limit} times")]
    TooManyRedirects {
        /// The URL of the request, without its credentials, query and fragment.
        url: String,
        /// How many redirects are followed.
        limit: usize,
    },
    /// The picture has too many bytes or too many pixels.
    #[error("{what} is too large: the limit is {limit}")]
    TooLarge {
        /// The culprit, with its size where it is known.
        what: String,
        /// The limit and the variable that sets it.
        limit: String,
    },
    /// The bytes are not a picture in one of the formats that can be decoded.
    #[error("{0}")]
    UnsupportedImage(String),
    /// The bytes claim to be a picture but cannot be decoded.
    #[error("the {format} picture cannot be decoded: {reason}")]
    InvalidImage {
        /// The format that the first bytes announce.
        format: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// The time for a step was over.
    #[error("{what} took longer than {} ms", after.as_millis())]
    Timeout {
        /// The step.
        what: String,
        /// How long it was given.
        after: Duration,
    },
    /// The request names an object in S3, and this function has no access to S3.
    #[error("this function has no access to S3")]
    S3Unavailable,
    /// The model could not be run.
    #[error("the model failed: {0}")]
    Model(String),
    /// A defect of this function.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// The stable `errorType` of the answer.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::InvalidBase64(_) => "InvalidBase64",
            Self::InvalidUrl { .. } => "InvalidUrl",
            Self::ForbiddenAddress { .. } => "ForbiddenAddress",
            Self::FetchFailed { .. } => "FetchFailed",
            Self::HttpStatus { .. } => "HttpStatus",
            Self::TooManyRedirects { .. } => "TooManyRedirects",
            Self::TooLarge { .. } => "TooLarge",
            Self::UnsupportedImage(_) => "UnsupportedImage",
            Self::InvalidImage { .. } => "InvalidImage",
            Self::Timeout { .. } => "Timeout",
            Self::S3Unavailable => "S3Unavailable",
            Self::Model(_) => "ModelError",
            Self::Internal(_) => "Internal",
        }
    }
}

impl From<keras_preprocess::Error> for Error {
    /// Adds the variable that sets the limit.
    fn from(error: keras_preprocess::Error) -> Self {
        use keras_preprocess::{Error as Picture, Unit};
        match error {
            Picture::TooLarge { what, limit, unit } => Self::TooLarge {
                what,
                limit: match unit {
                    Unit::Bytes => format!("{limit} bytes (MAX_IMAGE_BYTES)"),
                    Unit::Pixels => format!("{limit} pixels (MAX_IMAGE_PIXELS)"),
                    other => format!("{limit} {other}"),
                },
            },
            Picture::Unsupported(reason) => Self::UnsupportedImage(reason),
            Picture::Invalid { format, reason } => Self::InvalidImage { format, reason },
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self {
            error_type: error.error_type().to_owned(),
            error_message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_names_its_variable() {
        use keras_preprocess::{Error as Picture, Unit};
        let message = |unit| {
            let what = "the picture".to_owned();
            Error::from(Picture::TooLarge {
                what,
                limit: 7,
                unit,
            })
            .to_string()
        };
        let start = "the picture is too large: the limit is 7";
        assert_eq!(
            message(Unit::Bytes),
            format!("{start} bytes (MAX_IMAGE_BYTES)")
        );
        assert_eq!(
            message(Unit::Pixels),
            format!("{start} pixels (MAX_IMAGE_PIXELS)")
        );
        assert_eq!(message(Unit::Side), format!("{start} pixels a side"));
    }

    #[test]
    fn the_diagnostic_has_the_stable_name_and_the_limit() {
        let error = Error::TooManyRedirects {
            url: "http://a/".to_owned(),
            limit: 5,
        };
        let diagnostic = Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, "TooManyRedirects");
        assert_eq!(
            diagnostic.error_message,
            "http://a/ redirects more than 5 times"
        );
    }
}
