//! Who asks S3: the credentials of the function's role.

use std::{
    fmt, fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use reqwest::{Client, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::S3Error;

/// How long an answer of the endpoint is used. It changes keys hours before the old ones end.
const KEEP: Duration = Duration::from_secs(300);

/// Where containers find a relative address.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Where the credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Provider {
    /// `AWS_ACCESS_KEY_ID` and what belongs to it: Lambda sets these.
    Environment(Credentials),
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `…_RELATIVE_URI`: containers, and Lambda with
    /// SnapStart.
    Endpoint {
        url: String,
        /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
        token: Option<String>,
        /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, which goes before the token.
        token_file: Option<PathBuf>,
    },
}

impl Provider {
    pub(super) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let key = lookup("AWS_ACCESS_KEY_ID").zip(lookup("AWS_SECRET_ACCESS_KEY"));
        if let Some((id, secret)) = key {
            let token = lookup("AWS_SESSION_TOKEN");
            return Some(Self::Environment(Credentials { id, secret, token }));
        }
        let relative = lookup("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let url = relative
            .map(|path| format!("{CONTAINER_HOST}{path}"))
            .or_else(|| lookup("AWS_CONTAINER_CREDENTIALS_FULL_URI"))?;
        Some(Self::Endpoint {
            url,
            token: lookup("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
            token_file: lookup("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(PathBuf::from),
        })
    }
}

/// What the endpoint answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

/// Gets credentials, and keeps those of an endpoint for a while.
#[derive(Debug)]
pub(super) struct Source {
    provider: Provider,
    kept: Mutex<Option<(Instant, Credentials)>>,
}

impl Source {
    pub(super) fn new(provider: Provider) -> Self {
        Self {
            provider,
            kept: Mutex::new(None),
        }
    }

    pub(super) async fn credentials(&self, client: &Client) -> Result<Credentials, S3Error> {
        let (url, token, token_file) = match &self.provider {
            Provider::Environment(credentials) => return Ok(credentials.clone()),
            Provider::Endpoint {
                url,
                token,
                token_file,
            } => (url, token, token_file),
        };
        // Those who come at the same time wait for one answer.
        let mut kept = self.kept.lock().await;
        if let Some((since, credentials)) = &*kept
            && since.elapsed() < KEEP
        {
            return Ok(credentials.clone());
        }
        let url = Url::parse(url)
            .map_err(|error| S3Error::Credentials(format!("their address: {error}")))?;
        let token = match token_file {
            Some(path) => Some(
                fs::read_to_string(path)
                    .map(|text| text.trim().to_owned())
                    .map_err(|error| S3Error::Credentials(format!("their token: {error}")))?,
            ),
            None => token.clone(),
        };
        let mut request = client.get(url);
        if let Some(token) = token {
            request = request.header("Authorization", token);
        }
        // The text of such an error has neither the token nor a key.
        let failed = |error: reqwest::Error| S3Error::Credentials(error.without_url().to_string());
        let response = request.send().await.and_then(|it| it.error_for_status());
        let body = response.map_err(failed)?.bytes().await.map_err(failed)?;
        // The parser's words may quote what it has read.
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| S3Error::Credentials("the endpoint's answer is no key".to_owned()))?;
        let credentials = Credentials {
            id: answer.access_key_id,
            secret: answer.secret_access_key,
            token: answer.token,
        };
        *kept = Some((Instant::now(), credentials.clone()));
        Ok(credentials)
    }
}
