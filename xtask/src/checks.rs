//! Steps that are taken one after the other, and counted.

use std::time::Instant;

use clap::Args;

use crate::run::{Result, seconds, step};

/// How a step has ended that has not failed.
pub(crate) enum Outcome {
    Passed,
    /// With a number or two that are worth a line.
    Counted(String),
    /// It cannot be taken here, and why.
    Skipped(String),
}

/// A step and its name.
pub(crate) type Check = (&'static str, fn() -> Result<Outcome>);

#[derive(Args)]
pub(crate) struct Options {
    /// Run only the steps whose name contains this
    filter: Option<String>,
}

/// Prepares, takes all steps that are asked for, also after one has failed, and says in the end how
/// they went.
pub(crate) fn run(
    checks: &[Check],
    options: &Options,
    prepare: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let filter = options.filter.as_deref().unwrap_or_default();
    let checks: Vec<_> = checks
        .iter()
        .filter(|(name, _)| name.contains(filter))
        .collect();
    if checks.is_empty() {
        return Err(format!("no step has '{filter}' in its name"));
    }
    prepare()?;
    let start = Instant::now();
    let mut lines = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, check) in &checks {
        let began = Instant::now();
        let line = match step(name, check) {
            Ok(Outcome::Passed) => {
                passed += 1;
                format!("passed   {name}")
            }
            Ok(Outcome::Counted(numbers)) => {
                passed += 1;
                format!("passed   {name}: {numbers}")
            }
            Ok(Outcome::Skipped(reason)) => {
                skipped += 1;
                format!("skipped  {name}: {reason}")
            }
            Err(error) => {
                failed += 1;
                // At once too: the summary may be a quarter of an hour away.
                eprintln!("{error}");
                format!(
                    "FAILED   {name}: {}",
                    error.lines().next().unwrap_or_default()
                )
            }
        };
        lines.push(format!("{line} ({})", seconds(began.elapsed())));
    }
    eprintln!("\n{}\nin {}", lines.join("\n"), seconds(start.elapsed()));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of {} steps failed", checks.len()))
    }
}
