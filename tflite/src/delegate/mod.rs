//! Delegates: other libraries that compute parts of a model.

mod census;
mod external;
mod graph;
mod plan;
mod shapes;
mod xnnpack;

pub(crate) use census::{Census, When};
pub(crate) use external::ExternalInstance;
pub use external::{ExternalDelegate, MAX_DELEGATE_OPTIONS};
pub(crate) use graph::Count;
pub(crate) use shapes::Layouts;
pub(crate) use xnnpack::{Request, XnnpackDelegate, settings};

use crate::weight_cache::WeightCacheStatus;

/// Who computes a model's operators.
///
/// ```
/// # let model = tflite::Model::from_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite"))?;
/// let interpreter = tflite::Interpreter::new(&model, Default::default())?;
/// let report = interpreter.delegate_report();
/// assert_eq!(report.xnnpack, tflite::XnnpackStatus::Applied);
/// assert_eq!((report.delegated, report.operators), (1, 1));
/// assert_eq!(report.delegated_operators, [[0]]);
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelegateReport {
    /// What became of XNNPACK.
    pub xnnpack: XnnpackStatus,
    /// What became of XNNPACK's weight cache.
    pub weight_cache: WeightCacheStatus,
    /// How many operators the model has, over all its subgraphs.
    pub operators: usize,
    /// How many of them a delegate computes.
    pub delegated: usize,
    /// In how many pieces. Data must be handed over between the pieces, so few are better.
    pub partitions: usize,
    /// Which operators a delegate computes: for each subgraph, in the order of
    /// [`ModelInfo::subgraphs`](crate::ModelInfo::subgraphs), the indices in
    /// [`SubgraphInfo::operators`](crate::SubgraphInfo::operators).
    pub delegated_operators: Vec<Vec<usize>>,
}

/// What became of XNNPACK.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XnnpackStatus {
    /// The options say not to use it.
    Off,
    /// It computes the operators that it supports; see the numbers beside.
    Applied,
    /// It does not work on this machine: `TfLiteXNNPackDelegateCreate()` returned null.
    Unavailable,
    /// It cannot be applied to this model with these input shapes, or must not be: it checks less
    /// than the runtime's kernels, and would read or write past the end of tensors. So it is not
    /// used if a shape depends on values, if a tensor has no elements or more than 6 dimensions,
    /// if there are tensors of strings between operators, or if it comes to other shapes than the
    /// runtime's kernels. With other input shapes, it may be used again.
    Refused {
        /// Why.
        reason: String,
    },
}
