//! How far outputs are from the golden ones.

use std::fmt;

use crate::set::{Golden, Values};

/// What rounding may change in a float, relative to it.
const RELATIVE: f64 = 1e-5;

/// What rounding may change in a float, relative to the largest one of the tensor: where large
/// terms cancel out, the rest keeps their error, 6e-8 of each.
const OF_LARGEST: f64 = 1e-6;

/// The worst of all elements.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Difference {
    /// Of integers: how far apart.
    pub(crate) steps: u64,
    /// Of floats: as a part of what is allowed.
    pub(crate) of_allowed: f64,
    /// How many elements are not equal to the bit.
    pub(crate) unequal: usize,
}

impl Difference {
    pub(crate) fn add(&mut self, other: Self) {
        self.steps = self.steps.max(other.steps);
        self.of_allowed = self.of_allowed.max(other.of_allowed);
        self.unequal += other.unequal;
    }

    /// Whether integers are no further apart than that, and floats near enough.
    pub(crate) fn is_within(&self, steps: u64) -> bool {
        self.steps <= steps && self.of_allowed <= 1.0
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.unequal, self.steps, self.of_allowed) {
            (0, _, _) => "equal".to_owned(),
            (unequal, 0, of_allowed) => format!("{unequal}x {:.1e}", of_allowed * RELATIVE),
            (unequal, steps, _) => format!("{unequal}x {steps} step"),
        };
        f.pad(&text)
    }
}

/// Types and shapes must be the same.
pub(crate) fn compare(actual: &[Golden], expected: &[Golden]) -> Result<Difference, String> {
    let mut worst = Difference::default();
    if actual.len() != expected.len() {
        return Err(format!("{} outputs, not {}", actual.len(), expected.len()));
    }
    for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        if (&actual.dtype, &actual.shape) != (&expected.dtype, &expected.shape) {
            return Err(format!(
                "output {index} is {} {:?}, not {} {:?}",
                actual.dtype, actual.shape, expected.dtype, expected.shape
            ));
        }
        worst.add(compare_values(&actual.values, &expected.values));
    }
    Ok(worst)
}

fn compare_values(actual: &Values, expected: &Values) -> Difference {
    assert_eq!(actual.len(), expected.len(), "as the shape says");
    match (actual, expected) {
        (Values::Floats(actual), Values::Floats(expected)) => {
            let widen = |values: &[f32]| values.iter().map(|&x| x.into()).collect::<Vec<_>>();
            compare_floats(&widen(actual), &widen(expected))
        }
        (Values::Doubles(actual), Values::Doubles(expected)) => compare_floats(actual, expected),
        (Values::Integers(actual, _), Values::Integers(expected, _)) => {
            let steps = |(a, b): (&i64, &i64)| a.abs_diff(*b);
            let pairs = || actual.iter().zip(expected);
            Difference {
                steps: pairs().map(steps).max().unwrap_or(0),
                unequal: pairs().filter(|(a, b)| a != b).count(),
                of_allowed: 0.0,
            }
        }
        (Values::Strings(actual), Values::Strings(expected)) => {
            let unequal = actual.iter().zip(expected).filter(|(a, b)| a != b).count();
            Difference {
                steps: if unequal == 0 { 0 } else { u64::MAX },
                unequal,
                of_allowed: 0.0,
            }
        }
        _ => unreachable!("the types are the same"),
    }
}

fn compare_floats(actual: &[f64], expected: &[f64]) -> Difference {
    let largest = (expected.iter().map(|x| x.abs()))
        .filter(|x| x.is_finite())
        .fold(0.0, f64::max);
    let mut worst = Difference::default();
    for (&actual, &expected) in actual.iter().zip(expected) {
        if actual.to_bits() == expected.to_bits() || (actual.is_nan() && expected.is_nan()) {
            continue;
        }
        let allowed = RELATIVE * expected.abs() + OF_LARGEST * largest;
        let of_allowed = (actual - expected).abs() / allowed;
        worst.add(Difference {
            // Not a number on one side only, or infinite.
            of_allowed: if of_allowed.is_nan() {
                f64::INFINITY
            } else {
                of_allowed
            },
            unequal: 1,
            steps: 0,
        });
    }
    worst
}

#[test]
fn differences_are_seen() {
    let compare = compare_floats;
    assert_eq!(
        compare(&[1.0, f64::NAN], &[1.0, f64::NAN]),
        Difference::default()
    );
    assert!(compare(&[1.000_01, 2.0], &[1.0, 2.0]).is_within(0));
    assert!(!compare(&[1.000_02, 1.0], &[1.0, 1.0]).is_within(9));
    assert!(!compare(&[f64::NAN], &[1.0]).is_within(9));
    assert!(!compare(&[f64::INFINITY], &[1.0]).is_within(9));
    assert!(!compare(&[1.0], &[f64::INFINITY]).is_within(9));
    assert!(!compare(&[1e-30], &[0.0]).is_within(9));
    let integers = |values: &[i64]| Values::Integers(values.to_vec(), Vec::new());
    let one = compare_values(&integers(&[1, 5]), &integers(&[1, 4]));
    assert!(one.is_within(1) && !one.is_within(0));
    let strings = |text: &str| Values::Strings(vec![text.into()]);
    assert!(compare_values(&strings("a"), &strings("a")).is_within(0));
    assert!(!compare_values(&strings("a"), &strings("b")).is_within(9));
}
