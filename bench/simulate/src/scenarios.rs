//! What is simulated.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::{iter, thread};

use crate::lambda::{Limits, Outcome, simulate};
use crate::measured::Measured;
use crate::traffic::Traffic;

/// Lambda's steps that have names: some thousand more are possible.
pub(crate) const MEMORY_SIZES: [u32; 4] = [512, 1024, 1769, 3008];
/// One whole virtual CPU.
pub(crate) const MEMORY: u32 = 1769;
/// Requests a second, on average.
pub(crate) const RATES: [f64; 11] = [
    0.01, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0,
];
/// That of the tables in which other things vary.
pub(crate) const RATE: f64 = 100.0;
/// Minutes.
pub(crate) const KEEP_ALIVES: [f64; 3] = [5.0, 10.0, 15.0];
/// A limit that AWS raises on request.
pub(crate) const RAISED: usize = 10_000;
const PERIODS: u32 = 2;
/// With few requests a second, so many periods that there are at least so many.
const REQUESTS: f64 = 50_000.0;
const SEED: u64 = 20_261_123;

/// 18 quiet minutes, and two with ten times as many requests. It is longer than idle environments
/// stay, so that each burst needs new ones.
pub(crate) const TRAFFIC: Traffic = Traffic {
    mean_rate: RATE,
    period_seconds: 1200.0,
    burst_seconds: 120.0,
    factor: 10.0,
};

/// One simulation for each implementation, with the same requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scenario {
    pub(crate) rate: f64,
    pub(crate) memory_mb: u32,
    pub(crate) concurrency: usize,
    pub(crate) keep_alive_minutes: f64,
}

const USUAL: Scenario = Scenario {
    rate: RATE,
    memory_mb: MEMORY,
    concurrency: RAISED,
    keep_alive_minutes: 10.0,
};

/// Ours and Python's.
pub(crate) type Outcomes = [Outcome; 2];

/// All that the document shows.
pub(crate) struct Results {
    pub(crate) rates: Vec<(Scenario, Outcomes)>,
    pub(crate) default_limit: Vec<(Scenario, Outcomes)>,
    pub(crate) memory_sizes: Vec<(Scenario, Outcomes)>,
    pub(crate) keep_alives: Vec<(Scenario, Outcomes)>,
}

pub(crate) fn run(measured: &Measured) -> Results {
    let rates = RATES.map(|rate| Scenario { rate, ..USUAL });
    let default_limit = [1000.0, 3000.0, 10_000.0].map(|rate| Scenario {
        rate,
        concurrency: Limits::DEFAULT.concurrency,
        ..USUAL
    });
    let memory_sizes = MEMORY_SIZES.map(|memory_mb| Scenario { memory_mb, ..USUAL });
    let keep_alives = KEEP_ALIVES.map(|keep_alive_minutes| Scenario {
        keep_alive_minutes,
        ..USUAL
    });
    let all: Vec<Scenario> = iter::empty()
        .chain(rates)
        .chain(default_limit)
        .chain(memory_sizes)
        .chain(keep_alives)
        .collect();
    let mut outcomes = all.iter().copied().zip(run_all(measured, &all));
    let mut take = |count| outcomes.by_ref().take(count).collect();
    Results {
        rates: take(rates.len()),
        default_limit: take(default_limit.len()),
        memory_sizes: take(memory_sizes.len()),
        keep_alives: take(keep_alives.len()),
    }
}

/// On all processors, the largest first: each is independent of the others.
fn run_all(measured: &Measured, scenarios: &[Scenario]) -> Vec<Outcomes> {
    let mut order: Vec<usize> = (0..scenarios.len()).collect();
    order.sort_by(|&one, &other| scenarios[other].rate.total_cmp(&scenarios[one].rate));
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, Outcomes)> = thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((index, scenarios[index].run(measured)));
            }
            done
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined
            .flat_map(|done| done.expect("a simulation does not panic"))
            .collect()
    });
    done.sort_by_key(|&(index, _)| index);
    done.into_iter().map(|(_, outcomes)| outcomes).collect()
}

impl Scenario {
    fn run(&self, measured: &Measured) -> Outcomes {
        let traffic = Traffic {
            mean_rate: self.rate,
            ..TRAFFIC
        };
        let limits = Limits {
            concurrency: self.concurrency,
            keep_alive_seconds: self.keep_alive_minutes * 60.0,
            ..Limits::DEFAULT
        };
        let enough = REQUESTS / (traffic.mean_rate * traffic.period_seconds);
        let periods = PERIODS.max(enough.ceil() as u32);
        // The first second of each burst.
        let period = (traffic.period_seconds * 1e6) as u64;
        let burst = ((traffic.period_seconds - traffic.burst_seconds) * 1e6) as u64;
        let is_watched = |now: u64| (burst..burst + 1_000_000).contains(&(now % period));
        measured.implementations.both().map(|implementation| {
            simulate(
                traffic.arrivals(periods, SEED),
                &implementation.at(self.memory_mb),
                &limits,
                SEED + 1,
                is_watched,
            )
        })
    }
}
