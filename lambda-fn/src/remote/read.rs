//! One answer of a server, as a whole.

use reqwest::{RequestBuilder, Response, StatusCode, header};

use crate::fetch;

/// How much of an error's body is looked at.
const ERROR_BYTES: usize = 4096;

/// A file that has come.
pub(crate) struct Got {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<String>,
}

/// Why a file did not come.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("it has not changed")]
    NotModified,
    #[error("the answer is HTTP status {status}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Status { status: u16, code: Option<String> },
    #[error("it is larger than {limit} bytes ({variable})")]
    TooLarge {
        limit: usize,
        variable: &'static str,
    },
    #[error("{0}")]
    Network(String),
    #[error("{0}")]
    File(String),
}

impl ReadError {
    /// Whether it may be better the next time.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Self::NotModified | Self::TooLarge { .. } | Self::File(_) => false,
        }
    }
}

/// Sends the request, and reads what comes.
pub(crate) async fn read(
    request: RequestBuilder,
    limit: usize,
    variable: &'static str,
) -> Result<Got, ReadError> {
    let network = |error| ReadError::Network(fetch::reason(error));
    let mut response = request.send().await.map_err(network)?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED => return Err(ReadError::NotModified),
        status => {
            let (status, code) = (status.as_u16(), error_code(response).await);
            return Err(ReadError::Status { status, code });
        }
    }
    let too_large = || ReadError::TooLarge { limit, variable };
    let length = response.content_length();
    if length.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let etag = response.headers().get(header::ETAG);
    let etag = etag.and_then(|etag| Some(etag.to_str().ok()?.to_owned()));
    // A length that fits is reserved, so that a large model is not copied while it grows. The system
    // gives the memory only as the body comes.
    let mut bytes = Vec::with_capacity(length.unwrap_or_default() as usize);
    while let Some(chunk) = response.chunk().await.map_err(network)? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Got { bytes, etag })
}

/// S3's own name for what is wrong: `NoSuchBucket`, for instance.
async fn error_code(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_BYTES {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_name = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| code.to_owned())
}
