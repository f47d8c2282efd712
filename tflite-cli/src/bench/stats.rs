//! Statistics of times.

use serde::Serialize;

/// What the Python tool computes of the times of runs, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Stats {
    pub(super) avg_ms: f64,
    pub(super) min_ms: f64,
    pub(super) max_ms: f64,
    pub(super) median_ms: f64,
    pub(super) std_ms: f64,
    pub(super) p5_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) num_runs: usize,
}

impl Stats {
    /// `None` if there are no times.
    pub(super) fn of(times_ms: &[f64]) -> Option<Self> {
        let mut sorted = times_ms.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&min_ms, &max_ms) = (sorted.first()?, sorted.last()?);
        let avg_ms = mean(&sorted)?;
        Some(Self {
            avg_ms,
            min_ms,
            max_ms,
            median_ms: percentile(&sorted, 50.0),
            std_ms: deviation(&sorted, avg_ms),
            p5_ms: percentile(&sorted, 5.0),
            p95_ms: percentile(&sorted, 95.0),
            num_runs: sorted.len(),
        })
    }
}

/// `None` if there are no times.
pub(super) fn mean(times_ms: &[f64]) -> Option<f64> {
    (!times_ms.is_empty()).then(|| times_ms.iter().sum::<f64>() / times_ms.len() as f64)
}

/// The standard deviation of a sample, from the times in ascending order; 0 of a single one.
fn deviation(times_ms: &[f64], mean: f64) -> f64 {
    let degrees = times_ms.len() - 1;
    if degrees == 0 {
        return 0.0;
    }
    let squares: f64 = times_ms.iter().map(|time| (time - mean).powi(2)).sum();
    (squares / degrees as f64).sqrt()
}

/// Between the two nearest, of times in ascending order, of which there must be some.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * percent / 100.0;
    let (below, above) = (place.floor(), place.ceil());
    let (low, high) = (sorted[below as usize], sorted[above as usize]);
    low + (place - below) * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `statistics` and `numpy.percentile`.
    #[test]
    fn they_are_those_of_python() {
        let times = [4.0, 1.0, 3.5, 2.0, 10.0, 2.5, 7.25];
        let stats = Stats::of(&times).expect("times");
        let expected = Stats {
            avg_ms: 4.321_428_571_428_571,
            min_ms: 1.0,
            max_ms: 10.0,
            median_ms: 3.5,
            std_ms: 3.197_376_156_431_127,
            p5_ms: 1.3,
            p95_ms: 9.175,
            num_runs: 7,
        };
        let close = |one: f64, other: f64| (one - other).abs() < 1e-12;
        for (one, other) in [
            (stats.avg_ms, expected.avg_ms),
            (stats.min_ms, expected.min_ms),
            (stats.max_ms, expected.max_ms),
            (stats.median_ms, expected.median_ms),
            (stats.std_ms, expected.std_ms),
            (stats.p5_ms, expected.p5_ms),
            (stats.p95_ms, expected.p95_ms),
        ] {
            assert!(close(one, other), "{stats:?}");
        }
        assert_eq!(stats.num_runs, 7);
    }

    #[test]
    fn few_times_have_statistics_too() {
        assert_eq!(Stats::of(&[]), None);
        assert_eq!(mean(&[]), None);
        let one = Stats::of(&[2.5]).expect("a time");
        assert_eq!((one.min_ms, one.median_ms, one.p95_ms), (2.5, 2.5, 2.5));
        assert_eq!(one.std_ms, 0.0);
        let two = Stats::of(&[1.0, 2.0]).expect("times");
        assert_eq!((two.median_ms, two.p5_ms), (1.5, 1.05));
    }
}
