//! Start-up: everything that is made once for all requests.

use std::{path::PathBuf, sync::Arc, time::Instant};

use crate::{
    classifier::{self, Classifier, TfLite},
    config::{Config, ConfigError},
    fetch::{self, AllowAll, Fetcher, Guard, PublicOnly, Roots},
    handler::Handler,
    labels::{Labels, LabelsError},
    report,
};

/// Why the function cannot start. Each message names the file or variable at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A variable of the environment is unusable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The labels are unusable.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// `LABELS_PATH` is not set, and there are no labels beside the model or inside.
    #[error("no labels found: set LABELS_PATH, or put them into {}, one a line", .0.display())]
    NoLabels(PathBuf),
    /// The model cannot be read.
    #[error("the model cannot be read: {0}")]
    Model(classifier::NetworkError),
    /// The model cannot be used with these labels.
    #[error("{}: {source}", path.display())]
    Classifier {
        /// The model.
        path: PathBuf,
        /// Why not.
        source: classifier::SetupError,
    },
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Fetcher(#[from] fetch::SetupError),
}

impl Classifier {
    /// Loads model and labels, as the settings say. Without `LABELS_PATH` the labels are those of
    /// the file beside the model, `clothing.labels.txt` for `clothing.tflite`, and without such a
    /// file those that the model's metadata has for its output. The preprocessing is that of the
    /// metadata, too, or else Xception's.
    ///
    /// # Errors
    ///
    /// [`StartError`] if any of them is missing or unusable.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let path = &config.model_path;
        let model = TfLite::from_file(path, config.threads).map_err(StartError::Model)?;
        let beside = path.with_extension("labels.txt");
        let labels = match &config.labels_path {
            Some(labels) => Labels::from_file(labels)?,
            None if beside.exists() => Labels::from_file(&beside)?,
            None => match model.labels() {
                Some(text) => Labels::parse(&text, path)?,
                None => return Err(StartError::NoLabels(beside)),
            },
        };
        let failed = |source| StartError::Classifier {
            path: path.clone(),
            source,
        };
        let mode = model
            .mode()
            .map_err(|error| failed(classifier::SetupError::Network(error)))?;
        Self::new(Box::new(model), labels, mode)
            .and_then(|classifier| classifier.with_interpreters(config.interpreters))
            .map_err(failed)
    }
}

impl Handler {
    /// Loads model and labels and makes the HTTP client, as the settings say. Writes one line to
    /// standard error: what was loaded, and what computes.
    ///
    /// # Errors
    ///
    /// [`StartError`] if any of them is unusable.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let start = Instant::now();
        let classifier = Classifier::start(config)?;
        let fetcher = Fetcher::new(fetch::Options {
            limits: config.limits,
            timeout: config.fetch_timeout,
            roots: config
                .ssl_cert_file
                .clone()
                .map_or(Roots::Bundled, Roots::PemFile),
            guard: guard(config),
        })?;
        report::to_stderr(&report::started(config, &classifier, start.elapsed()));
        Ok(Self::new(fetcher, classifier, config.limits)
            .with_policy(config.policy.clone())
            .with_log_options(config.log.clone()))
    }
}

/// What may be fetched, as the settings say.
fn guard(config: &Config) -> Arc<dyn Guard> {
    if config.allow_private_urls {
        return Arc::new(AllowAll);
    }
    let guard = PublicOnly::new();
    match &config.runtime_api {
        Some(runtime_api) => Arc::new(guard.and_not_runtime(runtime_api)),
        None => Arc::new(guard),
    }
}
