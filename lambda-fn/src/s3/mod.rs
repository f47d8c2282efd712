//! Reads objects from S3: the part of its protocol that a `GET` takes.
//!
//! This is no use of `aws-sdk-s3`: see `docs/size.md` for what that would add to the program.

pub(crate) mod credentials;
pub(crate) mod sign;

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{RequestBuilder, Url, header};

use self::{
    credentials::{Provider, Source},
    sign::EMPTY_SHA256,
};
use crate::{
    error::Error,
    fetch::{self, Roots},
    handler::ObjectStore,
    remote::{self, LazyClient},
    report,
    request::S3Object,
};

/// All but what RFC 3986 reserves for nothing: AWS's signature escapes the same.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Keys may have this as it is.
const ESCAPED_IN_KEYS: &AsciiSet = &ESCAPED.remove(b'/');

/// Why an object cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum S3Error {
    /// The bucket's name is none.
    #[error("{0:?} is not the name of a bucket")]
    Bucket(String),
    /// No URL can have this key.
    #[error("the key {0:?} is empty or has a part that is `.` or `..`")]
    Key(String),
    /// There are no credentials.
    #[error("the credentials for S3 cannot be had: {0}")]
    Credentials(String),
    /// `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` is not a URL.
    #[error("the endpoint of S3 is not an address of http or https")]
    Endpoint,
    /// There is no HTTP client.
    #[error("{0}")]
    Client(String),
}

/// How to reach S3, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Options {
    region: String,
    endpoint: Option<String>,
    provider: Provider,
}

impl S3Options {
    /// As AWS's own tools: `AWS_REGION` or `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3` or
    /// `AWS_ENDPOINT_URL`, and the credentials of the environment or of a container's endpoint.
    /// `None` without a region or credentials.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self {
            region: lookup("AWS_REGION").or_else(|| lookup("AWS_DEFAULT_REGION"))?,
            endpoint: lookup("AWS_ENDPOINT_URL_S3").or_else(|| lookup("AWS_ENDPOINT_URL")),
            provider: Provider::from_lookup(&lookup)?,
        })
    }
}

/// A client of S3.
#[derive(Debug)]
pub struct S3 {
    client: LazyClient,
    region: String,
    endpoint: Option<Url>,
    source: Source,
    timeout: Duration,
}

impl S3 {
    /// Takes the settings. The HTTP client is made with the first request.
    ///
    /// # Errors
    ///
    /// [`S3Error::Endpoint`].
    pub fn new(options: &S3Options, roots: Roots) -> Result<Self, S3Error> {
        let endpoint = options.endpoint.as_deref().map(|endpoint| {
            let url = Url::parse(endpoint).ok();
            url.filter(|url| matches!(url.scheme(), "http" | "https"))
                .ok_or(S3Error::Endpoint)
        });
        Ok(Self {
            client: LazyClient::new(roots, false),
            region: options.region.clone(),
            endpoint: endpoint.transpose()?,
            source: Source::new(options.provider.clone()),
            timeout: fetch::DEFAULT_TIMEOUT,
        })
    }

    /// Sets how long a picture may take to come: `FETCH_TIMEOUT_SECONDS`.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// A signed request for an object. The conditions are headers, with lower-case names.
    pub(crate) async fn request(
        &self,
        object: &S3Object,
        conditions: &[(&str, &str)],
    ) -> Result<RequestBuilder, S3Error> {
        let url = self.url(object)?;
        let client = self
            .client
            .get()
            .map_err(|error| S3Error::Client(error.to_string()))?;
        let credentials = self.source.credentials(client).await?;
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let time = report::basic_time();
        let authorization = sign::authorization(
            &sign::Request {
                host: &host,
                path: url.path(),
                query: url.query().unwrap_or_default(),
                headers: conditions,
                region: &self.region,
                time: &time,
            },
            &credentials,
        );
        let mut request = client
            .get(url)
            .header("x-amz-content-sha256", EMPTY_SHA256)
            .header("x-amz-date", time)
            .header(header::AUTHORIZATION, authorization);
        if let Some(token) = &credentials.token {
            request = request.header("x-amz-security-token", token);
        }
        for (name, value) in conditions {
            request = request.header(*name, *value);
        }
        Ok(request)
    }

    fn url(&self, object: &S3Object) -> Result<Url, S3Error> {
        let bucket = &*object.bucket;
        if !is_bucket(bucket) {
            return Err(S3Error::Bucket(shorten(bucket)));
        }
        // A URL's parser would take these parts away, whether escaped or not.
        let mut parts = object.key.split('/');
        if object.key.is_empty() || parts.any(|part| matches!(part, "." | "..")) {
            return Err(S3Error::Key(shorten(&object.key)));
        }
        let key = utf8_percent_encode(&object.key, ESCAPED_IN_KEYS);
        let region = &self.region;
        let mut url = match &self.endpoint {
            Some(endpoint) => {
                let base = endpoint.as_str().trim_end_matches('/');
                format!("{base}/{bucket}/{key}")
            }
            // The certificate is for one part before that.
            None if bucket.contains('.') => {
                format!("https://s3.{region}.amazonaws.com/{bucket}/{key}")
            }
            None => format!("https://{bucket}.s3.{region}.amazonaws.com/{key}"),
        };
        if let Some(version) = &object.version_id {
            let version = utf8_percent_encode(version, ESCAPED);
            url = format!("{url}?versionId={version}");
        }
        Url::parse(&url).map_err(|_| S3Error::Endpoint)
    }
}

/// The characters that names of buckets have. Nothing else may come into a host's name.
fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
        && !name.contains("..")
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

impl From<S3Error> for Error {
    fn from(error: S3Error) -> Self {
        match error {
            S3Error::Bucket(_) | S3Error::Key(_) => Self::InvalidRequest(error.to_string()),
            S3Error::Credentials(_) | S3Error::Endpoint | S3Error::Client(_) => Self::FetchFailed {
                url: "s3://…".to_owned(),
                reason: error.to_string(),
            },
        }
    }
}

impl ObjectStore for S3 {
    fn get<'a>(
        &'a self,
        object: &'a S3Object,
        max_bytes: usize,
        deadline: Option<Instant>,
        trace_id: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + Send + 'a>> {
        Box::pin(async move {
            let start = Instant::now();
            let timeout = deadline.map_or(self.timeout, |deadline| {
                let left = deadline.saturating_duration_since(start);
                left.min(self.timeout)
            });
            let name = name(object);
            let work = async {
                let mut request = self.request(object, &[]).await?;
                if let Some(trace_id) = trace_id {
                    request = request.header("x-amzn-trace-id", trace_id);
                }
                let got = remote::read(request, max_bytes, "MAX_IMAGE_BYTES").await;
                got.map(|got| got.bytes)
                    .map_err(|error| error.into_picture_error(&name))
            };
            tokio::time::timeout(timeout, work).await.map_err(|_| {
                let what = format!("fetching {name}");
                let after = timeout;
                Error::Timeout { what, after }
            })?
        })
    }
}

/// The object as people write it.
pub(crate) fn name(object: &S3Object) -> String {
    shorten(&format!("s3://{}/{}", object.bucket, object.key))
}
