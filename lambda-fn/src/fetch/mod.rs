//! Fetches a picture by HTTP, with bounds on time, bytes and redirects.

mod guard;
mod redact;
mod tls;

use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, header, redirect::Policy};

pub use guard::{AllowAll, Forbidden, Guard, PublicOnly};
pub use redact::redact;
pub use tls::{Roots, TlsError};

use keras_preprocess::Limits;

use crate::error::Error;

/// The default of `FETCH_TIMEOUT_SECONDS`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How many redirects are followed.
pub const MAX_REDIRECTS: usize = 5;

/// How long a connection may take to stand, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// No URL in practice is longer; longer ones only fill logs.
const MAX_URL_BYTES: usize = 8192;

/// Settings of a [`Fetcher`].
#[derive(Clone)]
pub struct Options {
    /// The largest body; its pixels are not the fetcher's business.
    pub limits: Limits,
    /// How long one fetch may take, redirects included.
    pub timeout: Duration,
    /// Which certificates are trusted.
    pub roots: Roots,
    /// What may be fetched: by default, public addresses.
    pub guard: Arc<dyn Guard>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            timeout: DEFAULT_TIMEOUT,
            roots: Roots::Bundled,
            guard: Arc::new(PublicOnly::new()),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("limits", &self.limits)
            .field("timeout", &self.timeout)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

/// Why a [`Fetcher`] could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client refused its settings.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// What all clients of this function have in common.
pub(crate) fn client_builder(roots: &Roots) -> Result<ClientBuilder, TlsError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::client_config(roots)?)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // A proxy would resolve the names instead of the guard, and see signed requests.
        .no_proxy()
        .referer(false))
}

/// An HTTP client for pictures. It keeps connections between requests.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    options: Options,
}

impl Fetcher {
    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if the certificates cannot be read.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        // Redirects are followed here, so that each one passes the guard.
        let mut builder = client_builder(&options.roots)?.redirect(Policy::none());
        if let Some(resolver) = options.guard.resolver() {
            builder = builder.dns_resolver(resolver);
        }
        Ok(Self {
            client: builder.build()?,
            options,
        })
    }

    /// Fetches the body at `url`, in the time that is left until `deadline` or the timeout of the
    /// options, whichever is earlier.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`], [`Error::ForbiddenAddress`], [`Error::FetchFailed`],
    /// [`Error::HttpStatus`], [`Error::TooManyRedirects`], [`Error::TooLarge`] or
    /// [`Error::Timeout`].
    pub async fn fetch(&self, url: &str, deadline: Option<Instant>) -> Result<Vec<u8>, Error> {
        let timeout = deadline.map_or(self.options.timeout, |deadline| {
            deadline
                .saturating_duration_since(Instant::now())
                .min(self.options.timeout)
        });
        match tokio::time::timeout(timeout, self.follow(url)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Timeout {
                what: format!("fetching {}", redact(url)),
                after: timeout,
            }),
        }
    }

    async fn follow(&self, start: &str) -> Result<Vec<u8>, Error> {
        let mut url = self.parse(start)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.get(&url).await?;
            let Some(next) = redirect_target(&url, &response)? else {
                return self.body(&url, response).await;
            };
            self.check(&next)?;
            url = next;
        }
        Err(Error::TooManyRedirects {
            url: redact(start),
            limit: MAX_REDIRECTS,
        })
    }

    fn parse(&self, text: &str) -> Result<Url, Error> {
        let invalid = |reason: String| Error::InvalidUrl {
            url: redact(text),
            reason,
        };
        if text.len() > MAX_URL_BYTES {
            return Err(invalid(format!("it is longer than {MAX_URL_BYTES} bytes")));
        }
        let url = Url::parse(text).map_err(|error| invalid(error.to_string()))?;
        self.check(&url)?;
        Ok(url)
    }

    fn check(&self, url: &Url) -> Result<(), Error> {
        let invalid = |reason: String| Error::InvalidUrl {
            url: redact(url.as_str()),
            reason,
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("only http and https are supported".to_owned()));
        }
        self.options
            .guard
            .check(url)
            .map_err(|refused| forbidden(url, &refused))
    }

    async fn get(&self, url: &Url) -> Result<Response, Error> {
        let request = self
            .client
            .get(url.clone())
            .header(header::ACCEPT, "image/*,*/*;q=0.5");
        request.send().await.map_err(|error| failed(url, error))
    }

    /// Reads the body of a success, as far as the limit.
    async fn body(&self, url: &Url, mut response: Response) -> Result<Vec<u8>, Error> {
        let status = response.status();
        // 204 and 206 are successes too, but none that brings a whole picture.
        if status != StatusCode::OK {
            return Err(Error::HttpStatus {
                url: redact(url.as_str()),
                status: status.as_u16(),
            });
        }
        let limits = &self.options.limits;
        let what = || format!("the body at {}", redact(url.as_str()));
        // A server that is honest about the length is refused early. A server that is not meets
        // the check below, and gets no memory on its word.
        if let Some(length) = response.content_length() {
            limits.check_bytes(&what(), length)?;
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(url, error))? {
            if body.len() + chunk.len() > limits.max_bytes {
                return Err(limits.too_many_bytes(what()).into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Where the response redirects to, if it does.
fn redirect_target(url: &Url, response: &Response) -> Result<Option<Url>, Error> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(header::LOCATION) else {
        // Without a target it is a plain answer with a status that is no success.
        return Ok(None);
    };
    let target = location
        .to_str()
        .ok()
        .and_then(|location| url.join(location).ok());
    target.map(Some).ok_or_else(|| Error::InvalidUrl {
        url: redact(url.as_str()),
        reason: "it redirects to something that is not a URL".to_owned(),
    })
}

/// The innermost causes say what happened; the outer one repeats the URL with its query.
fn failed(url: &Url, error: reqwest::Error) -> Error {
    if let Some(refused) = cause::<Forbidden>(&error) {
        return forbidden(url, refused);
    }
    let url = redact(url.as_str());
    if error.is_timeout() {
        return Error::Timeout {
            what: format!("connecting to {url}"),
            after: CONNECT_TIMEOUT,
        };
    }
    let reason = reason(error);
    Error::FetchFailed { url, reason }
}

/// The words of an error and of its causes, without the URL.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some causes already repeat theirs.
        if !reason.ends_with(&cause_text) {
            reason = format!("{reason}: {cause_text}");
        }
        source = cause.source();
    }
    reason
}

/// Only the host: it is at fault, whatever else is in the URL.
fn forbidden(url: &Url, refused: &Forbidden) -> Error {
    Error::ForbiddenAddress {
        host: url.host_str().unwrap_or_default().to_owned(),
        reason: refused.to_string(),
    }
}

/// The first cause of a type.
fn cause<T: StdError + 'static>(error: &dyn StdError) -> Option<&T> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        source = cause.source();
    }
    None
}
