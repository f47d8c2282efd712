//! How long each operator takes.

mod recorder;
mod store;
mod summary;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use self::recorder::Recorder;
pub use self::summary::{KindProfile, NodeProfile, ProfileSummary};

use self::store::Store;

/// Measures how long each operator takes, in every interpreter that is made with it.
///
/// Clones are handles of the same profiler: one goes into the
/// [options](crate::InterpreterOptions::profiler), another one is kept to read. They can be used from
/// any thread, also while an interpreter is invoked.
///
/// Without a profiler nothing is measured, and that costs nothing. With one, each operator costs two
/// looks at the clock and a lock that is rarely contended, well below a microsecond.
///
/// What XNNPACK computes is one operator to the runtime for each
/// [partition](crate::DelegateReport::partitions). XNNPACK measures its own operators, in whole
/// microseconds, and those are shown in place of the partition. They are not those of the model:
/// some were fused, others are XNNPACK's own.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
/// use tflite::{Interpreter, InterpreterOptions, Model, Profiler, Xnnpack};
///
/// let profiler = Profiler::new();
/// let options = InterpreterOptions::new().profiler(profiler.clone()).xnnpack(Xnnpack::Off);
/// let mut interpreter = Interpreter::new(&Model::from_file(path)?, options)?;
/// interpreter.invoke()?;
///
/// let events = profiler.events();
/// assert_eq!((events.len(), &*events[0].name, events[0].node), (1, "ADD", 0));
/// println!("{}", profiler.summary());
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone)]
pub struct Profiler(Arc<Mutex<Store>>);

/// How many events a profiler keeps, unless told otherwise.
const EVENTS: usize = 65_536;

impl Profiler {
    /// A profiler that keeps the latest 65,536 events.
    pub fn new() -> Self {
        Self::with_limit(EVENTS)
    }

    /// A profiler that keeps the latest `events` events.
    ///
    /// Older ones go, and [`dropped`](Self::dropped) counts them. They stay part of the
    /// [summary](Self::summary), which knows as many nodes as events are kept, but at least 1,024:
    /// what further nodes do is dropped.
    pub fn with_limit(events: usize) -> Self {
        Self(Arc::new(Mutex::new(Store::new(events))))
    }

    /// What was measured since the last [reset](Self::reset), in the order in which it ended.
    pub fn events(&self) -> Vec<OpEvent> {
        self.store().events()
    }

    /// How many events are not kept any more.
    pub fn dropped(&self) -> u64 {
        self.store().dropped()
    }

    /// Sums up what was measured since the last [reset](Self::reset).
    pub fn summary(&self) -> ProfileSummary {
        self.store().summary()
    }

    /// Forgets everything, for example after warming up.
    pub fn reset(&self) {
        self.store().clear();
    }

    /// Nothing under the lock panics half way, so that poison means nothing.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Profiler {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiler")
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

/// One run of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpEvent {
    /// What ran: `CONV_2D`, a custom operator's name, or a delegate's name for its operator.
    pub name: Arc<str>,
    /// The subgraph, as in [`ModelInfo::subgraphs`](crate::ModelInfo::subgraphs).
    pub subgraph: usize,
    /// The operator, as in [`SubgraphInfo::operators`](crate::SubgraphInfo::operators), if
    /// `partition` is `None`. A number behind those is a delegate's partition.
    pub node: usize,
    /// The delegate's partition, counted from 0 in the order of this invocation of the subgraph, if a
    /// delegate has measured this. `node` is its own count of operators then.
    pub partition: Option<usize>,
    /// How long it took.
    pub elapsed: Duration,
    /// How long it took without the operators that it ran, such as those in the body of a
    /// `WHILE`. All events' own times add up to the time that was spent in operators.
    pub own: Duration,
}

const _: () = {
    const fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Profiler>();
};
