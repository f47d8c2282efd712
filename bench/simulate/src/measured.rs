//! What was measured, and what follows for other memory sizes.

use serde::Deserialize;

use crate::lambda::Function;
use crate::random::LogNormal;

/// Lambda gives one virtual CPU for so many megabytes, and parts of one for less.
const MB_PER_CPU: f64 = 1769.0;

/// `bench/simulate/measured.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    /// Taken in a hurry: the document says so.
    pub(crate) preliminary: bool,
    pub(crate) date: String,
    pub(crate) machine: String,
    pub(crate) workload: String,
    pub(crate) implementations: Pair,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    pub(crate) ours: Implementation,
    pub(crate) python: Implementation,
}

impl Pair {
    pub(crate) fn both(&self) -> [&Implementation; 2] {
        [&self.ours, &self.python]
    }
}

/// Measured with as many whole processors as threads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Implementation {
    pub(crate) label: String,
    /// From exec to the first question for an event.
    pub(crate) init_ms: f64,
    /// The first request, after that.
    pub(crate) first_ms: f64,
    /// With one thread and with two.
    pub(crate) warm: [Warm; 2],
    /// Resident, after some requests.
    pub(crate) rss_mb: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Warm {
    threads: u32,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Measured {
    /// Reads the file's text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let this: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for one in this.implementations.both() {
            one.check()
                .map_err(|reason| format!("{}: {reason}", one.label))?;
        }
        Ok(this)
    }
}

impl Implementation {
    fn check(&self) -> Result<(), String> {
        if self.warm.iter().map(|warm| warm.threads).ne([1, 2]) {
            return Err("`warm` is not for one thread and then for two".to_owned());
        }
        let sound = |warm: &Warm| 0.0 < warm.p50_ms && warm.p50_ms <= warm.p99_ms;
        if !self.warm.iter().all(sound) || self.init_ms < 0.0 || self.first_ms <= 0.0 {
            return Err("a time is not positive, or a p99 is below its p50".to_owned());
        }
        Ok(())
    }

    /// Whether it runs at this memory size at all.
    pub(crate) fn fits(&self, memory_mb: u32) -> bool {
        self.rss_mb <= f64::from(memory_mb)
    }

    /// How long it takes at this memory size. A request with its picture inside is all computing: a
    /// part of a processor takes longer in proportion. Between one processor and two, the speed
    /// (not the time) grows evenly, if it grows at all: nobody has to use two threads. The
    /// initialization has all of a processor at each size.
    pub(crate) fn at(&self, memory_mb: u32) -> Function {
        let cpus = cpus(memory_mb);
        let slowness = |one: f64, two: f64| {
            if cpus <= 1.0 {
                one / cpus
            } else {
                let gain = (1.0 / two - 1.0 / one).max(0.0);
                1.0 / (1.0 / one + (cpus.min(2.0) - 1.0) * gain)
            }
        };
        let [one, two] = &self.warm;
        let p50 = slowness(one.p50_ms, two.p50_ms);
        let p99 = slowness(one.p99_ms, two.p99_ms).max(p50);
        Function {
            init: self.init_ms,
            first: self.first_ms / cpus.min(1.0),
            warm: LogNormal::of_percentiles(p50, p99),
        }
    }
}

/// Virtual CPUs at a memory size.
pub(crate) fn cpus(memory_mb: u32) -> f64 {
    f64::from(memory_mb) / MB_PER_CPU
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implementation(two: f64) -> Implementation {
        let warm = |threads, p50_ms| Warm {
            threads,
            p50_ms,
            p99_ms: 2.0 * p50_ms,
        };
        Implementation {
            label: "test".to_owned(),
            init_ms: 100.0,
            first_ms: 50.0,
            warm: [warm(1, 40.0), warm(2, two)],
            rss_mb: 600.0,
        }
    }

    fn assert_near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found}, not {wanted}");
    }

    #[test]
    fn half_a_processor_takes_twice_as_long_except_for_the_start() {
        let half = implementation(20.0).at(1769 / 2 + 1);
        assert!((half.warm.median - 80.0).abs() < 0.1);
        assert!((half.first - 100.0).abs() < 0.1);
        assert_near(half.init, 100.0);
    }

    #[test]
    fn between_one_and_two_processors_the_speed_grows_evenly() {
        assert_near(implementation(20.0).at(1769).warm.median, 40.0);
        assert_near(implementation(20.0).at(2 * 1769).warm.median, 20.0);
        // One and a half, with twice the speed for two: half as fast again.
        let between = implementation(20.0).at(2654).warm.median;
        assert!((between - 40.0 / 1.5).abs() < 0.01, "{between}");
        // More than two were not measured.
        assert_near(implementation(20.0).at(10_240).warm.median, 20.0);
    }

    #[test]
    fn a_second_thread_that_does_not_help_is_not_used() {
        assert_near(implementation(50.0).at(3008).warm.median, 40.0);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        assert!(!implementation(20.0).fits(512));
        assert!(implementation(20.0).fits(1024));
    }

    #[test]
    fn a_file_with_impossible_times_is_refused() {
        let text = include_str!("../measured.json");
        assert!(Measured::parse(text).is_ok());
        let wrong = text.replace("\"threads\": 2", "\"threads\": 3");
        assert!(Measured::parse(&wrong).is_err());
        let wrong = text.replace("\"p99_ms\": ", "\"p99_ms\": 0.000");
        assert!(Measured::parse(&wrong).is_err());
    }
}
