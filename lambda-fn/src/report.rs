//! The log: one JSON object on one line for the start and for each request.

use std::{
    io::{self, Write},
    time::Duration,
};

use keras_preprocess::Format;
use serde::Serialize;
use serde_json::json;

use crate::{
    answer::Answer,
    classifier::{Classifier, Timings},
    config::Config,
    error::Error,
};

/// What is known about a request so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    request_id: String,
    /// Whether this is the first request of the process.
    pub(crate) cold_start: bool,
    /// The field of the event that names the picture.
    pub(crate) source: Option<&'static str>,
    pub(crate) bytes: Option<usize>,
    pub(crate) picture: Option<(Format, u32, u32)>,
    pub(crate) fetch: Option<Duration>,
    pub(crate) decode: Option<Duration>,
    pub(crate) model: Option<Timings>,
}

/// The fields of a line, named in the manner of Lambda's own JSON log format.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    level: &'static str,
    request_id: &'a str,
    cold_start: bool,
    total_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetch_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decode_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preprocess_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoke_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

/// Writes a line. A log that cannot be written is no reason to fail a request.
pub(crate) fn to_stderr(line: &str) {
    let _ = io::stderr()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
}

/// The line at start.
pub(crate) fn started(config: &Config, classifier: &Classifier, total: Duration) -> String {
    let shape = classifier.shape();
    json!({
        "level": "INFO",
        "message": "started",
        "totalMs": milliseconds(total),
        "model": config.model_path.display().to_string(),
        "input": [1, shape.height, shape.width, 3],
        "classes": shape.classes,
        "threads": config.threads,
        "backend": classifier.backend(),
    })
    .to_string()
}

impl Report {
    pub(crate) fn new(request_id: &str) -> Self {
        Self {
            request_id: request_id.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn line(&self, result: &Result<Answer, Error>, total: Duration) -> String {
        let top = result.as_ref().ok().and_then(Answer::top);
        let error = result.as_ref().err();
        let line = Line {
            level: if error.is_none() { "INFO" } else { "ERROR" },
            request_id: &self.request_id,
            cold_start: self.cold_start,
            total_ms: milliseconds(total),
            source: self.source,
            bytes: self.bytes,
            format: self.picture.map(|(format, ..)| format.name()),
            width: self.picture.map(|(_, width, _)| width),
            height: self.picture.map(|(.., height)| height),
            fetch_ms: self.fetch.map(milliseconds),
            decode_ms: self.decode.map(milliseconds),
            preprocess_ms: self.model.map(|timings| milliseconds(timings.preprocess)),
            invoke_ms: self.model.map(|timings| milliseconds(timings.invoke)),
            label: top.map(|(label, _)| label),
            score: top.map(|(_, score)| score),
            error_type: error.map(Error::error_type),
            error_message: error.map(Error::to_string),
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// Rounded to microseconds.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;
    use crate::labels::Labels;

    #[test]
    fn a_success_has_the_steps_and_the_top_label() {
        let mut report = Report::new("r-1");
        report.cold_start = true;
        report.source = Some("url");
        report.bytes = Some(12);
        report.picture = Some((Format::Png, 3, 4));
        report.fetch = Some(Duration::from_micros(1500));
        report.decode = Some(Duration::from_millis(2));
        report.model = Some(Timings {
            preprocess: Duration::from_micros(250),
            invoke: Duration::from_millis(9),
        });
        let labels = Arc::new(Labels::parse("hat\npants", Path::new("l")).unwrap());
        let answer = Ok(Answer::new(labels, vec![-1.0, 9.5]));
        assert_eq!(
            report.line(&answer, Duration::from_millis(13)),
            r#"{"level":"INFO","requestId":"r-1","coldStart":true,"totalMs":13.0,"source":"url","bytes":12,"format":"PNG","width":3,"height":4,"fetchMs":1.5,"decodeMs":2.0,"preprocessMs":0.25,"invokeMs":9.0,"label":"pants","score":9.5}"#
        );
    }

    #[test]
    fn a_failure_has_its_name_and_stays_on_one_line() {
        let error = Err(Error::InvalidRequest("a\nb".to_owned()));
        assert_eq!(
            Report::new("r-2").line(&error, Duration::ZERO),
            r#"{"level":"ERROR","requestId":"r-2","coldStart":false,"totalMs":0.0,"errorType":"InvalidRequest","errorMessage":"a\nb"}"#
        );
    }
}
