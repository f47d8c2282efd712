//! One request from the event to the answer.

use std::{
    any::Any,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use keras_preprocess::Limits;

use crate::{
    answer::Answer,
    classifier::Classifier,
    error::Error,
    event::{self, Event, Request, Source},
    fetch::Fetcher,
    report::{self, Report},
};

/// What is kept free of the invocation's time for sending the answer. Without it Lambda would
/// end the process, and the caller would not learn why.
const RESERVE: Duration = Duration::from_millis(250);

/// What the runtime tells about an invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The request's identifier, for the log.
    pub request_id: String,
    /// When the answer must be ready, if that is limited.
    pub deadline: Option<Instant>,
}

impl From<&lambda_runtime::Context> for Invocation {
    fn from(context: &lambda_runtime::Context) -> Self {
        Self {
            request_id: context.request_id.clone(),
            deadline: deadline(context.deadline, SystemTime::now(), Instant::now()),
        }
    }
}

/// Turns milliseconds since 1970 into an instant. Zero means that there is no deadline.
fn deadline(milliseconds: u64, now: SystemTime, instant: Instant) -> Option<Instant> {
    if milliseconds == 0 {
        return None;
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(milliseconds)
        .saturating_sub(now)
        .saturating_sub(RESERVE);
    instant.checked_add(left)
}

/// Takes one line of the log, without the line break.
type Log = Box<dyn Fn(&str) + Send + Sync>;

/// Answers requests. One handler serves all of a process.
pub struct Handler {
    fetcher: Fetcher,
    classifier: Arc<Classifier>,
    limits: Limits,
    warm: AtomicBool,
    log: Log,
}

impl fmt::Debug for Handler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Handler")
            .field("fetcher", &self.fetcher)
            .field("classifier", &self.classifier)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Handler {
    /// Puts a handler together. It logs to standard error.
    pub fn new(fetcher: Fetcher, classifier: Classifier, limits: Limits) -> Self {
        Self {
            fetcher,
            classifier: Arc::new(classifier),
            limits,
            warm: AtomicBool::new(false),
            log: Box::new(report::to_stderr),
        }
    }

    /// Hands the lines of the log to `log`: one JSON object for each request.
    #[must_use]
    pub fn with_log(self, log: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            log: Box::new(log),
            ..self
        }
    }

    /// Answers one event and logs one line.
    ///
    /// Must be called in a tokio runtime; decoding and inference run on its blocking threads.
    ///
    /// # Errors
    ///
    /// Every [`Error`]. None of them disturbs a later request.
    pub async fn handle(&self, event: Event, invocation: &Invocation) -> Result<Answer, Error> {
        let start = Instant::now();
        let mut report = Report::new(&invocation.request_id);
        report.cold_start = !self.warm.swap(true, Ordering::Relaxed);
        let result = self.answer(event, invocation.deadline, &mut report).await;
        (self.log)(&report.line(&result, start.elapsed()));
        result
    }

    async fn answer(
        &self,
        event: Event,
        deadline: Option<Instant>,
        report: &mut Report,
    ) -> Result<Answer, Error> {
        let input = match Request::from_event(event)?.source {
            Source::Base64(text) => {
                report.source = Some("image");
                Input::Base64(text)
            }
            Source::Url(url) => {
                report.source = Some("url");
                let start = Instant::now();
                let fetched = self.fetcher.fetch(&url, deadline).await;
                report.fetch = Some(start.elapsed());
                Input::Bytes(fetched?)
            }
        };

        let (classifier, limits) = (Arc::clone(&self.classifier), self.limits);
        let mut steps = report.clone();
        let work = tokio::task::spawn_blocking(move || {
            let result = classify(&classifier, input, &limits, &mut steps);
            (result, steps)
        });
        let (result, steps) = before(deadline, work).await?.map_err(|error| {
            Error::Internal(match error.try_into_panic() {
                Ok(payload) => format!("a panic while classifying: {}", panic_text(&*payload)),
                Err(error) => error.to_string(),
            })
        })?;
        *report = steps;
        result
    }
}

/// Waits until the deadline. Work on a blocking thread cannot be stopped: it goes on, and a later
/// request waits for the interpreter until it is done.
async fn before<F: Future>(deadline: Option<Instant>, work: F) -> Result<F::Output, Error> {
    let Some(deadline) = deadline else {
        return Ok(work.await);
    };
    let start = Instant::now();
    tokio::time::timeout_at(deadline.into(), work)
        .await
        .map_err(|_| Error::Timeout {
            what: "classifying the picture".to_owned(),
            after: deadline.saturating_duration_since(start),
        })
}

enum Input {
    Base64(String),
    Bytes(Vec<u8>),
}

fn classify(
    classifier: &Classifier,
    input: Input,
    limits: &Limits,
    report: &mut Report,
) -> Result<Answer, Error> {
    let start = Instant::now();
    let bytes = match input {
        Input::Base64(text) => event::decode_base64(&text, limits)?,
        Input::Bytes(bytes) => bytes,
    };
    report.bytes = Some(bytes.len());
    // Only what the model's input needs of it.
    let decoded = classifier.preprocessor().decode(&bytes, limits)?;
    drop(bytes);
    report.decode = Some(start.elapsed());
    report.picture = Some((decoded.format, decoded.width, decoded.height));

    let (answer, timings) = classifier.classify(&decoded.picture)?;
    report.model = Some(timings);
    Ok(answer)
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "without a message"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_leaves_time_for_the_answer() {
        let (now, instant) = (UNIX_EPOCH + Duration::from_secs(1000), Instant::now());
        let after =
            |milliseconds| deadline(milliseconds, now, instant).map(|deadline| deadline - instant);
        assert_eq!(after(0), None);
        assert_eq!(after(1_003_000), Some(Duration::from_millis(2750)));
        assert_eq!(after(1_000_100), Some(Duration::ZERO));
        assert_eq!(after(5), Some(Duration::ZERO));
    }

    #[tokio::test]
    async fn work_that_takes_too_long_is_a_timeout() {
        let soon = Instant::now() + Duration::from_millis(20);
        let error = before(Some(soon), std::future::pending::<()>())
            .await
            .unwrap_err();
        assert_eq!(error.error_type(), "Timeout");
        assert!(
            error
                .to_string()
                .starts_with("classifying the picture took longer than ")
        );
    }
}
