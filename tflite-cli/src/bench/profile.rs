//! The times of operators, as `--json` prints them.

use std::time::Duration;

use serde::Serialize;
use tflite::{KindProfile, NodeProfile, ProfileSummary};

#[derive(Serialize)]
pub(super) struct Profile {
    pub(super) num_runs: u64,
    /// Per run.
    pub(super) total_ms: f64,
    pub(super) kinds: Vec<Kind>,
    pub(super) nodes: Vec<Node>,
}

/// All operators of one name.
#[derive(Serialize)]
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) nodes: usize,
    /// Per run of the model.
    pub(super) avg_ms: f64,
    pub(super) percent: f64,
    pub(super) cumulative_percent: f64,
}

/// One operator.
#[derive(Serialize)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) subgraph: usize,
    pub(super) node: usize,
    pub(super) partition: Option<usize>,
    pub(super) times_called: u64,
    /// Per run of the model.
    pub(super) avg_ms: f64,
    pub(super) min_ms: f64,
    pub(super) max_ms: f64,
    pub(super) percent: f64,
    pub(super) cumulative_percent: f64,
}

impl From<&ProfileSummary> for Profile {
    fn from(summary: &ProfileSummary) -> Self {
        let per_run = |total: Duration| super::millis(total) / summary.invocations.max(1) as f64;
        let kind = |kind: &KindProfile| Kind {
            name: kind.name.to_string(),
            nodes: kind.nodes,
            avg_ms: per_run(kind.total),
            percent: 100.0 * kind.share,
            cumulative_percent: 100.0 * kind.cumulative,
        };
        let node = |node: &NodeProfile| Node {
            name: node.name.to_string(),
            subgraph: node.subgraph,
            node: node.node,
            partition: node.partition,
            times_called: node.count,
            avg_ms: per_run(node.total),
            min_ms: super::millis(node.min),
            max_ms: super::millis(node.max),
            percent: 100.0 * node.share,
            cumulative_percent: 100.0 * node.cumulative,
        };
        Self {
            num_runs: summary.invocations,
            total_ms: per_run(summary.total),
            kinds: summary.kinds.iter().map(kind).collect(),
            nodes: summary.nodes.iter().map(node).collect(),
        }
    }
}
