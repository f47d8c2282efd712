//! Complex numbers as text.

use super::real::{self, Precision, Real, Sign};

/// Real and imaginary part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Complex {
    re: Real,
    im: Real,
}

impl Complex {
    pub(super) fn new(precision: Precision, re: f64, im: f64) -> Self {
        Self {
            re: Real::new(precision, re),
            im: Real::new(precision, im),
        }
    }

    /// As Python prints a single number.
    pub(super) fn scalar(&self) -> String {
        let im = self.im.scalar("");
        if self.re.is_positive_zero() {
            return format!("{im}j");
        }
        let plus = if im.starts_with('-') { "" } else { "+" };
        format!("({}{plus}{im}j)", self.re.scalar(""))
    }
}

/// As NumPy prints them in an array.
pub(super) fn words(numbers: &[Complex]) -> Vec<String> {
    let parts = |part: fn(&Complex) -> Real| numbers.iter().map(part).collect::<Vec<_>>();
    let re = real::words(&parts(|number| number.re), Sign::Minus);
    let im = real::words(&parts(|number| number.im), Sign::Both);
    let pairs = re.into_iter().zip(im);
    pairs
        .map(|(re, im)| {
            // The letter belongs to the digits, with the padding behind it.
            let digits = im.trim_end();
            format!("{re}{digits}j{}", &im[digits.len()..])
        })
        .collect()
}
