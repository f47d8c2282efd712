//! AWS Lambda, as far as it decides who waits for what: environments that serve one request at a
//! time, start cold, stay a while and end.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::random::{LogNormal, Random};

/// What limits a function, and how long its environments stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most requests at the same time: the account's limit, 1,000 unless AWS has raised it.
    pub(crate) concurrency: usize,
    /// How many environments a function may start at once ...
    pub(crate) scaling_burst: f64,
    /// ... and how many more with each second: 1,000 in ten seconds.
    pub(crate) scaling_per_second: f64,
    /// Requests a second for each unit of concurrency.
    pub(crate) requests_per_concurrency: f64,
    /// How long an idle environment stays. AWS does not say; 5 to 15 minutes are usual.
    pub(crate) keep_alive_seconds: f64,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        concurrency: 1000,
        scaling_burst: 1000.0,
        scaling_per_second: 100.0,
        requests_per_concurrency: 10.0,
        keep_alive_seconds: 600.0,
    };
}

/// How long a function takes, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    pub(crate) init: f64,
    /// The first request of an environment, after its initialization.
    pub(crate) first: f64,
    pub(crate) warm: LogNormal,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// All that came, answered or not.
    pub(crate) requests: u64,
    pub(crate) throttled: u64,
    pub(crate) cold: u64,
    /// With the initializations, each rounded up.
    pub(crate) billed_ms: u64,
    /// Of the answered requests, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Of the answered requests that were watched.
    pub(crate) watched_mean: f64,
    pub(crate) watched_p99: f64,
    /// The most requests at the same time.
    pub(crate) peak: usize,
    /// The time that requests took, in seconds: divided by the run's length, the mean concurrency.
    pub(crate) busy_seconds: f64,
}

impl Outcome {
    pub(crate) fn answered(&self) -> u64 {
        self.requests - self.throttled
    }

    /// Of the answered requests.
    pub(crate) fn cold_share(&self) -> f64 {
        self.cold as f64 / self.answered().max(1) as f64
    }

    /// Of all requests.
    pub(crate) fn throttled_share(&self) -> f64 {
        self.throttled as f64 / self.requests.max(1) as f64
    }
}

/// Refilled all the time, up to a limit; each use takes one.
struct Bucket {
    tokens: f64,
    limit: f64,
    per_microsecond: f64,
    last: u64,
}

impl Bucket {
    fn new(limit: f64, per_second: f64) -> Self {
        Self {
            tokens: limit,
            limit,
            per_microsecond: per_second / 1e6,
            last: 0,
        }
    }

    fn has_one(&mut self, now: u64) -> bool {
        let refill = (now - self.last) as f64 * self.per_microsecond;
        self.tokens = (self.tokens + refill).min(self.limit);
        self.last = now;
        self.tokens >= 1.0
    }
}

/// Serves requests that come at these times, in microseconds and in order. There is no environment
/// before the first. What `is_watched` says of such a time decides whether the request counts for
/// [`Outcome::watched_p99`].
pub(crate) fn simulate(
    arrivals: impl Iterator<Item = u64>,
    function: &Function,
    limits: &Limits,
    seed: u64,
    is_watched: impl Fn(u64) -> bool,
) -> Outcome {
    let keep_alive = (limits.keep_alive_seconds * 1e6) as u64;
    let most = limits.concurrency as f64;
    let rate = most * limits.requests_per_concurrency;
    let mut requests_left = Bucket::new(rate, rate);
    let mut starts_left = Bucket::new(limits.scaling_burst, limits.scaling_per_second);
    let mut random = Random::new(seed);
    // When the busy ones end, and since when the idle ones are: the longest time in front.
    let mut busy = BinaryHeap::new();
    let mut idle = VecDeque::new();
    let mut latencies: Vec<u32> = Vec::new();
    let mut watched: Vec<u32> = Vec::new();
    let mut outcome = Outcome {
        requests: 0,
        throttled: 0,
        cold: 0,
        billed_ms: 0,
        p50: 0.0,
        p99: 0.0,
        watched_mean: 0.0,
        watched_p99: 0.0,
        peak: 0,
        busy_seconds: 0.0,
    };
    for now in arrivals {
        outcome.requests += 1;
        while let Some(&Reverse(end)) = busy.peek()
            && end <= now
        {
            busy.pop();
            idle.push_back(end);
        }
        while idle.front().is_some_and(|since| since + keep_alive <= now) {
            idle.pop_front();
        }
        if busy.len() >= limits.concurrency || !requests_left.has_one(now) {
            outcome.throttled += 1;
            continue;
        }
        // The one that was used last. The others end sooner then, as those of Lambda do.
        let milliseconds = if idle.pop_back().is_some() {
            function.warm.sample(&mut random)
        } else if starts_left.has_one(now) {
            starts_left.tokens -= 1.0;
            outcome.cold += 1;
            function.init + function.first
        } else {
            outcome.throttled += 1;
            continue;
        };
        requests_left.tokens -= 1.0;
        let microseconds = (milliseconds * 1e3).round() as u64;
        outcome.billed_ms += microseconds.div_ceil(1000);
        outcome.busy_seconds += microseconds as f64 / 1e6;
        let latency = u32::try_from(microseconds).unwrap_or(u32::MAX);
        latencies.push(latency);
        if is_watched(now) {
            watched.push(latency);
        }
        busy.push(Reverse(now + microseconds));
        outcome.peak = outcome.peak.max(busy.len());
    }
    outcome.p50 = percentile(&mut latencies, 0.50);
    outcome.p99 = percentile(&mut latencies, 0.99);
    let sum: u64 = watched.iter().copied().map(u64::from).sum();
    outcome.watched_mean = sum as f64 / 1e3 / watched.len() as f64;
    outcome.watched_p99 = percentile(&mut watched, 0.99);
    outcome
}

/// In milliseconds: the smallest value that is no less than this share of all.
fn percentile(microseconds: &mut [u32], share: f64) -> f64 {
    let rank = (microseconds.len() as f64 * share).ceil() as usize;
    if microseconds.is_empty() {
        return f64::NAN;
    }
    let (_, value, _) = microseconds.select_nth_unstable(rank.saturating_sub(1));
    f64::from(*value) / 1e3
}

#[cfg(test)]
mod tests;
