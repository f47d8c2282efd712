//! The line of a request.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{LogLevel, Report, milliseconds, time};
use crate::{
    answer::Answer,
    error::Error,
    handler::Invocation,
    outcome::{Outcome, Outcomes},
    web,
};

/// Longer paths are cut off: they are the caller's.
const SHOWN_CHARACTERS: usize = 100;

/// How a request came.
#[derive(Debug, Clone)]
pub(crate) enum Via<'a> {
    /// A direct invocation.
    Direct,
    /// HTTP, whoever carried it here. The status is that of the answer.
    Http {
        method: &'a str,
        path: &'a str,
        status: u16,
    },
    /// A message of an SQS queue.
    Sqs { message: &'a str },
    /// An S3 event.
    S3,
}

/// All that a line says.
pub(crate) struct Line<'a> {
    via: Via<'a>,
    request_id: &'a str,
    trace_id: Option<&'a str>,
    cold_start: bool,
    total: Duration,
    outcomes: &'a [Outcome],
    batch: bool,
    error: Option<(&'static str, String, LogLevel)>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(
        via: Via<'a>,
        invocation: &'a Invocation,
        cold_start: bool,
        start: Instant,
    ) -> Self {
        Self {
            via,
            request_id: &invocation.request_id,
            trace_id: invocation.trace_id.as_deref(),
            cold_start,
            total: start.elapsed(),
            outcomes: &[],
            batch: false,
            error: None,
        }
    }

    /// Adds what came of the pictures.
    pub(crate) fn outcomes(mut self, outcomes: &'a Outcomes) -> Self {
        self.outcomes = outcomes.as_slice();
        self.batch = matches!(outcomes, Outcomes::Many(_));
        match outcomes.error() {
            Some(error) => self.error(error),
            None => self,
        }
    }

    /// Adds why the request failed.
    pub(crate) fn error(self, error: &Error) -> Self {
        let level = level(error);
        self.failure(error.error_type(), error.to_string(), level)
    }

    pub(crate) fn failure(self, kind: &'static str, message: String, level: LogLevel) -> Self {
        Self {
            error: Some((kind, message, level)),
            ..self
        }
    }

    pub(crate) fn level(&self) -> LogLevel {
        let items = self.outcomes.iter().filter_map(|o| o.result.as_ref().err());
        let worst = items.map(level).max().unwrap_or_default();
        self.error.as_ref().map_or(worst, |(.., level)| *level)
    }

    fn failed(&self) -> usize {
        self.outcomes.iter().filter(|o| o.result.is_err()).count()
    }

    /// The fields, named in the manner of Lambda's own JSON log format. Times and bytes of a
    /// batch are sums.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                fields.insert(name.to_owned(), value);
            }
        };
        put("timestamp", json!(time::now()));
        put("level", json!(self.level().name()));
        put("requestId", json!(self.request_id));
        put("xrayTraceId", json!(self.trace_id));
        match &self.via {
            Via::Direct => put("via", json!("direct")),
            Via::S3 => put("via", json!("s3")),
            Via::Sqs { message } => {
                put("via", json!("sqs"));
                put("messageId", json!(shorten(message)));
            }
            Via::Http {
                method,
                path,
                status,
            } => {
                put("via", json!("http"));
                put("method", json!(shorten(method)));
                put("path", json!(shorten(path)));
                put("status", json!(status));
            }
        }
        put("coldStart", json!(self.cold_start));
        put("totalMs", json!(milliseconds(self.total)));
        if self.batch {
            put("items", json!(self.outcomes.len()));
            put("failed", json!(self.failed()));
        }
        let only = match self.outcomes {
            [only] if !self.batch => Some(only),
            _ => None,
        };
        let first = self.outcomes.first();
        put("source", json!(first.and_then(|o| o.report.source)));
        put("bytes", json!(self.sum(|report| report.bytes)));
        if let Some((format, width, height)) = only.and_then(|o| o.report.picture) {
            put("format", json!(format.name()));
            put("width", json!(width));
            put("height", json!(height));
        }
        for (name, time) in self.steps() {
            put(name, json!(time.map(milliseconds)));
        }
        let top = only.and_then(|o| o.result.as_ref().ok());
        if let Some((label, score)) = top.and_then(Answer::top) {
            put("label", json!(label));
            // As a 32-bit number prints.
            put("score", score.to_string().parse().unwrap_or_default());
        }
        if let Some((kind, message, _)) = &self.error {
            put("errorType", json!(kind));
            put("errorMessage", json!(message));
        } else if let Some(error) = self.outcomes.iter().find_map(|o| o.result.as_ref().err()) {
            // Of a batch, the first one: enough to go and look.
            put("errorType", json!(error.error_type()));
            put("errorMessage", json!(error.to_string()));
        }
        fields
    }

    /// The times of the steps, with their names in logs.
    fn steps(&self) -> [(&'static str, Option<Duration>); 4] {
        [
            ("fetchMs", self.sum(|report| report.fetch)),
            ("decodeMs", self.sum(|report| report.decode)),
            (
                "preprocessMs",
                self.sum(|report| Some(report.model?.preprocess)),
            ),
            ("invokeMs", self.sum(|report| Some(report.model?.invoke))),
        ]
    }

    /// The sum over the pictures that have one.
    fn sum<T: std::iter::Sum>(&self, field: impl Fn(&Report) -> Option<T>) -> Option<T> {
        let mut values = self
            .outcomes
            .iter()
            .filter_map(|o| field(&o.report))
            .peekable();
        values.peek()?;
        Some(values.sum())
    }

    /// Makes the line one that CloudWatch takes metrics from, in its embedded metric format.
    pub(crate) fn add_metrics(
        &self,
        fields: &mut Map<String, Value>,
        namespace: &str,
        function: Option<&str>,
    ) {
        let failed = self.level() > LogLevel::Info;
        let fault = self.level() == LogLevel::Error;
        let mut metrics = vec![json!({"Name": "totalMs", "Unit": "Milliseconds"})];
        for (name, time) in self.steps() {
            if time.is_some() {
                metrics.push(json!({"Name": name, "Unit": "Milliseconds"}));
            }
        }
        if fields.contains_key("bytes") {
            metrics.push(json!({"Name": "bytes", "Unit": "Bytes"}));
        }
        for (name, count) in [
            ("pictures", self.outcomes.len()),
            ("errors", usize::from(failed)),
            ("faults", usize::from(fault)),
            ("coldStarts", usize::from(self.cold_start)),
        ] {
            fields.insert(name.to_owned(), json!(count));
            metrics.push(json!({"Name": name, "Unit": "Count"}));
        }
        let dimensions = match function {
            Some(function) => {
                fields.insert("functionName".to_owned(), json!(function));
                json!([["functionName"]])
            }
            None => json!([[]]),
        };
        fields.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": time::now_milliseconds(),
                "CloudWatchMetrics": [{
                    "Namespace": namespace,
                    "Dimensions": dimensions,
                    "Metrics": metrics,
                }],
            }),
        );
    }
}

/// A caller's mistake is a warning, everything else an error.
fn level(error: &Error) -> LogLevel {
    if web::status(error).is_server_error() {
        LogLevel::Error
    } else {
        LogLevel::Warn
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS).collect()
}
