//! What AWS asks for, and what a request costs.

use crate::lambda::{Function, Outcome};

/// List prices of us-east-1 as known to the authors in November 2026, for the first tier, without
/// the free one. <https://aws.amazon.com/lambda/pricing/> has those of today.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prices {
    /// Dollars for a gigabyte over a second, 1024 MB each.
    pub(crate) gb_second: f64,
    /// Dollars for a million requests.
    pub(crate) million_requests: f64,
}

pub(crate) const X86_64: Prices = Prices {
    gb_second: 0.000_016_666_7,
    million_requests: 0.20,
};

pub(crate) const ARM64: Prices = Prices {
    gb_second: 0.000_013_333_4,
    million_requests: 0.20,
};

/// Provisioned concurrency, x86-64, from the same list: dollars for a gigabyte over a second that it is kept ready, and
/// over a second that it works.
pub(crate) const PROVISIONED: [f64; 2] = [0.000_004_166_7, 0.000_009_722_2];

impl Prices {
    /// Dollars for a million warm requests. Each is rounded up to a millisecond, which on average
    /// adds half of one.
    pub(crate) fn million_warm(&self, function: &Function, memory_mb: u32) -> f64 {
        self.of(1e6 * (function.warm.mean() + 0.5), 1e6, memory_mb)
    }

    /// Dollars for a million answered requests of a simulation, cold starts included.
    pub(crate) fn million_of(&self, outcome: &Outcome, memory_mb: u32) -> f64 {
        let answered = outcome.answered() as f64;
        self.of(outcome.billed_ms as f64, answered, memory_mb) / answered * 1e6
    }

    fn of(&self, milliseconds: f64, requests: f64, memory_mb: u32) -> f64 {
        milliseconds / 1e3 * f64::from(memory_mb) / 1024.0 * self.gb_second
            + requests / 1e6 * self.million_requests
    }
}

/// The share of the time that provisioned environments must be busy to cost less than others.
pub(crate) fn break_even() -> f64 {
    let [ready, working] = PROVISIONED;
    ready / (X86_64.gb_second - working)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::{Limits, simulate};
    use crate::random::LogNormal;

    #[test]
    fn a_million_seconds_of_a_gigabyte_cost_what_the_list_says() {
        let second = Function {
            init: 0.0,
            first: 1000.0,
            warm: LogNormal::constant(999.5),
        };
        let found = X86_64.million_warm(&second, 1024);
        assert!((found - 16.8667).abs() < 1e-9, "{found}");
        let found = ARM64.million_warm(&second, 2048);
        assert!((found - 26.8668).abs() < 1e-9, "{found}");
    }

    #[test]
    fn the_simulation_and_the_closed_form_agree_on_warm_traffic() {
        let function = Function {
            init: 100.0,
            first: 50.0,
            warm: LogNormal::of_percentiles(30.0, 70.0),
        };
        let arrivals = (0..200_000).map(|index| index * 1_000_000);
        let outcome = simulate(arrivals, &function, &Limits::DEFAULT, 2, |_| false);
        let (found, theory) = (
            X86_64.million_of(&outcome, 1769),
            X86_64.million_warm(&function, 1769),
        );
        assert!((found / theory - 1.0).abs() < 0.005, "{found} {theory}");
    }

    #[test]
    fn provisioned_concurrency_pays_from_sixty_per_cent_on() {
        assert!((break_even() - 0.6).abs() < 1e-4);
    }
}
