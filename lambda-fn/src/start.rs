//! Start-up: everything that is made once for all requests.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use tflite::StableFiles;

use crate::{
    classifier::{self, Classifier, TfLite},
    config::{Config, ConfigError},
    fetch::{self, AllowAll, Fetcher, Guard, PublicOnly, Roots},
    handler::Handler,
    labels::{Labels, LabelsError},
    remote::{self, Refresher, Remote, RemoteError, RemoteModel},
    report,
    s3::S3,
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
    /// A model from elsewhere has no labels either, and none are set.
    #[error(
        "no labels found: set LABELS_URI or LABELS_PATH, or put them into the metadata of {}",
        .0.display()
    )]
    NoRemoteLabels(PathBuf),
    /// The model or its labels did not come.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The work could not be started.
    #[error("no thread can be started: {0}")]
    Thread(io::Error),
    /// A server says that its file has not changed, though nobody asked.
    #[error("the server of the model gives none")]
    Nothing,
    /// The model cannot be read.
    #[error("the model cannot be read: {0}")]
    Model(classifier::NetworkError),
    /// The packed weights cannot be written.
    #[error("the weights cannot be packed: {0}")]
    Weights(classifier::NetworkError),
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

/// What a classifier is made of.
pub(crate) struct Parts {
    model: TfLite,
    labels: Labels,
    path: PathBuf,
}

impl Parts {
    /// Makes the interpreters.
    pub(crate) fn classifier(self, config: &Config) -> Result<Classifier, StartError> {
        let Self {
            model,
            labels,
            path,
        } = self;
        let failed = |source| StartError::Classifier {
            path: path.clone(),
            source,
        };
        let mode = match config.preprocessor {
            Some(mode) => mode,
            None => model
                .mode()
                .map_err(|error| failed(classifier::SetupError::Network(error)))?,
        };
        let model = model.with_input_size(config.input_size);
        let make = if config.warm_up {
            Classifier::new
        } else {
            Classifier::without_warm_up
        };
        make(Box::new(model), labels, mode)
            .and_then(|classifier| classifier.with_interpreters(config.interpreters))
            .map_err(failed)
    }
}

/// The entity tags of what was loaded: they tell whether there is something else now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    pub(crate) model: Option<String>,
    pub(crate) labels: Option<String>,
}

/// Loads model and labels. `None` if both still have the tags.
pub(crate) async fn load(
    config: &Config,
    tags: Option<&Tags>,
) -> Result<Option<(Parts, Tags)>, StartError> {
    match &config.remote {
        Some(remote) => load_remote(config, remote, tags).await,
        None => load_file(config).map(|parts| Some((parts, Tags::default()))),
    }
}

fn load_file(config: &Config) -> Result<Parts, StartError> {
    let path = config.model_path.clone();
    let promise = StableFiles::promised();
    let model = if config.sha256.is_some() {
        // Read once: what is in use must be what was hashed, whatever becomes of the file.
        let name = path.display().to_string();
        let named = |error: &dyn fmt::Display| StartError::Model(format!("{name}: {error}").into());
        let bytes = fs::read(&path).map_err(|error| named(&error))?;
        check_sha256(config, &name, &bytes)?;
        TfLite::from_bytes(bytes, config.threads).map_err(|error| named(&error))?
    } else {
        match promise {
            Some(promise) => TfLite::from_mapped(&path, config.threads, promise),
            None => TfLite::from_file(&path, config.threads),
        }
        .map_err(StartError::Model)?
    };
    let beside = path.with_extension("weights");
    let weights = match &config.weights_path {
        Some(weights) => Some(weights),
        None => beside.exists().then_some(&beside),
    };
    let model = match weights {
        Some(weights) => model.with_weights(weights, config.threads, promise),
        None => model,
    };
    let beside = path.with_extension("labels.txt");
    let labels = match &config.labels_path {
        Some(labels) => Labels::from_file(labels)?,
        None if beside.exists() => Labels::from_file(&beside)?,
        None => match model.labels() {
            Some(text) => Labels::parse(&text, &path)?,
            None => return Err(StartError::NoLabels(beside)),
        },
    };
    Ok(Parts {
        model,
        labels,
        path,
    })
}

/// Compares with `MODEL_SHA256`, if that is set.
fn check_sha256(config: &Config, location: &str, bytes: &[u8]) -> Result<(), StartError> {
    let Some(expected) = &config.sha256 else {
        return Ok(());
    };
    let found = remote::sha256(bytes);
    if *expected == found {
        return Ok(());
    }
    Err(StartError::Remote(RemoteError::Sha256 {
        location: location.to_owned(),
        found,
    }))
}

async fn load_remote(
    config: &Config,
    remote: &RemoteModel,
    tags: Option<&Tags>,
) -> Result<Option<(Parts, Tags)>, StartError> {
    let source = Remote::new(config.s3.as_ref(), roots(config)).map_err(RemoteError::Setup)?;
    let (limit, timeout) = (remote.max_bytes, remote.timeout);
    let get = |location, etag| source.get(location, etag, limit, timeout);
    let (model_tag, labels_tag) = tags.map_or((None, None), |tags| {
        (tags.model.as_deref(), tags.labels.as_deref())
    });
    let mut model = get(&remote.model, model_tag).await?;
    let mut labels = None;
    if let Some(location) = &remote.labels {
        labels = get(location, labels_tag).await?;
        // Each of them may be new; then both are needed.
        if model.is_some() && labels.is_none() {
            labels = get(location, None).await?;
        }
    }
    if model.is_none() && labels.is_some() {
        model = get(&remote.model, None).await?;
    }
    let Some(got) = model else {
        return Ok(None);
    };
    check_sha256(config, &remote.model.to_string(), &got.bytes)?;
    let path = PathBuf::from(remote.model.to_string());
    let model = TfLite::from_bytes(got.bytes, config.threads)
        .map_err(|error| StartError::Model(format!("{}: {error}", path.display()).into()))?;
    let mut tags = Tags {
        model: got.etag,
        labels: None,
    };
    let labels = match (&remote.labels, labels, &config.labels_path) {
        (Some(location), Some(got), _) => {
            let path = PathBuf::from(location.to_string());
            let text = String::from_utf8(got.bytes).map_err(|error| {
                let source = io::Error::new(io::ErrorKind::InvalidData, error);
                let path = path.clone();
                LabelsError::Read { path, source }
            })?;
            tags.labels = got.etag;
            Labels::parse(&text, &path)?
        }
        (_, _, Some(path)) => Labels::from_file(path)?,
        _ => match model.labels() {
            Some(text) => Labels::parse(&text, &path)?,
            None => return Err(StartError::NoRemoteLabels(path)),
        },
    };
    let parts = Parts {
        model,
        labels,
        path,
    };
    Ok(Some((parts, tags)))
}

/// Loads what there must be at start.
fn start(config: &Config) -> Result<(Classifier, Tags), StartError> {
    let loaded = match &config.remote {
        // The only one that waits.
        Some(_) => remote::block_on(load(config, None)).map_err(StartError::Thread)??,
        None => Some((load_file(config)?, Tags::default())),
    };
    // Without tags to compare with there is always something.
    let (parts, tags) = loaded.ok_or(StartError::Nothing)?;
    Ok((parts.classifier(config)?, tags))
}

impl Classifier {
    /// Writes the packed weights of the model at `MODEL_PATH` to a file, as this very build of the
    /// program takes them from `WEIGHTS_PATH`. A file that does not fit is replaced.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the model is missing or unusable, or the file cannot be written.
    pub fn pack_weights(config: &Config, path: &Path) -> Result<(), StartError> {
        let model = TfLite::from_file(&config.model_path, 1).map_err(StartError::Model)?;
        model.pack_weights(path).map_err(StartError::Weights)
    }

    /// Loads model and labels, as the settings say. Without `LABELS_PATH` and `LABELS_URI` the
    /// labels are those of the file beside the model, `clothing.labels.txt` for `clothing.tflite`,
    /// and without such a file those that the model's metadata has for its output. The
    /// preprocessing is that of the metadata, too, or else Xception's, if `PREPROCESSOR` does not
    /// say which.
    ///
    /// # Errors
    ///
    /// [`StartError`] if any of them is missing or unusable.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        start(config).map(|(classifier, _)| classifier)
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
        let begin = Instant::now();
        let (classifier, tags) = start(config)?;
        let fetcher = Fetcher::new(fetch::Options {
            limits: config.limits,
            timeout: config.fetch_timeout,
            roots: roots(config),
            guard: guard(config),
        })?;
        report::to_stderr(&report::started(config, &classifier, begin.elapsed()));
        let mut handler = Self::new(fetcher, classifier, config.limits)
            .with_policy(config.policy.clone())
            .with_log_options(config.log.clone());
        if let Some(options) = &config.s3 {
            let objects = S3::new(options, roots(config))
                .map_err(|error| RemoteError::Setup(error.into()))?;
            let objects = objects.with_timeout(config.fetch_timeout);
            handler = handler.with_objects(Arc::new(objects));
        }
        let refresh = config.remote.as_ref().and_then(|remote| remote.refresh);
        Ok(match refresh {
            Some(every) => handler.with_refresher(Refresher::new(config, every, tags)),
            None => handler,
        })
    }
}

fn roots(config: &Config) -> Roots {
    let file = config.ssl_cert_file.clone();
    file.map_or(Roots::Bundled, Roots::PemFile)
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
