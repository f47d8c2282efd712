//! Against what queueing theory says in closed form.

use super::{simulate as simulate_watched, *};
use crate::traffic::Traffic;

const FUNCTION: Function = Function {
    init: 150.0,
    first: 60.0,
    warm: LogNormal::constant(40.0),
};

fn simulate(
    arrivals: impl Iterator<Item = u64>,
    function: &Function,
    limits: &Limits,
    seed: u64,
) -> Outcome {
    // The first second is watched.
    simulate_watched(arrivals, function, limits, seed, |now| now < 1_000_000)
}

/// No limit but those that a test sets.
const UNLIMITED: Limits = Limits {
    concurrency: 1_000_000,
    scaling_burst: 1e9,
    scaling_per_second: 1e9,
    requests_per_concurrency: 1e9,
    keep_alive_seconds: 1e6,
};

fn poisson(rate: f64, seconds: f64) -> impl Iterator<Item = u64> {
    let even = Traffic {
        mean_rate: rate,
        period_seconds: seconds,
        burst_seconds: 0.0,
        factor: 1.0,
    };
    even.arrivals(1, 11)
}

/// One request each `microseconds`.
fn regular(microseconds: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |index| index * microseconds)
}

fn assert_near(found: f64, wanted: f64, tolerance: f64) {
    assert!(
        (found / wanted - 1.0).abs() < tolerance,
        "{found}, but {wanted} in theory"
    );
}

#[test]
fn mean_concurrency_is_rate_times_mean_duration() {
    // M/G/∞, or Little's law.
    let function = Function {
        // Or the peak would be that of the cold starts in the beginning.
        init: 0.0,
        first: 40.0,
        warm: LogNormal::of_percentiles(40.0, 200.0),
    };
    let outcome = simulate(poisson(500.0, 600.0), &function, &UNLIMITED, 1);
    let theory = 500.0 * function.warm.mean() / 1e3;
    assert_near(outcome.busy_seconds / 600.0, theory, 0.02);
    assert_eq!(outcome.throttled, 0);
    // The number of busy servers is Poisson-distributed: some time in 300,000 requests it is three
    // standard deviations above the mean, and never eight.
    let (peak, root) = (outcome.peak as f64, theory.sqrt());
    assert!(
        peak > theory + 3.0 * root && peak < theory + 8.0 * root,
        "{peak} {theory}"
    );
}

#[test]
fn steady_traffic_starts_cold_only_in_the_beginning() {
    // Ten requests come while the first environment starts; each needs its own.
    let outcome = simulate(regular(21_000, 10_000), &FUNCTION, &UNLIMITED, 1);
    assert_eq!(outcome.cold, 10);
    // Two are busy at a time from then on, without one cold start more.
    let longer = simulate(regular(21_000, 100_000), &FUNCTION, &UNLIMITED, 1);
    assert_eq!(longer.cold, 10);
    assert_eq!((longer.p50, longer.p99), (40.0, 40.0));
    // 48 requests in the first second, of which ten were cold.
    assert_eq!(longer.watched_p99, 210.0);
    assert_near(
        longer.watched_mean,
        (10.0 * 210.0 + 38.0 * 40.0) / 48.0,
        1e-9,
    );
}

#[test]
fn requests_that_are_rarer_than_the_keep_alive_are_all_cold() {
    let limits = Limits {
        keep_alive_seconds: 600.0,
        ..UNLIMITED
    };
    let outcome = simulate(regular(601_000_000, 50), &FUNCTION, &limits, 1);
    assert_eq!(outcome.cold, 50);
    assert_eq!(outcome.p99, 210.0);
    let outcome = simulate(regular(599_000_000, 50), &FUNCTION, &limits, 1);
    assert_eq!(outcome.cold, 1);
}

#[test]
fn rare_random_requests_are_cold_with_the_probability_of_a_long_gap() {
    // exp(-rate * keep-alive): here the gaps are a million times longer than a request.
    let limits = Limits {
        keep_alive_seconds: 60_000.0,
        ..UNLIMITED
    };
    let rate = 1.0 / 40_000.0;
    let outcome = simulate(poisson(rate, 20_000.0 / rate), &FUNCTION, &limits, 1);
    assert_near(outcome.cold_share(), (-1.5_f64).exp(), 0.05);
}

#[test]
fn what_a_concurrency_limit_turns_away_is_erlangs_loss() {
    // M/G/c/c: the share depends on the mean duration alone.
    let limits = Limits {
        concurrency: 10,
        ..UNLIMITED
    };
    let function = Function {
        warm: LogNormal::of_percentiles(80.0, 240.0),
        ..FUNCTION
    };
    let offered = 8.0;
    let rate = offered / (function.warm.mean() / 1e3);
    let outcome = simulate(poisson(rate, 4000.0), &function, &limits, 1);
    // Erlang's B by its recursion.
    let loss = (1..=10).fold(1.0, |loss, servers| {
        offered * loss / (f64::from(servers) + offered * loss)
    });
    assert_near(outcome.throttled_share(), loss, 0.04);
    assert_eq!(outcome.peak, 10);
}

#[test]
fn a_function_starts_a_thousand_environments_at_once_and_a_hundred_more_each_second() {
    // None ends, so that each request needs a new one.
    let function = Function {
        init: 3_600_000.0,
        ..FUNCTION
    };
    let limits = Limits {
        concurrency: 1_000_000,
        ..Limits::DEFAULT
    };
    let outcome = simulate(regular(100, 200_000), &function, &limits, 1);
    let seconds = 20.0;
    assert_near(outcome.cold as f64, 1000.0 + 100.0 * seconds, 0.001);
    assert_eq!(outcome.throttled, 200_000 - outcome.cold);
}

#[test]
fn ten_requests_a_second_are_allowed_for_each_unit_of_concurrency() {
    // So short that only one would be busy.
    let function = Function {
        init: 0.0,
        first: 0.01,
        warm: LogNormal::constant(0.01),
    };
    let limits = Limits {
        concurrency: 100,
        ..Limits::DEFAULT
    };
    let outcome = simulate(regular(250, 400_000), &function, &limits, 1);
    // 4,000 a second for 100 s; 1,000 at once and 1,000 a second pass.
    assert_near(outcome.answered() as f64, 1000.0 + 100.0 * 1000.0, 0.001);
}

#[test]
fn each_started_millisecond_is_billed_and_the_initialization_too() {
    let function = Function {
        init: 100.5,
        first: 50.0,
        warm: LogNormal::constant(20.2),
    };
    let outcome = simulate(regular(1_000_000, 11), &function, &UNLIMITED, 1);
    assert_eq!(outcome.billed_ms, 151 + 10 * 21);
}

#[test]
fn a_seed_gives_one_outcome() {
    let function = Function {
        warm: LogNormal::of_percentiles(40.0, 200.0),
        ..FUNCTION
    };
    let run = |seed| simulate(poisson(50.0, 100.0), &function, &Limits::DEFAULT, seed);
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}
