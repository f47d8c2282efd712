//! Runs the model on pictures: as many at a time as there are interpreters, and again after a
//! failure.

mod pool;
mod tflite;
mod watch;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use keras_preprocess::{Mode, Picture, Preprocessor};

use self::pool::Pool;
pub use self::{
    tflite::TfLite,
    watch::{Canceller, Watch},
};
use crate::{answer::Answer, error::Error, labels::Labels};

/// What the runtime said when it failed.
pub type NetworkError = Box<dyn std::error::Error + Send + Sync>;

/// The sizes of an image classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the input `[1, height, width, 3]`.
    pub height: u32,
    /// Columns of the input `[1, height, width, 3]`.
    pub width: u32,
    /// Elements of the output `[1, classes]`.
    pub classes: usize,
}

/// An interpreter: one input of shape `[1, height, width, 3]`, one output of shape
/// `[1, classes]`, both `f32`.
pub trait Network: Send {
    /// The sizes. They do not change.
    fn shape(&self) -> Shape;

    /// What computes the output, for the log: `XNNPACK, 60 of 63 operators`, for instance. The
    /// same model may run much slower where an accelerator cannot be used.
    fn backend(&self) -> String;

    /// Hands the input tensor to `fill`.
    ///
    /// # Errors
    ///
    /// What the runtime says.
    fn write_input(&mut self, fill: &mut dyn FnMut(&mut [f32])) -> Result<(), NetworkError>;

    /// Whether the first run may read the process's environment. It must then come before the first
    /// request: the Lambda runtime crate sets a variable for each event, which must not happen
    /// while C code reads.
    fn reads_environment(&self) -> bool {
        true
    }

    /// How to end an invocation that is running, if that can be done. It fails then, and the
    /// interpreter can be used again.
    fn canceller(&self) -> Option<Canceller> {
        None
    }

    /// Computes the output from the input.
    ///
    /// # Errors
    ///
    /// What the runtime says.
    fn invoke(&mut self) -> Result<(), NetworkError>;

    /// A copy of the output, as many numbers as there are classes.
    ///
    /// # Errors
    ///
    /// What the runtime says.
    fn read_output(&self) -> Result<Vec<f32>, NetworkError>;
}

/// Makes interpreters of one model.
pub trait Model: Send + Sync {
    /// Makes one that is ready to be invoked.
    ///
    /// # Errors
    ///
    /// What the runtime says.
    fn network(&self) -> Result<Box<dyn Network>, NetworkError>;
}

/// Why a classifier could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The interpreter could not be made or run.
    #[error("the model cannot be used: {0}")]
    Network(NetworkError),
    /// Model and labels do not belong together.
    #[error("there are {labels} labels, but the model has {classes} outputs")]
    Labels {
        /// How many labels there are.
        labels: usize,
        /// How many outputs the model has.
        classes: usize,
    },
    /// The first run failed.
    #[error("the model's first run failed: {0}")]
    WarmUp(Error),
}

/// How long the steps took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Resizing and writing the input tensor.
    pub preprocess: Duration,
    /// The inference.
    pub invoke: Duration,
}

/// A model with its labels and its preprocessing.
pub struct Classifier {
    pool: Pool,
    shape: Shape,
    backend: String,
    labels: Arc<Labels>,
    preprocessor: Preprocessor,
    warm_up: bool,
}

impl fmt::Debug for Classifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Classifier")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl Classifier {
    /// Makes the first interpreter and runs it once on an empty input: the first run takes longest.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if that fails, or if there are more or fewer labels than outputs.
    pub fn new(model: Box<dyn Model>, labels: Labels, mode: Mode) -> Result<Self, SetupError> {
        Self::make(model, labels, mode, true)
    }

    /// As [`Classifier::new`], but interpreters are only run before the first request if they must
    /// be: see [`Network::reads_environment`]. That is better where a request waits already.
    ///
    /// # Errors
    ///
    /// As [`Classifier::new`].
    pub fn without_warm_up(
        model: Box<dyn Model>,
        labels: Labels,
        mode: Mode,
    ) -> Result<Self, SetupError> {
        Self::make(model, labels, mode, false)
    }

    fn make(
        model: Box<dyn Model>,
        labels: Labels,
        mode: Mode,
        warm_up: bool,
    ) -> Result<Self, SetupError> {
        let mut network = model.network().map_err(SetupError::Network)?;
        let shape = network.shape();
        if labels.as_slice().len() != shape.classes {
            return Err(SetupError::Labels {
                labels: labels.as_slice().len(),
                classes: shape.classes,
            });
        }
        let preprocessor = Preprocessor::new(shape.width, shape.height, mode);
        prepare(network.as_mut(), warm_up)?;
        Ok(Self {
            warm_up,
            shape,
            backend: network.backend(),
            labels: Arc::new(labels),
            preprocessor,
            pool: Pool::new(model, network),
        })
    }

    /// Makes more interpreters, each as the first one, until there are `count`: so many
    /// pictures are classified at the same time.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if that fails.
    pub fn with_interpreters(mut self, count: usize) -> Result<Self, SetupError> {
        while self.pool.size() < count {
            let mut network = self.pool.model().network().map_err(SetupError::Network)?;
            prepare(network.as_mut(), self.warm_up)?;
            self.pool.add(network);
        }
        Ok(self)
    }

    /// How many pictures are classified at the same time.
    pub fn interpreters(&self) -> usize {
        self.pool.size()
    }

    /// The sizes of the model.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The labels, in the order of the outputs.
    pub fn labels(&self) -> &[String] {
        self.labels.as_slice()
    }

    /// What prepares pictures for [`Classifier::classify`].
    pub fn preprocessor(&self) -> &Preprocessor {
        &self.preprocessor
    }

    /// What computes: see [`Network::backend`].
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// Classifies one picture. Blocks for as long as that takes, and while all interpreters are at
    /// work.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if the runtime fails or puts out something that is no number.
    pub fn classify(&self, picture: &Picture) -> Result<(Answer, Timings), Error> {
        self.classify_watched(picture, None, &Watch::default())
    }

    /// As [`Classifier::classify`], but waits for an interpreter until the deadline only, and is
    /// ended by [`Watch::stop`].
    ///
    /// # Errors
    ///
    /// As [`Classifier::classify`]; [`Error::Timeout`] if it ended early.
    pub fn classify_watched(
        &self,
        picture: &Picture,
        deadline: Option<Instant>,
        watch: &Watch,
    ) -> Result<(Answer, Timings), Error> {
        let start = Instant::now();
        let timeout = |what: &str| Error::Timeout {
            what: what.to_owned(),
            after: start.elapsed(),
        };
        let lent = self.pool.lend(deadline).map_err(failed)?;
        let mut lent = lent.ok_or_else(|| timeout("waiting for an interpreter"))?;
        let Some(network) = lent.network() else {
            return Err(Error::Internal("an interpreter is missing".to_owned()));
        };
        let fill = &mut |input: &mut [f32]| self.preprocessor.fill(picture, input);
        match run(network, fill, watch) {
            Ok((scores, timings)) => {
                lent.give_back();
                Ok((Answer::new(Arc::clone(&self.labels), scores), timings))
            }
            Err(_) if watch.is_stopped() => {
                // The runtime says that it can be used after that.
                lent.give_back();
                Err(timeout("the inference"))
            }
            Err(error) => Err(error),
        }
    }
}

/// Runs an interpreter once on an empty input, if that is wanted or must be.
fn prepare(network: &mut dyn Network, warm_up: bool) -> Result<(), SetupError> {
    if !warm_up && !network.reads_environment() {
        return Ok(());
    }
    let fill = &mut |input: &mut [f32]| input.fill(0.0);
    run(network, fill, &Watch::default())
        .map(drop)
        .map_err(SetupError::WarmUp)
}

fn run(
    network: &mut dyn Network,
    fill: &mut dyn FnMut(&mut [f32]),
    watch: &Watch,
) -> Result<(Vec<f32>, Timings), Error> {
    let start = Instant::now();
    network.write_input(fill).map_err(failed)?;
    let filled = Instant::now();
    let mut timings = Timings {
        preprocess: filled - start,
        invoke: Duration::ZERO,
    };
    watch.done(timings);
    watch.begin(network.canceller());
    if watch.is_stopped() {
        return Err(failed("it was stopped".into()));
    }
    let invoked = network.invoke();
    watch.begin(None);
    timings.invoke = filled.elapsed();
    watch.done(timings);
    invoked.map_err(failed)?;

    let classes = network.shape().classes;
    let scores = network.read_output().map_err(failed)?;
    if scores.len() != classes {
        let found = scores.len();
        return Err(Error::Model(format!(
            "it put out {found} numbers instead of {classes}"
        )));
    }
    // JSON has no way to write these.
    if let Some(index) = scores.iter().position(|score| !score.is_finite()) {
        return Err(Error::Model(format!("output {index} is {}", scores[index])));
    }
    Ok((scores, timings))
}

fn failed(error: NetworkError) -> Error {
    Error::Model(error.to_string())
}

#[cfg(test)]
mod tests;
