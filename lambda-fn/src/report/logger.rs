//! Where the log goes, in what form, and what of it.

use std::{
    fmt,
    io::{self, Write},
};

use serde_json::{Map, Value};

use super::line::Line;

/// How lines are written: `AWS_LAMBDA_LOG_FORMAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LogFormat {
    /// `JSON`: one object a line. The default.
    #[default]
    Json,
    /// `Text`: the level and `name=value` pairs.
    Text,
}

/// What is worth a line: `AWS_LAMBDA_LOG_LEVEL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum LogLevel {
    /// Everything: also `TRACE` and `DEBUG`, which nothing has.
    #[default]
    Info,
    /// Requests that were refused or failed.
    Warn,
    /// Requests that failed through no fault of the caller's: those that HTTP answers with 500 or
    /// above.
    Error,
}

impl LogLevel {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// The settings of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LogOptions {
    /// `AWS_LAMBDA_LOG_FORMAT`.
    pub format: LogFormat,
    /// `AWS_LAMBDA_LOG_LEVEL`.
    pub level: LogLevel,
    /// `METRICS_NAMESPACE`: where CloudWatch shall put the metrics, which lines then contain
    /// whatever format and level say.
    pub metrics: Option<String>,
    /// `AWS_LAMBDA_FUNCTION_NAME`: the metrics' dimension.
    pub function: Option<String>,
}

/// Takes one line of the log, without the line break.
type Sink = Box<dyn Fn(&str) + Send + Sync>;

/// The log.
pub(crate) struct Logger {
    options: LogOptions,
    sink: Sink,
}

impl fmt::Debug for Logger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Logger")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Default for Logger {
    fn default() -> Self {
        Self {
            options: LogOptions::default(),
            sink: Box::new(to_stderr),
        }
    }
}

impl Logger {
    pub(crate) fn options(self, options: LogOptions) -> Self {
        Self { options, ..self }
    }

    pub(crate) fn sink(self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            sink: Box::new(sink),
            ..self
        }
    }

    /// Writes the line of a request, if it is worth it.
    pub(crate) fn write(&self, line: &Line<'_>) {
        let options = &self.options;
        let metrics = options.metrics.as_deref();
        if line.level() < options.level && metrics.is_none() {
            return;
        }
        let mut fields = line.fields();
        let text = match (metrics, options.format) {
            // Metrics are read from JSON only.
            (Some(namespace), _) => {
                line.add_metrics(&mut fields, namespace, options.function.as_deref());
                Value::Object(fields).to_string()
            }
            (None, LogFormat::Json) => Value::Object(fields).to_string(),
            (None, LogFormat::Text) => plain(fields),
        };
        (self.sink)(&text);
    }
}

/// `INFO requestId=… coldStart=true …`. Lambda puts the time before it.
fn plain(mut fields: Map<String, Value>) -> String {
    let level = fields.shift_remove("level");
    let _ = fields.shift_remove("timestamp");
    let mut text = level
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    for (name, value) in fields {
        let value = match value {
            Value::String(text) if is_plain(&text) => text,
            other => other.to_string(),
        };
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

/// Whether a text can stand without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || "/._-:;".contains(c))
}

/// Writes a line. A log that cannot be written is no reason to fail a request.
pub(crate) fn to_stderr(line: &str) {
    let _ = io::stderr()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
}
