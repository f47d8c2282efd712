//! When requests come.

use crate::random::Random;

/// Quiet traffic, and at the end of each period a burst. Within both, requests come independently
/// of each other (Poisson).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    /// Requests a second, over all of a period.
    pub(crate) mean_rate: f64,
    pub(crate) period_seconds: f64,
    pub(crate) burst_seconds: f64,
    /// How many times the quiet rate a burst has. 1: no bursts.
    pub(crate) factor: f64,
}

impl Traffic {
    /// Requests a second outside of bursts.
    pub(crate) fn quiet_rate(&self) -> f64 {
        let quiet = self.period_seconds - self.burst_seconds;
        self.mean_rate * self.period_seconds / (quiet + self.factor * self.burst_seconds)
    }

    /// The times of all requests in so many periods, in microseconds, in order.
    pub(crate) fn arrivals(self, periods: u32, seed: u64) -> impl Iterator<Item = u64> {
        let quiet = self.quiet_rate();
        let mut random = Random::new(seed);
        // Each part's end in seconds, and its rate.
        let mut parts = (0..periods).flat_map(move |period| {
            let end = f64::from(period + 1) * self.period_seconds;
            [
                (end - self.burst_seconds, quiet),
                (end, quiet * self.factor),
            ]
        });
        let (mut now, mut part) = (0.0, parts.next());
        std::iter::from_fn(move || {
            while let Some((end, rate)) = part {
                now += random.exponential(1.0 / rate);
                if now < end {
                    return Some((now * 1e6) as u64);
                }
                // Poisson traffic has no memory: it may start again where the rate changes.
                now = end;
                part = parts.next();
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURSTS: Traffic = Traffic {
        mean_rate: 50.0,
        period_seconds: 1200.0,
        burst_seconds: 120.0,
        factor: 10.0,
    };

    #[test]
    fn the_mean_rate_is_kept_and_the_burst_is_ten_times_as_dense() {
        let times: Vec<u64> = BURSTS.arrivals(3, 1).collect();
        assert!(times.is_sorted());
        // The standard deviation of the sum is its root, 424.
        assert!(times.len().abs_diff(3 * 1200 * 50) < 5 * 424);
        let in_bursts = times
            .iter()
            .filter(|&&time| time / 1_000_000 % 1200 >= 1080)
            .count();
        let (burst, quiet) = (
            in_bursts as f64 / 120.0,
            (times.len() - in_bursts) as f64 / 1080.0,
        );
        assert!(
            (burst / quiet - 10.0).abs() < 0.2,
            "{burst} to {quiet} a second"
        );
    }

    #[test]
    fn a_seed_is_a_sequence() {
        let first = |seed| BURSTS.arrivals(1, seed).take(100).collect::<Vec<_>>();
        assert_eq!(first(3), first(3));
        assert_ne!(first(3), first(4));
    }
}
