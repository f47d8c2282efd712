//! Start-up: everything that is made once for all requests.

use std::time::Instant;

use keras_preprocess::Mode;

use crate::{
    classifier::{self, Classifier, TfLite},
    config::{Config, ConfigError},
    fetch::{self, Fetcher, Roots},
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
    /// The model cannot be read.
    #[error("the model cannot be read: {0}")]
    Model(classifier::NetworkError),
    /// The model cannot be used with these labels.
    #[error("{}: {source}", path.display())]
    Classifier {
        /// The model.
        path: std::path::PathBuf,
        /// Why not.
        source: classifier::SetupError,
    },
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Fetcher(#[from] fetch::SetupError),
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
        let labels = Labels::from_file(&config.labels_path)?;
        let model =
            TfLite::from_file(&config.model_path, config.threads).map_err(StartError::Model)?;
        let classifier = Classifier::new(Box::new(model), labels, Mode::Tf).map_err(|source| {
            StartError::Classifier {
                path: config.model_path.clone(),
                source,
            }
        })?;
        let fetcher = Fetcher::new(fetch::Options {
            limits: config.limits,
            timeout: config.fetch_timeout,
            roots: config
                .ssl_cert_file
                .clone()
                .map_or(Roots::Bundled, Roots::PemFile),
            ..fetch::Options::default()
        })?;
        report::to_stderr(&report::started(config, &classifier, start.elapsed()));
        Ok(Self::new(fetcher, classifier, config.limits))
    }
}
