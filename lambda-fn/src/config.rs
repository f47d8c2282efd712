//! The settings, read from environment variables once at start-up.

mod model;

use std::{num::NonZeroUsize, path::PathBuf, thread, time::Duration};

use keras_preprocess::{DEFAULT_MAX_BYTES, DEFAULT_MAX_PIXELS, Limits, Mode};
use tflite::StableFiles;

use crate::{
    fetch,
    handler::{DEFAULT_MAX_BATCH, Policy},
    remote::{Location, RemoteModel},
    report::{LogFormat, LogLevel, LogOptions},
    s3::S3Options,
};

/// The model's file name when `MODEL_PATH` does not say otherwise.
const MODEL_FILE: &str = "clothing.tflite";

/// The largest accepted `NUM_THREADS`. Lambda offers six virtual CPUs at most; a hundred threads
/// more than that are a typing error.
const MAX_THREADS: usize = 128;

/// The largest accepted `INTERPRETERS`. Each takes memory for what it computes.
const MAX_INTERPRETERS: u64 = 64;

/// A variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The value is not a whole number in the accepted range.
    #[error("{name}={value:?} is not a whole number from {min} to {max}")]
    Number {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// The smallest accepted value.
        min: u64,
        /// The largest accepted value.
        max: u64,
    },
    /// The value is none of those that are known.
    #[error("{name}={value:?} is none of {known}")]
    Unknown {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        known: &'static str,
    },
    /// No model lies at any of the default places.
    #[error("no model found: set MODEL_PATH, or put {MODEL_FILE} in one of: {}", places(.0))]
    NoModel(Vec<PathBuf>),
}

fn places(folders: &[PathBuf]) -> String {
    folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// `MODEL_PATH`: the `.tflite` file.
    pub model_path: PathBuf,
    /// `MODEL_URI`, if that is not a path, and what belongs to it. The model's path is only its
    /// name then.
    pub remote: Option<RemoteModel>,
    /// `MODEL_SHA256`: 64 hexadecimal digits in lower case.
    pub sha256: Option<String>,
    /// `WEIGHTS_PATH`: the packed weights; by default the file beside the model,
    /// `clothing.weights` for `clothing.tflite`, if there is one. Only used with the promise of
    /// [`tflite::StableFiles`], and if they fit.
    pub weights_path: Option<PathBuf>,
    /// `PREPROCESSOR`: which preprocessing of Keras, whatever the model's metadata say.
    pub preprocessor: Option<Mode>,
    /// `INPUT_SIZE`: height and width that the model's input gets.
    pub input_size: Option<[usize; 2]>,
    /// How to reach S3, for pictures and models there. `None` without a region or credentials.
    pub s3: Option<S3Options>,
    /// `LABELS_PATH`: one label a line, in the order of the model's outputs. If it is not set, see
    /// [`Classifier::start`](crate::Classifier::start).
    pub labels_path: Option<PathBuf>,
    /// `NUM_THREADS`: how many threads one inference uses.
    pub threads: usize,
    /// `INTERPRETERS`: how many pictures are classified at the same time. Without it as many as
    /// `AWS_LAMBDA_MAX_CONCURRENCY` says, but no more than the machine has processors.
    pub interpreters: usize,
    /// `WARM_UP`: whether interpreters are run once before the first request. Without it they are,
    /// unless a request waits for the start already, as `AWS_LAMBDA_INITIALIZATION_TYPE` says.
    pub warm_up: bool,
    /// `MAX_IMAGE_BYTES` and `MAX_IMAGE_PIXELS`: what a picture may cost.
    pub limits: Limits,
    /// `FETCH_TIMEOUT_SECONDS`: how long a fetch may take, redirects included.
    pub fetch_timeout: Duration,
    /// `SSL_CERT_FILE`: certificates (PEM) trusted instead of the bundled ones.
    pub ssl_cert_file: Option<PathBuf>,
    /// `MAX_BATCH` and `CORS_ALLOW_ORIGIN`: what requests may ask for, and who may ask.
    pub policy: Policy,
    /// `AWS_LAMBDA_LOG_FORMAT`, `AWS_LAMBDA_LOG_LEVEL` and `METRICS_NAMESPACE`.
    pub log: LogOptions,
    /// `ALLOW_PRIVATE_URLS`: whether pictures may be fetched from addresses that are not public.
    pub allow_private_urls: bool,
    /// `AWS_LAMBDA_RUNTIME_API`: host and port that are never fetched from.
    pub runtime_api: Option<String>,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a variable with an unusable value, or if `MODEL_PATH` is not set and
    /// no model lies beside the executable or in `LAMBDA_TASK_ROOT`.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut folders = Vec::new();
        if let Some(root) = std::env::var_os("LAMBDA_TASK_ROOT") {
            folders.push(PathBuf::from(root));
        }
        if let Ok(executable) = std::env::current_exe()
            && let Some(folder) = executable.parent()
            && !folders.iter().any(|known| known == folder)
        {
            folders.push(folder.to_owned());
        }
        Self::from_lookup(
            |name| {
                std::env::var_os(name)
                    .map(|value| value.to_string_lossy().into_owned())
                    .filter(|value| !value.is_empty())
            },
            folders,
        )
    }

    /// Reads the settings through `lookup`, looking for a default model in `folders`.
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn from_lookup(
        lookup: impl Fn(&str) -> Option<String>,
        folders: Vec<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let number = |name: &'static str, default: u64, max: u64| match lookup(name) {
            None => Ok(default),
            Some(value) => match value.trim().parse::<u64>() {
                Ok(number) if (1..=max).contains(&number) => Ok(number),
                _ => Err(ConfigError::Number {
                    name,
                    value,
                    min: 1,
                    max,
                }),
            },
        };

        let switch = |name: &'static str, default: bool| match lookup(name) {
            None => Ok(default),
            Some(value) => match value.trim() {
                "0" => Ok(false),
                "1" => Ok(true),
                _ => Err(ConfigError::Unknown {
                    name,
                    value,
                    known: "0 and 1",
                }),
            },
        };

        let parallelism =
            memory_share(&lookup).map_or_else(parallelism, |share| share.min(parallelism()));
        // Lambda sends one request at a time where it does not say otherwise. More interpreters
        // than processors would only take turns.
        let at_once = lookup("AWS_LAMBDA_MAX_CONCURRENCY")
            .and_then(|value| value.trim().parse::<usize>().ok())
            .map_or(1, |limit| limit.clamp(1, parallelism));
        let interpreters = number("INTERPRETERS", at_once as u64, MAX_INTERPRETERS)? as usize;
        let threads = number(
            "NUM_THREADS",
            (parallelism / interpreters).clamp(1, MAX_THREADS) as u64,
            MAX_THREADS as u64,
        )?;
        let bytes = number("MAX_IMAGE_BYTES", DEFAULT_MAX_BYTES as u64, 1 << 30)?;
        let pixels = number("MAX_IMAGE_PIXELS", DEFAULT_MAX_PIXELS, 1 << 30)?;
        let seconds = number(
            "FETCH_TIMEOUT_SECONDS",
            fetch::DEFAULT_TIMEOUT.as_secs(),
            900,
        )?;

        let on_demand =
            lookup("AWS_LAMBDA_INITIALIZATION_TYPE").is_some_and(|kind| kind == "on-demand");
        // It is read where files are mapped; here only so that a mistake is told.
        switch(StableFiles::VARIABLE, false)?;
        let max_batch = number("MAX_BATCH", DEFAULT_MAX_BATCH as u64, 1000)?;

        let mut labels_path = lookup("LABELS_PATH").map(PathBuf::from);
        let sha256 = model::sha256(&lookup)?;
        let remote = model::remote(&lookup, &number, &mut labels_path, sha256.is_some())?;
        let model_path = match (&remote, lookup("MODEL_PATH")) {
            (Some(remote), _) => PathBuf::from(remote.model.to_string()),
            (None, Some(path)) => PathBuf::from(path),
            (None, None) => folders
                .iter()
                .map(|folder| folder.join(MODEL_FILE))
                .find(|path| path.is_file())
                .ok_or(ConfigError::NoModel(folders))?,
        };
        // A path is no other thing than `MODEL_PATH`.
        let remote = remote.filter(|remote| !matches!(remote.model, Location::File(_)));
        Ok(Self {
            model_path,
            labels_path,
            remote,
            sha256,
            weights_path: lookup("WEIGHTS_PATH").map(PathBuf::from),
            preprocessor: model::preprocessor(&lookup)?,
            input_size: model::input_size(&lookup)?,
            s3: S3Options::from_lookup(&lookup),
            threads: threads as usize,
            interpreters,
            warm_up: switch("WARM_UP", !on_demand)?,
            limits: Limits {
                max_bytes: bytes as usize,
                max_pixels: pixels,
                ..Limits::default()
            },
            fetch_timeout: Duration::from_secs(seconds),
            ssl_cert_file: lookup("SSL_CERT_FILE").map(PathBuf::from),
            policy: Policy {
                max_batch: max_batch as usize,
                allow_origin: origin(&lookup)?,
            },
            log: log(&lookup)?,
            allow_private_urls: switch("ALLOW_PRIVATE_URLS", false)?,
            runtime_api: lookup("AWS_LAMBDA_RUNTIME_API"),
        })
    }
}

fn origin(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<String>, ConfigError> {
    let name = "CORS_ALLOW_ORIGIN";
    match lookup(name).as_deref() {
        None => Ok(Policy::default().allow_origin),
        Some("none") => Ok(None),
        // It becomes a header's value.
        Some(value) if value == "*" || is_origin(value) => Ok(Some(value.to_owned())),
        Some(value) => Err(ConfigError::Unknown {
            name,
            value: value.to_owned(),
            known: "*, none, or an origin such as https://example.com",
        }),
    }
}

/// Scheme, host and perhaps port, and nothing behind them.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https")
            && !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

fn log(lookup: impl Fn(&str) -> Option<String>) -> Result<LogOptions, ConfigError> {
    let unknown = |name, value, known| ConfigError::Unknown { name, value, known };
    let mut log = LogOptions::default();
    let name = "AWS_LAMBDA_LOG_FORMAT";
    if let Some(value) = lookup(name) {
        log.format = match value.to_ascii_uppercase().as_str() {
            "JSON" => LogFormat::Json,
            "TEXT" => LogFormat::Text,
            _ => return Err(unknown(name, value, "JSON and Text")),
        };
    }
    let name = "AWS_LAMBDA_LOG_LEVEL";
    if let Some(value) = lookup(name) {
        log.level = match value.to_ascii_uppercase().as_str() {
            "TRACE" | "DEBUG" | "INFO" => LogLevel::Info,
            "WARN" => LogLevel::Warn,
            "ERROR" | "FATAL" => LogLevel::Error,
            _ => {
                return Err(unknown(
                    name,
                    value,
                    "TRACE, DEBUG, INFO, WARN, ERROR and FATAL",
                ));
            }
        };
    }
    log.metrics = lookup("METRICS_NAMESPACE");
    log.function = lookup("AWS_LAMBDA_FUNCTION_NAME");
    Ok(log)
}

/// How many whole processors Lambda gives for the function's memory, at least one. There are two
/// to be seen in the smallest function, too, which may only use a part of their time: a second
/// thread would wait for the first one to be given some.
fn memory_share(lookup: impl Fn(&str) -> Option<String>) -> Option<usize> {
    /// What AWS documents for one virtual CPU.
    const MEGABYTES: usize = 1769;
    let memory: usize = lookup("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?
        .trim()
        .parse()
        .ok()?;
    Some((memory.saturating_add(MEGABYTES / 2) / MEGABYTES).max(1))
}

/// The processors that this process may use.
pub(crate) fn parallelism() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn threads_follow_the_memory() {
        for (memory, share) in [
            ("128", 1),
            ("1769", 1),
            ("2653", 1),
            ("2654", 2),
            ("10240", 6),
        ] {
            assert_eq!(
                memory_share(|_| Some(memory.to_owned())),
                Some(share),
                "{memory}"
            );
        }
        assert_eq!(memory_share(|_| None), None);
        assert_eq!(memory_share(|_| Some("much".to_owned())), None);
        let variables = [
            ("MODEL_PATH", "m"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
        ];
        assert_eq!(read(&variables).unwrap().threads, 1);
        let variables = [&variables[..], &[("NUM_THREADS", "3")]].concat();
        assert_eq!(read(&variables).unwrap().threads, 3);
    }

    pub(super) fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(
            |name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            },
            Vec::new(),
        )
    }

    #[test]
    fn everything_but_the_model_has_a_default() {
        let config = read(&[("MODEL_PATH", "models/a.tflite")]).unwrap();
        assert_eq!(config.labels_path, None);
        assert!(config.threads >= 1);
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.fetch_timeout, fetch::DEFAULT_TIMEOUT);
        assert!(!config.allow_private_urls);
    }

    #[test]
    fn every_variable_is_read() {
        let config = read(&[
            ("MODEL_PATH", "m"),
            ("LABELS_PATH", "l"),
            ("NUM_THREADS", " 3 "),
            ("MAX_IMAGE_BYTES", "4"),
            ("MAX_IMAGE_PIXELS", "5"),
            ("FETCH_TIMEOUT_SECONDS", "6"),
            ("SSL_CERT_FILE", "c"),
            ("MAX_BATCH", "7"),
            ("CORS_ALLOW_ORIGIN", "https://a.example:8443"),
            ("AWS_LAMBDA_LOG_FORMAT", "Text"),
            ("AWS_LAMBDA_LOG_LEVEL", "warn"),
            ("METRICS_NAMESPACE", "n"),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("ALLOW_PRIVATE_URLS", "1"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ])
        .unwrap();
        assert_eq!(config.model_path, Path::new("m"));
        assert_eq!(config.labels_path.as_deref(), Some(Path::new("l")));
        assert_eq!(config.threads, 3);
        assert_eq!(
            config.limits,
            Limits {
                max_bytes: 4,
                max_pixels: 5,
                ..Limits::default()
            }
        );
        assert_eq!(config.fetch_timeout, Duration::from_secs(6));
        assert_eq!(config.ssl_cert_file.as_deref(), Some(Path::new("c")));
        assert_eq!(config.policy.max_batch, 7);
        assert_eq!(
            config.policy.allow_origin.as_deref(),
            Some("https://a.example:8443")
        );
        let log = LogOptions {
            format: LogFormat::Text,
            level: LogLevel::Warn,
            metrics: Some("n".to_owned()),
            function: Some("f".to_owned()),
        };
        assert_eq!(config.log, log);
        assert!(config.allow_private_urls);
        assert_eq!(config.runtime_api.as_deref(), Some("127.0.0.1:9001"));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for value in ["0", "-1", "two", "1.5", "129", "99999999999999999999"] {
            let error = read(&[("MODEL_PATH", "m"), ("NUM_THREADS", value)]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("NUM_THREADS={value:?} is not a whole number from 1 to 128")
            );
        }
    }

    #[test]
    fn unknown_words_are_refused_by_name() {
        for (name, value) in [
            ("AWS_LAMBDA_LOG_FORMAT", "xml"),
            ("AWS_LAMBDA_LOG_LEVEL", "loud"),
            ("CORS_ALLOW_ORIGIN", "example.com"),
            ("CORS_ALLOW_ORIGIN", "https://a.example/path"),
            ("CORS_ALLOW_ORIGIN", "https://a\r\nb"),
        ] {
            let error = read(&[("MODEL_PATH", "m"), (name, value)]).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("{name}={value:?} is none of "))
            );
        }
        let none = read(&[("MODEL_PATH", "m"), ("CORS_ALLOW_ORIGIN", "none")]).unwrap();
        assert_eq!(none.policy.allow_origin, None);
    }

    #[test]
    fn as_many_interpreters_as_lambda_sends_requests_but_no_more_than_processors() {
        let interpreters = |name, value| {
            let config = read(&[("MODEL_PATH", "m"), (name, value)]).unwrap();
            (config.interpreters, config.threads)
        };
        let parallelism = thread::available_parallelism().unwrap().get();
        let limit = "AWS_LAMBDA_MAX_CONCURRENCY";
        assert_eq!(interpreters(limit, "1"), (1, parallelism));
        assert_eq!(interpreters(limit, "no"), (1, parallelism));
        assert_eq!(interpreters(limit, "1000"), (parallelism, 1));
        assert_eq!(interpreters("INTERPRETERS", "64"), (64, 1));
    }

    #[test]
    fn switches_are_on_or_off() {
        let allowed = |value| {
            read(&[("MODEL_PATH", "m"), ("ALLOW_PRIVATE_URLS", value)])
                .map(|config| config.allow_private_urls)
        };
        assert_eq!(allowed("0"), Ok(false));
        assert_eq!(allowed(" 1 "), Ok(true));
        for value in ["yes", "true", "2", "-1"] {
            let error = allowed(value).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("ALLOW_PRIVATE_URLS={value:?} is none of 0 and 1")
            );
        }
    }

    #[test]
    fn a_missing_model_names_the_folders() {
        let folder = std::env::temp_dir().join("lambda-fn-no-model-here");
        let error = Config::from_lookup(|_| None, vec![folder.clone()]).unwrap_err();
        assert_eq!(error, ConfigError::NoModel(vec![folder]));
    }
}
