//! What a profiler has measured.

use std::collections::{HashMap, VecDeque};

use super::OpEvent;
use super::summary::{NodeProfile, ProfileSummary};

/// What a profiler has measured, up to its limits.
pub(super) struct Store {
    max_events: usize,
    events: VecDeque<OpEvent>,
    dropped: u64,
    invocations: u64,
    /// Which of `nodes` have this place: more than one if interpreters of several models are
    /// measured together.
    places: HashMap<Place, Vec<usize>>,
    /// In the order in which they ended first.
    nodes: Vec<NodeProfile>,
}

/// Subgraph, partition and node.
type Place = (usize, Option<usize>, usize);

/// Even a profiler that keeps few events sums up a usual model.
const MIN_NODES: usize = 1024;

impl Store {
    pub(super) fn new(max_events: usize) -> Self {
        Self {
            max_events,
            events: VecDeque::new(),
            dropped: 0,
            invocations: 0,
            places: HashMap::new(),
            nodes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, event: OpEvent) {
        self.sum_up(&event);
        if self.max_events == 0 {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        if self.events.len() >= self.max_events {
            self.events.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.events.push_back(event);
    }

    pub(super) fn end_invocation(&mut self) {
        self.invocations = self.invocations.saturating_add(1);
    }

    fn sum_up(&mut self, event: &OpEvent) {
        let place = (event.subgraph, event.partition, event.node);
        let known = self.places.get(&place).and_then(|known| {
            known.iter().copied().find(|&index| {
                self.nodes
                    .get(index)
                    .is_some_and(|node| node.name == event.name)
            })
        });
        if let Some(node) = known.and_then(|index| self.nodes.get_mut(index)) {
            node.add(event.own);
        } else if self.nodes.len() < self.max_events.max(MIN_NODES) {
            self.places.entry(place).or_default().push(self.nodes.len());
            self.nodes.push(NodeProfile::first(event));
        }
    }

    pub(super) fn events(&self) -> Vec<OpEvent> {
        self.events.iter().cloned().collect()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn summary(&self) -> ProfileSummary {
        ProfileSummary::new(self.invocations, self.nodes.clone())
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.max_events);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn event(node: usize, micros: u64) -> OpEvent {
        OpEvent {
            name: "ADD".into(),
            subgraph: 0,
            node,
            partition: None,
            elapsed: Duration::from_micros(micros),
            own: Duration::from_micros(micros),
        }
    }

    #[test]
    fn the_latest_events_are_kept_and_all_are_summed_up() {
        let mut store = Store::new(3);
        for micros in 1..=5 {
            store.add(event(0, micros));
        }
        let kept: Vec<u128> = store
            .events()
            .iter()
            .map(|e| e.elapsed.as_micros())
            .collect();
        assert_eq!(kept, [3, 4, 5]);
        assert_eq!(store.dropped(), 2);
        let summary = store.summary();
        assert_eq!(summary.nodes.len(), 1);
        assert_eq!(summary.nodes[0].count, 5);
        assert_eq!(summary.total, Duration::from_micros(15));
        store.clear();
        assert_eq!((store.events().len(), store.dropped()), (0, 0));
        assert_eq!(store.summary().total, Duration::ZERO);
    }

    #[test]
    fn memory_has_a_limit_whatever_comes() {
        let mut store = Store::new(0);
        for node in 0..2 * MIN_NODES {
            store.add(event(node, 1));
        }
        assert_eq!(store.events().len(), 0);
        assert_eq!(store.dropped(), 2048);
        assert_eq!(store.summary().nodes.len(), MIN_NODES);
    }

    #[test]
    fn operators_of_other_models_at_the_same_place_stay_apart() {
        let mut store = Store::new(9);
        store.add(event(0, 1));
        store.add(OpEvent {
            name: "MUL".into(),
            ..event(0, 2)
        });
        store.add(event(0, 3));
        let summary = store.summary();
        let mut counts: Vec<_> = summary.nodes.iter().map(|n| (&*n.name, n.count)).collect();
        counts.sort_unstable();
        assert_eq!(counts, [("ADD", 2), ("MUL", 1)]);
    }
}
