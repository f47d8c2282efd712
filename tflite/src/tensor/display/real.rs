//! Real numbers as text.

/// How many digits behind the point, at most.
const DIGITS: usize = 8;

/// How exact a number's type is. It decides how many digits tell the number from its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    Half,
    Single,
    Double,
}

/// Which numbers have a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Minus,
    Both,
}

/// A number, exactly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Real {
    precision: Precision,
    value: f64,
}

impl Precision {
    /// The nearest number of the type.
    fn round(self, value: f64) -> f64 {
        match self {
            Self::Half => super::narrow::from_f16(super::narrow::to_f16(value as f32)).into(),
            Self::Single => f64::from(value as f32),
            Self::Double => value,
        }
    }

    /// From here on, an array is printed with exponents: where not all digits before the point
    /// are significant, but at the latest from 10^8.
    fn large(self) -> f64 {
        match self {
            Self::Half => 1e3,
            Self::Single => 1e6,
            Self::Double => 1e8,
        }
    }
}

impl Real {
    pub(super) fn new(precision: Precision, value: f64) -> Self {
        Self { precision, value }
    }

    pub(super) fn is_positive_zero(&self) -> bool {
        self.value == 0.0 && self.value.is_sign_positive()
    }

    /// The number with the fewest significant digits that is nearer to this one than to any other
    /// of the type. Of two, it is the one with the even digit, other than what Rust prints.
    fn shortest(self) -> String {
        let own = match self.precision {
            Precision::Double => format!("{:e}", self.value),
            Precision::Single => format!("{:e}", self.value as f32),
            Precision::Half => {
                // Five digits tell all of them apart. A nudge rounds a half up, where the neighbour
                // below is nearer than the one above.
                let mut texts = (0..5).flat_map(|digits| {
                    [1.0, 1.0 + 1e-9].map(|nudge| format!("{:.digits$e}", self.value * nudge))
                });
                return texts
                    .find(|text| self.is_written(text))
                    .unwrap_or_else(|| format!("{:e}", self.value));
            }
        };
        let (_, digits, _) = split(&own);
        let even = format!("{:.*e}", digits.len(), self.value);
        if self.is_written(&even) { even } else { own }
    }

    /// Whether this is the number of the type that is nearest to a decimal one.
    fn is_written(self, text: &str) -> bool {
        let nearest = match self.precision {
            Precision::Single => text.parse().map(|number: f32| number.into()),
            _ => text.parse().map(|number| self.precision.round(number)),
        };
        nearest == Ok(self.value)
    }

    /// Without an exponent, as the digits before and behind the point.
    fn positional(self, limit: usize) -> (String, String) {
        let (first, digits, exponent) = split(&self.shortest());
        let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        if length(digits.len()) - i64::from(exponent) <= length(limit) {
            return place_point(&first, &digits, exponent);
        }
        // The exact value decides how it is rounded.
        let text = format!("{:.limit$}", self.value);
        let (whole, digits) = text.split_once('.').unwrap_or((&text, ""));
        (whole.to_owned(), digits.trim_end_matches('0').to_owned())
    }

    /// With an exponent: the digits before and behind the point, and the exponent.
    fn scientific(self, limit: usize) -> (String, String, i32) {
        let parts = split(&self.shortest());
        if parts.1.len() <= limit {
            return parts;
        }
        let (whole, digits, exponent) = split(&format!("{:.limit$e}", self.value));
        (whole, digits.trim_end_matches('0').to_owned(), exponent)
    }

    /// With an exponent and exactly so many digits behind the point.
    fn rounded(self, digits: usize) -> (String, String, i32) {
        let parts = split(&self.shortest());
        if parts.1.len() == digits {
            return parts;
        }
        split(&format!("{:.digits$e}", self.value))
    }

    /// As Python prints a single number; a whole one ends in `whole`.
    pub(super) fn scalar(&self, whole: &str) -> String {
        let magnitude = self.value.abs();
        if !self.value.is_finite() {
            return self.special("");
        }
        // A single number of 64 bits is written out longer than one in an array.
        let large = match self.precision {
            Precision::Double => 1e16,
            other => other.large(),
        };
        if magnitude == 0.0 || (1e-4..large).contains(&magnitude) {
            let (before, behind) = self.positional(usize::MAX);
            return match behind.as_str() {
                "" => before + whole,
                _ => format!("{before}.{behind}"),
            };
        }
        let (before, behind, exponent) = self.scientific(usize::MAX);
        let point = if behind.is_empty() { "" } else { "." };
        format!("{before}{point}{behind}e{}", exponent_text(exponent, 2))
    }

    fn special(self, plus: &str) -> String {
        let sign = if self.value < 0.0 { "-" } else { plus };
        match self.value.is_nan() {
            true => format!("{plus}nan"),
            false => format!("{sign}inf"),
        }
    }
}

/// The text of a number with an exponent in its parts.
fn split(text: &str) -> (String, String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, digits) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (
        whole.to_owned(),
        digits.to_owned(),
        exponent.parse().unwrap_or(0),
    )
}

/// The digits before and behind the point of a number without its exponent.
fn place_point(first: &str, digits: &str, exponent: i32) -> (String, String) {
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    if exponent < 0 {
        let sign = if first.starts_with('-') { "-" } else { "" };
        let zeros = "0".repeat(shift - 1);
        let first = first.trim_start_matches('-');
        return (format!("{sign}0"), format!("{zeros}{first}{digits}"));
    }
    let (before, behind) = digits.split_at(shift.min(digits.len()));
    let zeros = "0".repeat(shift - before.len());
    (format!("{first}{before}{zeros}"), behind.to_owned())
}

fn exponent_text(exponent: i32, digits: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:0digits$}", exponent.unsigned_abs())
}

/// Numbers as NumPy prints them in an array: with the points below each other.
pub(super) fn words(numbers: &[Real], sign: Sign) -> Vec<String> {
    let finite: Vec<Real> = numbers
        .iter()
        .copied()
        .filter(|real| real.value.is_finite())
        .collect();
    let plus = match sign {
        Sign::Minus => "",
        Sign::Both => "+",
    };
    let signed = |whole: String| match whole.starts_with('-') {
        true => whole,
        false => plus.to_owned() + &whole,
    };
    let is_scientific = is_scientific(&finite);
    // How wide the digits before and behind the point are, with an exponent.
    let (mut left, mut right) = (0, 0);
    // Behind the point, and in the exponent.
    let (mut digits, mut exponent_digits) = (0, 2);
    for real in &finite {
        let whole = if is_scientific {
            let (whole, behind, exponent) = real.scientific(DIGITS);
            digits = digits.max(behind.len());
            exponent_digits = exponent_digits.max(exponent_text(exponent, 2).len() - 1);
            right = exponent_digits + 2 + digits;
            whole
        } else {
            let (whole, behind) = real.positional(DIGITS);
            right = right.max(behind.len());
            whole
        };
        left = left.max(signed(whole).len());
    }
    if finite.len() < numbers.len() {
        let infinity = numbers.iter().any(|real| real.value == f64::NEG_INFINITY);
        let longest = if infinity || sign == Sign::Both { 4 } else { 3 };
        left = left.max(longest - (right + 1).min(longest));
    }
    let word = |real: &Real| {
        if !real.value.is_finite() {
            return format!("{:>1$}", real.special(plus), left + right + 1);
        }
        if is_scientific {
            let (whole, behind, exponent) = real.rounded(digits);
            let exponent = exponent_text(exponent, exponent_digits);
            return format!("{:>left$}.{behind}e{exponent}", signed(whole));
        }
        let (whole, behind) = real.positional(DIGITS);
        format!("{:>left$}.{behind:<right$}", signed(whole))
    };
    numbers.iter().map(word).collect()
}

/// Whether an array of these numbers is printed with exponents: if some are very large or small,
/// or very different.
fn is_scientific(finite: &[Real]) -> bool {
    let Some(precision) = finite.first().map(|real| real.precision) else {
        return false;
    };
    let magnitudes = finite.iter().map(|real| real.value.abs());
    let magnitudes = magnitudes.filter(|&magnitude| magnitude != 0.0);
    let (smallest, largest) = magnitudes
        .fold((f64::INFINITY, 0.0_f64), |(low, high), magnitude| {
            (low.min(magnitude), high.max(magnitude))
        });
    largest > 0.0
        && (largest >= precision.large()
            || smallest < precision.round(1e-4)
            || precision.round(largest / smallest) > 1000.0)
}
