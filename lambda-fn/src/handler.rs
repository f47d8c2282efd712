//! One picture from its source to the answer. How requests come here: [`crate::adapter`] and
//! [`crate::web`].

use std::{
    any::Any,
    fmt,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use keras_preprocess::Limits;
use tokio::sync::Semaphore;

use crate::{
    answer::Answer,
    classifier::{Classifier, Watch},
    config::parallelism,
    error::Error,
    event,
    fetch::Fetcher,
    outcome::{Body, Outcome, Outcomes},
    preview,
    remote::{Current, Refresher},
    report::{LogOptions, Logger, Report},
    request::{Pictures, Request, S3Object, Source},
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
    /// The header `X-Amzn-Trace-Id`, for the log and for calls to AWS. No other server sees it.
    pub trace_id: Option<String>,
}

impl From<&lambda_runtime::Context> for Invocation {
    fn from(context: &lambda_runtime::Context) -> Self {
        Self {
            request_id: context.request_id.clone(),
            deadline: deadline(context.deadline, SystemTime::now(), Instant::now()),
            trace_id: context.xray_trace_id.clone(),
        }
    }
}

/// A deadline that has passed so long ago is none: `cargo lambda watch` says 600,000 to each
/// invocation, which is a moment in 1970.
const LONG_AGO: Duration = Duration::from_secs(24 * 60 * 60);

/// Turns milliseconds since 1970 into an instant. Zero means that there is no deadline.
fn deadline(milliseconds: u64, now: SystemTime, instant: Instant) -> Option<Instant> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let end = Duration::from_millis(milliseconds);
    if milliseconds == 0 || end + LONG_AGO < now {
        return None;
    }
    let left = end.saturating_sub(now).saturating_sub(RESERVE);
    instant.checked_add(left)
}

/// How many pictures of a batch are worked on at the same time: one is fetched while another is
/// decoded. Each may take as much memory as the limits let it.
const AT_ONCE: usize = 4;

/// The default of `MAX_BATCH`.
pub const DEFAULT_MAX_BATCH: usize = 16;

/// What requests may ask for, and who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// `MAX_BATCH`: the most pictures of one request.
    pub max_batch: usize,
    /// `CORS_ALLOW_ORIGIN`: whose pages may call the function by HTTP: `*`, one origin, or
    /// nobody's.
    pub allow_origin: Option<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_batch: DEFAULT_MAX_BATCH,
            allow_origin: Some("*".to_owned()),
        }
    }
}

/// Gets objects out of S3.
pub trait ObjectStore: Send + Sync {
    /// The object's bytes, if they are ready before the deadline and no more than `max_bytes`.
    /// `trace_id` is the header `X-Amzn-Trace-Id` to send.
    fn get<'a>(
        &'a self,
        object: &'a S3Object,
        max_bytes: usize,
        deadline: Option<Instant>,
        trace_id: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + Send + 'a>>;
}

/// Answers requests. One handler serves all of a process.
pub struct Handler {
    fetcher: Fetcher,
    objects: Option<Arc<dyn ObjectStore>>,
    classifier: Current,
    refresher: Option<Arc<Refresher>>,
    limits: Limits,
    policy: Policy,
    /// How many pictures are decoded and classified at the same time.
    places: Arc<Semaphore>,
    warm: AtomicBool,
    log: Logger,
}

impl fmt::Debug for Handler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Handler")
            .field("fetcher", &self.fetcher)
            .field("classifier", &self.classifier)
            .field("limits", &self.limits)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Handler {
    /// Puts a handler together. It logs to standard error, and has no access to S3.
    pub fn new(fetcher: Fetcher, classifier: Classifier, limits: Limits) -> Self {
        // One each for the interpreters, and enough to decode the next pictures meanwhile. More
        // would only hold memory: each for a decoded picture, and its thread's part of the heap.
        let places = Semaphore::new(classifier.interpreters() + parallelism());
        Self {
            places: Arc::new(places),
            fetcher,
            objects: None,
            classifier: Current::new(classifier),
            refresher: None,
            limits,
            policy: Policy::default(),
            warm: AtomicBool::new(false),
            log: Logger::default(),
        }
    }

    /// Hands the lines of the log to `log`: one for each request.
    #[must_use]
    pub fn with_log(self, log: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            log: self.log.sink(log),
            ..self
        }
    }

    /// Sets how the log is written, and whether it has metrics.
    #[must_use]
    pub fn with_log_options(self, options: LogOptions) -> Self {
        Self {
            log: self.log.options(options),
            ..self
        }
    }

    /// Sets what requests may ask for.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Gives access to S3.
    #[must_use]
    pub fn with_objects(self, objects: Arc<dyn ObjectStore>) -> Self {
        Self {
            objects: Some(objects),
            ..self
        }
    }

    /// Has a new model looked for from time to time.
    #[must_use]
    pub(crate) fn with_refresher(self, refresher: Refresher) -> Self {
        Self {
            refresher: Some(Arc::new(refresher)),
            ..self
        }
    }

    /// What requests may ask for.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What a picture may cost.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn classifier(&self) -> Arc<Classifier> {
        self.classifier.get()
    }

    pub(crate) fn log(&self) -> &Logger {
        &self.log
    }

    /// Whether this is the first request of the process. Says so once.
    pub(crate) fn is_cold(&self) -> bool {
        !self.warm.swap(true, Ordering::Relaxed)
    }

    /// Answers a request. None of the errors in the outcomes disturbs a later request.
    ///
    /// Must be called in a tokio runtime; decoding and inference run on its blocking threads.
    pub(crate) async fn answer(&self, request: Request, invocation: &Invocation) -> Body {
        if let Some(refresher) = &self.refresher {
            refresher.look(&self.classifier);
        }
        let preview = request.options.preview;
        let outcomes = match request.pictures {
            Pictures::One(source) => {
                Outcomes::One(self.outcome(Ok(source), preview, invocation).await)
            }
            Pictures::Many(sources) => {
                let all = sources
                    .into_iter()
                    .map(|source| self.outcome(source, preview, invocation));
                Outcomes::Many(stream::iter(all).buffered(AT_ONCE).collect().await)
            }
        };
        Body {
            outcomes,
            options: request.options,
        }
    }

    async fn outcome(
        &self,
        source: Result<Source, Error>,
        preview: bool,
        invocation: &Invocation,
    ) -> Outcome {
        let mut report = Report {
            wants_preview: preview,
            ..Report::default()
        };
        let result = match source {
            Ok(source) => self.picture(source, invocation, &mut report).await,
            Err(error) => Err(error),
        };
        Outcome { result, report }
    }

    /// Classifies one picture.
    async fn picture(
        &self,
        source: Source,
        invocation: &Invocation,
        report: &mut Report,
    ) -> Result<Answer, Error> {
        let deadline = invocation.deadline;
        report.source = Some(source.name());
        let input = match source {
            Source::Base64(text) => Input::Base64(text),
            Source::Bytes(bytes) => Input::Bytes(bytes),
            Source::Url(url) => {
                let start = Instant::now();
                let fetched = self.fetcher.fetch(&url, deadline).await;
                report.fetch = Some(start.elapsed());
                Input::Bytes(fetched?.into())
            }
            Source::S3(object) => {
                let store = self.objects.as_ref().ok_or(Error::S3Unavailable)?;
                let start = Instant::now();
                let max_bytes = self.limits.max_bytes;
                let trace_id = invocation.trace_id.as_deref();
                let got = store.get(&object, max_bytes, deadline, trace_id).await;
                report.fetch = Some(start.elapsed());
                Input::Bytes(got?.into())
            }
        };

        let (classifier, limits) = (self.classifier(), self.limits);
        let progress = Progress::new(report.clone());
        // A client that goes away drops this future; nobody needs the result then.
        let _stop = StopOnDrop(&progress.watch);
        let (steps, places) = (progress.clone(), Arc::clone(&self.places));
        let work = async move {
            // Nobody closes it. The place is free when the work ends, waited for or not.
            let place = places.acquire_owned().await.ok();
            let work = move || {
                let _place = place;
                classify(&classifier, input, &limits, deadline, &steps)
            };
            tokio::task::spawn_blocking(work).await
        };
        let result = before(deadline, pin!(work), &progress).await;
        *report = progress.report();
        let late = |after| Error::Timeout {
            what: format!("classifying the picture ({})", report.done()),
            after,
        };
        match result {
            // Whichever of the two clocks has seen it first.
            Ok(Ok(Err(Error::Timeout { after, .. }))) => Err(late(after)),
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(Error::Internal(match error.try_into_panic() {
                Ok(payload) => format!("a panic while classifying: {}", panic_text(&*payload)),
                Err(error) => error.to_string(),
            })),
            Err(after) => Err(late(after)),
        }
    }
}

/// What is known about a picture while another thread works on it.
#[derive(Clone, Default)]
struct Progress {
    report: Arc<Mutex<Report>>,
    watch: Watch,
}

impl Progress {
    fn new(report: Report) -> Self {
        Self {
            report: Arc::new(Mutex::new(report)),
            watch: Watch::default(),
        }
    }

    fn set(&self, set: impl FnOnce(&mut Report)) {
        set(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn report(&self) -> Report {
        let mut report = self
            .report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        report.model = self.watch.timings();
        report
    }
}

/// Has the work stopped when this is dropped.
struct StopOnDrop<'a>(&'a Watch);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// How long a thread that was told to stop is waited for. Of [`RESERVE`], it leaves enough to
/// send the answer.
const STOPPING: Duration = Duration::from_millis(100);

/// How often it is told: once may be just before the invocation starts.
const AGAIN: Duration = Duration::from_millis(5);

/// Waits until the deadline, and then has the work stopped. If even that takes too long, the work
/// goes on without anybody waiting for it, and only its interpreter is missed.
async fn before<F: Future + Unpin>(
    deadline: Option<Instant>,
    mut work: F,
    progress: &Progress,
) -> Result<F::Output, Duration> {
    let Some(deadline) = deadline else {
        return Ok(work.await);
    };
    let start = Instant::now();
    if let Ok(output) = tokio::time::timeout_at(deadline.into(), &mut work).await {
        return Ok(output);
    }
    let after = deadline.saturating_duration_since(start);
    while deadline.elapsed() < STOPPING {
        progress.watch.stop();
        // A result that comes now is too late: whether it was stopped cannot be told apart.
        if tokio::time::timeout(AGAIN, &mut work).await.is_ok() {
            break;
        }
    }
    Err(after)
}

enum Input {
    Base64(String),
    Bytes(Bytes),
}

fn classify(
    classifier: &Classifier,
    input: Input,
    limits: &Limits,
    deadline: Option<Instant>,
    progress: &Progress,
) -> Result<Answer, Error> {
    let start = Instant::now();
    let stopped = || Err(Error::Internal("nobody waits for it".to_owned()));
    if progress.watch.is_stopped() {
        return stopped();
    }
    let bytes = match input {
        Input::Base64(text) => event::decode_base64(&text, limits)?.into(),
        Input::Bytes(bytes) => {
            limits.check_bytes("the picture", bytes.len() as u64)?;
            bytes
        }
    };
    progress.set(|report| report.bytes = Some(bytes.len()));
    // Only what the model's input needs of it.
    let decoded = classifier.preprocessor().decode(&bytes, limits)?;
    drop(bytes);
    progress.set(|report| {
        report.decode = Some(start.elapsed());
        report.picture = Some((decoded.format, decoded.width, decoded.height));
        if report.wants_preview {
            let shape = classifier.shape();
            report.preview = Some(preview::data_url(
                &decoded.picture,
                shape.width,
                shape.height,
            ));
        }
    });

    if progress.watch.is_stopped() {
        return stopped();
    }
    let picture = &decoded.picture;
    let (answer, _) = classifier.classify_watched(picture, deadline, &progress.watch)?;
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
        let now = UNIX_EPOCH + 2 * LONG_AGO;
        assert_eq!(deadline(600_000, now, instant), None);
        let hour_ago = (2 * LONG_AGO - Duration::from_secs(3600)).as_millis() as u64;
        assert_eq!(deadline(hour_ago, now, instant), Some(instant));
    }

    #[tokio::test]
    async fn work_that_takes_too_long_is_stopped_and_then_left() {
        let start = Instant::now();
        let soon = Some(start + Duration::from_millis(20));
        let progress = Progress::default();
        let after = before(soon, Box::pin(std::future::pending::<()>()), &progress)
            .await
            .unwrap_err();
        assert!(after <= Duration::from_millis(20));
        assert!(start.elapsed() < RESERVE, "{:?}", start.elapsed());
    }
}
