//! Random numbers that are the same on every machine: times depend on them only after rounding to
//! whole microseconds, which hides how the systems' mathematics differ in the last bit.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// SplitMix64: its state is a counter, and each seed has its own sequence.
#[derive(Debug, Clone)]
pub(crate) struct Random(SplitMix64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in (0, 1].
    fn uniform(&mut self) -> f64 {
        // 53 bits are what a f64 holds; never 0, whose logarithm is infinite.
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Exponential with this mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.uniform().ln()
    }

    /// Normal with mean 0 and variance 1, after Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// The 99th percentile of the normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

/// A duration whose logarithm is normal, known by two of its percentiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LogNormal {
    pub(crate) median: f64,
    sigma: f64,
}

impl LogNormal {
    /// Neither may be 0, and `p99` not below `p50`.
    pub(crate) fn of_percentiles(p50: f64, p99: f64) -> Self {
        Self {
            median: p50,
            sigma: (p99 / p50).ln() / Z99,
        }
    }

    #[cfg(test)]
    pub(crate) const fn constant(value: f64) -> Self {
        Self {
            median: value,
            sigma: 0.0,
        }
    }

    pub(crate) fn mean(&self) -> f64 {
        self.median * (self.sigma * self.sigma / 2.0).exp()
    }

    #[cfg(test)]
    fn p99(&self) -> f64 {
        self.median * (self.sigma * Z99).exp()
    }

    pub(crate) fn sample(&self, random: &mut Random) -> f64 {
        self.median * (self.sigma * random.normal()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_the_percentiles_and_the_mean_that_were_asked_for() {
        let shape = LogNormal::of_percentiles(30.0, 80.0);
        let mut random = Random::new(7);
        let mut samples: Vec<f64> = (0..200_000).map(|_| shape.sample(&mut random)).collect();
        samples.sort_by(f64::total_cmp);
        let near = |found: f64, wanted: f64| {
            assert!((found / wanted - 1.0).abs() < 0.02, "{found} {wanted}")
        };
        near(samples[100_000], 30.0);
        near(samples[198_000], 80.0);
        near(samples.iter().sum::<f64>() / 200_000.0, shape.mean());
        near(shape.p99(), 80.0);
    }

    #[test]
    fn no_variation_is_a_constant() {
        let shape = LogNormal::of_percentiles(25.0, 25.0);
        assert_eq!(shape.sample(&mut Random::new(1)), 25.0);
        assert_eq!(shape.mean(), 25.0);
    }

    #[test]
    fn the_sequence_is_that_of_the_published_algorithm() {
        // The first numbers of SplitMix64 with the seed 1234567, as its authors' C code gives them.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }
}
