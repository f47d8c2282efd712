//! Models from elsewhere: by HTTPS or from S3, into memory.
//!
//! The address comes from whoever runs the function, so that it may be private. Nothing is written
//! to a disk, so that a full one does not matter, and a model is either there as a whole or not.

mod location;
mod read;
mod refresh;

use std::{
    fs, io,
    sync::OnceLock,
    time::{Duration, Instant},
};

use reqwest::{Client, Url, header, redirect::Policy};
use ring::digest;

pub use self::location::Location;
pub(crate) use self::{
    read::{Got, ReadError, read},
    refresh::{Current, Refresher},
};
use crate::{
    error::Error,
    fetch::{self, Roots},
    s3::{S3, S3Error, S3Options, sign::hex},
};

/// The default of `MAX_MODEL_BYTES`.
pub const DEFAULT_MAX_BYTES: usize = 256_000_000;

/// The default of `MODEL_TIMEOUT_SECONDS`. Lambda gives ten seconds for all that comes before the
/// first request, and starts again when they are over.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(9);

/// How long a server may say nothing in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(4);

/// What is waited before the second attempt, and twice that before the third.
const BACK_OFF: Duration = Duration::from_millis(100);

/// The longest wait.
const MAX_BACK_OFF: Duration = Duration::from_secs(2);

const MAX_REDIRECTS: usize = 5;

/// Where a model comes from, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteModel {
    /// `MODEL_URI`.
    pub model: Location,
    /// `LABELS_URI`. Without it, the labels are where they are for a model in a file, or inside.
    pub labels: Option<Location>,
    /// `MAX_MODEL_BYTES`.
    pub max_bytes: usize,
    /// `MODEL_TIMEOUT_SECONDS`: how long the model may take to come, attempts and all.
    pub timeout: Duration,
    /// `MODEL_REFRESH_SECONDS`: how often it is looked whether there is another model.
    pub refresh: Option<Duration>,
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// There is no HTTP client.
    #[error(transparent)]
    Client(#[from] fetch::SetupError),
    /// The settings for S3 are of no use.
    #[error(transparent)]
    S3(#[from] S3Error),
}

/// Why a model did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// There is no client.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The model is in S3, but there is no region or there are no credentials.
    #[error(
        "{0}: there is no access to S3: AWS_REGION and AWS_ACCESS_KEY_ID, or what else names \
         credentials, must be set"
    )]
    NoS3(String),
    /// The object cannot be asked for.
    #[error("{location}: {source}")]
    S3 {
        /// The object.
        location: String,
        /// Why not.
        source: S3Error,
    },
    /// It could not be read.
    #[error("{location}: {reason}, in {attempts} attempts")]
    Read {
        /// Where it is.
        location: String,
        /// What happened at last.
        reason: String,
        /// How many attempts there were.
        attempts: u32,
    },
    /// It has another sha256 than `MODEL_SHA256`.
    #[error("{location} has the sha256 {found}, and not that of MODEL_SHA256")]
    Sha256 {
        /// Where it is.
        location: String,
        /// What it has.
        found: String,
    },
}

/// A client for addresses of the operator.
fn client(roots: &Roots, redirects: bool) -> Result<Client, SetupError> {
    let policy = if redirects {
        Policy::custom(|attempt| {
            let from_https = attempt
                .previous()
                .last()
                .is_some_and(|url: &Url| url.scheme() == "https");
            if attempt.previous().len() > MAX_REDIRECTS {
                attempt.error("too many redirects")
            } else if from_https && attempt.url().scheme() != "https" {
                attempt.error("it redirects from https to something else")
            } else {
                attempt.follow()
            }
        })
    } else {
        Policy::none()
    };
    let builder = fetch::client_builder(roots).map_err(fetch::SetupError::from)?;
    let client = builder.read_timeout(SILENCE).redirect(policy).build();
    Ok(client.map_err(fetch::SetupError::from)?)
}

/// A client that is made when it is needed for the first time: most functions need none.
#[derive(Debug)]
pub(crate) struct LazyClient {
    roots: Roots,
    redirects: bool,
    client: OnceLock<Client>,
}

impl LazyClient {
    pub(crate) fn new(roots: Roots, redirects: bool) -> Self {
        Self {
            roots,
            redirects,
            client: OnceLock::new(),
        }
    }

    pub(crate) fn get(&self) -> Result<&Client, SetupError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = client(&self.roots, self.redirects)?;
        // Of two that are made at the same time, one is used.
        Ok(self.client.get_or_init(|| made))
    }
}

/// What gets files from elsewhere.
pub(crate) struct Remote {
    client: LazyClient,
    s3: Option<S3>,
}

impl Remote {
    pub(crate) fn new(s3: Option<&S3Options>, roots: Roots) -> Result<Self, SetupError> {
        let s3 = s3.map(|options| S3::new(options, roots.clone()));
        let s3 = s3.transpose()?;
        let client = LazyClient::new(roots, true);
        Ok(Self { client, s3 })
    }

    /// Gets a file, unless it still has this entity tag, and tries again where that may help.
    pub(crate) async fn get(
        &self,
        location: &Location,
        etag: Option<&str>,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Option<Got>, RemoteError> {
        let end = Instant::now() + timeout;
        let (mut attempts, mut wait) = (0, BACK_OFF);
        let mut reason = format!("nothing came in {} s", timeout.as_secs());
        loop {
            attempts += 1;
            let attempt = self.attempt(location, etag, max_bytes);
            match tokio::time::timeout_at(end.into(), attempt).await {
                // The reason of an earlier attempt says more.
                Err(_) => break,
                Ok(Ok(got)) => return Ok(Some(got)),
                Ok(Err(Failure::Unchanged)) => return Ok(None),
                Ok(Err(Failure::Final(error))) => return Err(error),
                Ok(Err(Failure::Read(error))) => {
                    reason = error.to_string();
                    if !error.may_pass() || Instant::now() + wait >= end {
                        break;
                    }
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(MAX_BACK_OFF);
        }
        Err(RemoteError::Read {
            location: location.to_string(),
            reason,
            attempts,
        })
    }

    async fn attempt(
        &self,
        location: &Location,
        etag: Option<&str>,
        max_bytes: usize,
    ) -> Result<Got, Failure> {
        let request = match location {
            Location::File(path) => {
                let bytes = fs::read(path).map_err(|error| ReadError::File(error.to_string()));
                return Ok(Got {
                    bytes: bytes?,
                    etag: None,
                });
            }
            Location::Http(url) => {
                let client = self
                    .client
                    .get()
                    .map_err(|error| Failure::Final(RemoteError::Setup(error)))?;
                let request = client.get(url.clone());
                match etag {
                    Some(etag) => request.header(header::IF_NONE_MATCH, etag),
                    None => request,
                }
            }
            Location::S3(object) => {
                let Some(s3) = &self.s3 else {
                    return Err(Failure::Final(RemoteError::NoS3(location.to_string())));
                };
                let conditions: Vec<_> = etag
                    .map(|etag| ("if-none-match", etag))
                    .into_iter()
                    .collect();
                s3.request(object, &conditions).await.map_err(|source| {
                    let location = location.to_string();
                    Failure::Final(RemoteError::S3 { location, source })
                })?
            }
        };
        Ok(read(request, max_bytes, "MAX_MODEL_BYTES").await?)
    }
}

enum Failure {
    Unchanged,
    Read(ReadError),
    Final(RemoteError),
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotModified => Self::Unchanged,
            error => Self::Read(error),
        }
    }
}

/// The sha256 of a file's content, in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Waits for work that needs a tokio runtime, wherever the caller is: in one, or in none.
pub(crate) fn block_on<T: Send>(work: impl Future<Output = T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            Ok(runtime.block_on(work))
        })?;
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl ReadError {
    /// As an error of a request for a picture.
    pub(crate) fn into_picture_error(self, name: &str) -> Error {
        match self {
            Self::Status { status, .. } => Error::HttpStatus {
                url: name.to_owned(),
                status,
            },
            Self::TooLarge { limit, variable } => Error::TooLarge {
                what: name.to_owned(),
                limit: format!("{limit} bytes ({variable})"),
            },
            error => Error::FetchFailed {
                url: name.to_owned(),
                reason: error.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Certificates that cannot be read are no matter for who asks nobody.
    #[test]
    fn no_client_is_made_before_it_is_needed() {
        let roots = || Roots::PemFile("no/such/file.pem".into());
        let lookup = |name: &str| Some(name.to_owned()).filter(|_| !name.contains("ENDPOINT"));
        let options = S3Options::from_lookup(lookup).unwrap();
        let remote = Remote::new(Some(&options), roots()).unwrap();
        let lazy = LazyClient::new(roots(), true);
        assert!(lazy.get().is_err());
        let location = Location::parse("https://host/model").unwrap();
        let got = block_on(remote.get(&location, None, 1, Duration::from_secs(1))).unwrap();
        let error = got.err().unwrap().to_string();
        assert!(error.contains("no/such/file.pem"), "{error}");

        let lazy = LazyClient::new(Roots::Bundled, true);
        let (first, again) = (lazy.get().unwrap(), lazy.get().unwrap());
        assert!(std::ptr::eq(first, again));
    }
}
