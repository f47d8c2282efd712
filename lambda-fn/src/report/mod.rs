//! What is known about a request, and the log: one JSON object on one line for the start and for
//! each request.

mod line;
mod logger;
mod time;

use std::time::Duration;

use keras_preprocess::Format;
use serde::Serialize;
use serde_json::json;

use crate::{
    classifier::{self, Classifier},
    config::Config,
};

pub(crate) use line::{Line, Via};
pub use logger::{LogFormat, LogLevel, LogOptions};
pub(crate) use logger::{Logger, to_stderr};
pub(crate) use time::{basic as basic_time, now};

/// What was done for one picture so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// The field of the event that names the picture.
    pub(crate) source: Option<&'static str>,
    pub(crate) bytes: Option<usize>,
    pub(crate) picture: Option<(Format, u32, u32)>,
    pub(crate) fetch: Option<Duration>,
    pub(crate) decode: Option<Duration>,
    pub(crate) model: Option<classifier::Timings>,
    /// Whether the answer shall have a preview, and the preview.
    pub(crate) wants_preview: bool,
    pub(crate) preview: Option<String>,
}

/// How long the steps for one picture took, as answers have it. What was not done is left out.
#[derive(Debug, Serialize)]
pub(crate) struct Steps {
    #[serde(skip_serializing_if = "Option::is_none")]
    fetch_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decode_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preprocess_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoke_ms: Option<f64>,
}

impl From<&Report> for Steps {
    fn from(report: &Report) -> Self {
        Self {
            fetch_ms: report.fetch.map(milliseconds),
            decode_ms: report.decode.map(milliseconds),
            preprocess_ms: report.model.map(|model| milliseconds(model.preprocess)),
            invoke_ms: report.model.map(|model| milliseconds(model.invoke)),
        }
    }
}

/// What kind of picture it was, as answers have it.
#[derive(Debug, Serialize)]
pub(crate) struct Kind {
    format: &'static str,
    width: u32,
    height: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
}

impl Report {
    /// The steps that were done and how long each took, in words: for an error that ends them.
    pub(crate) fn done(&self) -> String {
        let model = self.model;
        let steps = [
            ("fetching", self.fetch),
            ("decoding", self.decode),
            ("preprocessing", model.map(|model| model.preprocess)),
            // Nothing if the interpreter did not even stop in time.
            (
                "inference until it was stopped",
                model
                    .map(|model| model.invoke)
                    .filter(|time| !time.is_zero()),
            ),
        ];
        let done: Vec<String> = steps
            .iter()
            .filter_map(|(step, time)| Some(format!("{step} {} ms", (*time)?.as_millis())))
            .collect();
        if done.is_empty() {
            "nothing was done".to_owned()
        } else {
            format!("done: {}", done.join(", "))
        }
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        self.picture.map(|(format, width, height)| Kind {
            format: format.name(),
            width,
            height,
            bytes: self.bytes,
        })
    }
}

/// The line at start.
pub(crate) fn started(config: &Config, classifier: &Classifier, total: Duration) -> String {
    let shape = classifier.shape();
    json!({
        "timestamp": time::now(),
        "level": "INFO",
        "message": "started",
        "totalMs": milliseconds(total),
        "model": config.model_path.display().to_string(),
        "input": [1, shape.height, shape.width, 3],
        "classes": shape.classes,
        "threads": config.threads,
        "interpreters": classifier.interpreters(),
        "backend": classifier.backend(),
    })
    .to_string()
}

/// The line of a server that listens.
pub(crate) fn listening(address: &str) -> String {
    json!({
        "timestamp": time::now(),
        "level": "INFO",
        "message": "listening",
        "address": address,
    })
    .to_string()
}

/// Rounded to microseconds.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
