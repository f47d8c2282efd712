//! Sums over what a profiler has measured.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::OpEvent;

/// What a [`Profiler`](super::Profiler) has measured, by kind of operator and by node.
///
/// `Display` writes both as tables, the slowest first. All times are operators'
/// [own](OpEvent::own).
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/conv.tflite");
/// # let model = tflite::Model::from_file(path)?;
/// use tflite::{Interpreter, InterpreterOptions, Profiler, Xnnpack};
///
/// let profiler = Profiler::new();
/// let options = InterpreterOptions::new().xnnpack(Xnnpack::Off);
/// let mut interpreter = Interpreter::new(&model, options.profiler(profiler.clone()))?;
/// interpreter.invoke()?;
/// let table = profiler.summary().to_string();
/// assert!(table.contains("CONV_2D"), "{table}");
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProfileSummary {
    /// How many invocations have ended.
    pub invocations: u64,
    /// The time in all operators together.
    pub total: Duration,
    /// By name, the slowest first.
    pub kinds: Vec<KindProfile>,
    /// One by one, the slowest first.
    pub nodes: Vec<NodeProfile>,
}

/// All operators of one name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KindProfile {
    /// The name, such as `CONV_2D`.
    pub name: Arc<str>,
    /// How many different nodes ran.
    pub nodes: usize,
    /// How often they ran.
    pub count: u64,
    /// How long that took.
    pub total: Duration,
    /// Of the time in all operators, 0 to 1.
    pub share: f64,
    /// This and all slower kinds, 0 to 1.
    pub cumulative: f64,
}

/// One operator of the model, or of a delegate.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NodeProfile {
    /// See [`OpEvent::name`].
    pub name: Arc<str>,
    /// See [`OpEvent::subgraph`].
    pub subgraph: usize,
    /// See [`OpEvent::node`].
    pub node: usize,
    /// See [`OpEvent::partition`].
    pub partition: Option<usize>,
    /// How often it ran.
    pub count: u64,
    /// How long all runs took.
    pub total: Duration,
    /// The shortest run.
    pub min: Duration,
    /// The longest run.
    pub max: Duration,
    /// Of the time in all operators, 0 to 1.
    pub share: f64,
    /// This and all slower nodes, 0 to 1.
    pub cumulative: f64,
}

impl NodeProfile {
    pub(super) fn first(event: &OpEvent) -> Self {
        Self {
            name: Arc::clone(&event.name),
            subgraph: event.subgraph,
            node: event.node,
            partition: event.partition,
            count: 1,
            total: event.own,
            min: event.own,
            max: event.own,
            share: 0.0,
            cumulative: 0.0,
        }
    }

    pub(super) fn add(&mut self, own: Duration) {
        self.count = self.count.saturating_add(1);
        self.total = self.total.saturating_add(own);
        self.min = self.min.min(own);
        self.max = self.max.max(own);
    }

    /// One run, on average.
    pub fn average(&self) -> Duration {
        average(self.total, self.count)
    }
}

impl KindProfile {
    /// One run, on average.
    pub fn average(&self) -> Duration {
        average(self.total, self.count)
    }
}

impl ProfileSummary {
    pub(super) fn new(invocations: u64, mut nodes: Vec<NodeProfile>) -> Self {
        let total = nodes
            .iter()
            .fold(Duration::ZERO, |sum, node| sum.saturating_add(node.total));
        let mut kinds = sum_by_name(&nodes);
        // Both sorts are stable: what takes the same time stays in the order of the runs.
        kinds.sort_by_key(|line| Reverse(line.total));
        nodes.sort_by_key(|line| Reverse(line.total));
        let mut sum = Duration::ZERO;
        for kind in &mut kinds {
            sum = sum.saturating_add(kind.total);
            (kind.share, kind.cumulative) = (part(kind.total, total), part(sum, total));
        }
        let mut sum = Duration::ZERO;
        for node in &mut nodes {
            sum = sum.saturating_add(node.total);
            (node.share, node.cumulative) = (part(node.total, total), part(sum, total));
        }
        Self {
            invocations,
            total,
            kinds,
            nodes,
        }
    }
}

fn sum_by_name(nodes: &[NodeProfile]) -> Vec<KindProfile> {
    let mut places = BTreeMap::new();
    let mut kinds: Vec<KindProfile> = Vec::new();
    for node in nodes {
        let place = *places.entry(&*node.name).or_insert(kinds.len());
        match kinds.get_mut(place) {
            Some(kind) => {
                kind.nodes += 1;
                kind.count = kind.count.saturating_add(node.count);
                kind.total = kind.total.saturating_add(node.total);
            }
            None => kinds.push(KindProfile {
                name: Arc::clone(&node.name),
                nodes: 1,
                count: node.count,
                total: node.total,
                share: 0.0,
                cumulative: 0.0,
            }),
        }
    }
    kinds
}

fn average(total: Duration, count: u64) -> Duration {
    let nanos = total.as_nanos() / u128::from(count.max(1));
    // An average is not above the total, which was a duration.
    u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos)
}

/// 0 if nothing took any time.
fn part(of: Duration, total: Duration) -> f64 {
    if total.is_zero() {
        return 0.0;
    }
    of.as_nanos() as f64 / total.as_nanos() as f64
}

impl fmt::Display for ProfileSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} invocations, {:.3} ms in operators",
            self.invocations,
            millis(self.total)
        )?;
        let width = |names: &mut dyn Iterator<Item = &Arc<str>>| {
            names
                .map(|name| name.chars().count())
                .max()
                .unwrap_or(0)
                .max(8)
        };
        let name = width(&mut self.kinds.iter().map(|kind| &kind.name));
        writeln!(
            f,
            "\n{:<name$} {:>7} {:>9} {:>11} {:>11} {:>7} {:>7}",
            "operator", "nodes", "runs", "total ms", "average ms", "%", "cum. %"
        )?;
        for kind in &self.kinds {
            writeln!(
                f,
                "{:<name$} {:>7} {:>9} {:>11.3} {:>11.4} {:>7.2} {:>7.2}",
                kind.name,
                kind.nodes,
                kind.count,
                millis(kind.total),
                millis(kind.average()),
                100.0 * kind.share,
                100.0 * kind.cumulative
            )?;
        }
        writeln!(
            f,
            "\n{:<12} {:<name$} {:>9} {:>11} {:>11} {:>7} {:>7}",
            "node", "operator", "runs", "total ms", "average ms", "%", "cum. %"
        )?;
        for node in &self.nodes {
            writeln!(
                f,
                "{:<12} {:<name$} {:>9} {:>11.3} {:>11.4} {:>7.2} {:>7.2}",
                place(node),
                node.name,
                node.count,
                millis(node.total),
                millis(node.average()),
                100.0 * node.share,
                100.0 * node.cumulative
            )?;
        }
        Ok(())
    }
}

/// Where a node is: its subgraph, the delegate's partition if it is in one, and its number there.
fn place(node: &NodeProfile) -> String {
    match node.partition {
        None => format!("{}:{}", node.subgraph, node.node),
        Some(partition) => format!("{}:d{partition}:{}", node.subgraph, node.node),
    }
}

fn millis(duration: Duration) -> f64 {
    1e3 * duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, node: usize, count: u64, micros: u64) -> NodeProfile {
        let total = Duration::from_micros(micros);
        NodeProfile {
            name: name.into(),
            subgraph: 0,
            node,
            partition: None,
            count,
            total,
            min: total,
            max: total,
            share: 0.0,
            cumulative: 0.0,
        }
    }

    #[test]
    fn shares_add_up_and_the_slowest_comes_first() {
        let nodes = vec![
            node("ADD", 0, 2, 100),
            node("MUL", 1, 2, 250),
            node("ADD", 2, 2, 650),
        ];
        let summary = ProfileSummary::new(2, nodes);
        assert_eq!(summary.total, Duration::from_millis(1));
        let kinds: Vec<_> = summary
            .kinds
            .iter()
            .map(|kind| (&*kind.name, kind.nodes, kind.count, kind.total.as_micros()))
            .collect();
        assert_eq!(kinds, [("ADD", 2, 4, 750), ("MUL", 1, 2, 250)]);
        assert_eq!(summary.kinds[0].average(), Duration::from_nanos(187_500));
        let shares: Vec<_> = summary.nodes.iter().map(|node| node.share).collect();
        assert_eq!(shares, [0.65, 0.25, 0.1]);
        let sums: Vec<_> = summary.nodes.iter().map(|node| node.cumulative).collect();
        assert_eq!(sums, [0.65, 0.9, 1.0]);
    }

    #[test]
    fn the_table_has_a_line_for_each_kind_and_node() {
        let nodes = vec![node("CONV_2D", 0, 4, 3000), node("ADD", 1, 4, 1000)];
        let table = ProfileSummary::new(4, nodes).to_string();
        let expected = "\
4 invocations, 4.000 ms in operators

operator   nodes      runs    total ms  average ms       %  cum. %
CONV_2D        1         4       3.000      0.7500   75.00   75.00
ADD            1         4       1.000      0.2500   25.00  100.00

node         operator      runs    total ms  average ms       %  cum. %
0:0          CONV_2D          4       3.000      0.7500   75.00   75.00
0:1          ADD              4       1.000      0.2500   25.00  100.00
";
        assert_eq!(table, expected);
    }

    #[test]
    fn nothing_measured_is_no_division_by_zero() {
        let summary = ProfileSummary::new(0, vec![node("ADD", 0, 1, 0)]);
        assert_eq!(
            (summary.nodes[0].share, summary.total),
            (0.0, Duration::ZERO)
        );
        assert!(
            ProfileSummary::new(0, Vec::new())
                .to_string()
                .starts_with("0 invocations")
        );
    }
}
