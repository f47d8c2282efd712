//! The same numbers as the official Python runtime, on models of the official converter.
//!
//! `tests/parity/make.py` makes the models, and the golden values with the Python runtime. With
//! `cargo test --test parity -- --nocapture` the whole table is shown.

mod caches;
mod compare;
mod known;
mod run;
mod set;

use std::collections::BTreeMap;

use tflite::{Interpreter, InterpreterOptions, Xnnpack, XnnpackStatus};

use crate::compare::{Difference, compare};
use crate::known::{KNOWN, Known};
use crate::set::{Entry, Set};

/// Models, of all kinds together, that must be there. The set has far more.
const AT_LEAST: usize = 60;

/// Without XNNPACK and with it, with one thread and two.
const MODES: [(Xnnpack, usize); 4] = [
    (Xnnpack::Off, 1),
    (Xnnpack::Off, 2),
    (Xnnpack::Auto, 1),
    (Xnnpack::Auto, 2),
];

/// How far each mode is from the golden values of the same mode.
type Row = [Result<Difference, String>; MODES.len()];

/// How many operators XNNPACK took, and in how many models it took some.
#[derive(Default)]
struct Delegated {
    operators: usize,
    models: usize,
}

/// Models in which a shape depends on values, or with strings between operators: XNNPACK must not be
/// used with them, since it does not check that shapes fit together.
const DYNAMIC: [&str; 15] = [
    "fill.float32",
    "lstm_loop.dynamic",
    "lstm_loop.float16",
    "lstm_loop.float32",
    "moving_average.float32",
    "range.float32",
    "reshape_by_input.float32",
    "rnn_loop.dynamic",
    "rnn_loop.float16",
    "rnn_loop.float32",
    "segment_sum.float32",
    "string_gather.float32",
    "string_split.float32",
    "unique.float32",
    "where.float32",
];

/// Runs a model in all modes, each with an interpreter of its own that is invoked several times.
fn check(entry: &Entry, delegated: &mut Delegated) -> Row {
    let model = match entry.model() {
        Ok(model) => model,
        Err(error) => return MODES.map(|_| Err(error.to_string())),
    };
    let invocations = entry.invocations();
    assert!(invocations.len() >= 2, "{}", entry.name);
    MODES.map(|(xnnpack, threads)| {
        let options = InterpreterOptions::new()
            .threads(threads)
            .xnnpack(xnnpack.clone());
        let mut interpreter = Interpreter::new(&model, options).map_err(|e| e.to_string())?;
        let report = interpreter.delegate_report();
        let is_dynamic = DYNAMIC.contains(&&entry.name[..]);
        let is_as_wanted = match (&xnnpack, &report.xnnpack) {
            (Xnnpack::Off, status) => *status == XnnpackStatus::Off,
            (_, XnnpackStatus::Refused { reason }) => {
                is_dynamic && reason.contains("depends on values")
            }
            (_, status) => !is_dynamic && *status == XnnpackStatus::Applied,
        };
        if !is_as_wanted {
            return Err(format!("{:?} is unexpected", report.xnnpack));
        }
        if threads == 1 {
            delegated.operators += report.delegated;
            delegated.models += usize::from(report.delegated > 0);
        }
        let mut worst = Difference::default();
        for invocation in &invocations {
            let golden = match xnnpack {
                Xnnpack::Off => &invocation.plain,
                _ if is_dynamic => &invocation.plain,
                _ => &invocation.xnnpack,
            };
            worst.add(compare(&run::run(&mut interpreter, invocation), golden)?);
        }
        Ok(worst)
    })
}

/// What is wrong with a row, if anything is.
fn violations(entry: &Entry, row: &Row) -> Vec<String> {
    let known = Known::find(&entry.name);
    let is_fine = |xnnpack: &Xnnpack, result: &Result<Difference, String>| {
        // XNNPACK has other kernels for other processors, which may round differently.
        let steps = match xnnpack {
            Xnnpack::Off => 0,
            _ => 1,
        };
        result
            .as_ref()
            .is_ok_and(|difference| difference.is_within(steps))
            || known.is_some_and(|known| known.explains(result))
    };
    MODES
        .iter()
        .zip(row)
        .filter(|((xnnpack, _), result)| !is_fine(xnnpack, result))
        .map(|(mode, result)| format!("{} with {mode:?}: {result:?}", entry.name))
        .collect()
}

fn print(rows: &[(&Entry, Row)]) {
    let title = ["off, 1", "off, 2", "XNNPACK, 1", "XNNPACK, 2"].map(|mode| format!(" {mode:>15}"));
    println!("{:36}{}", "model", title.concat());
    for (entry, row) in rows {
        let cells = row.each_ref().map(|cell| match cell {
            Ok(difference) => format!(" {difference:>15}"),
            Err(_) => format!(" {:>15}", "failed"),
        });
        println!("{:36}{}", entry.name, cells.concat());
    }
    for known in KNOWN {
        println!("{}: {}", known.model, known.why);
    }
}

fn count<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(&name[..]).or_default() += 1;
    }
    counts
}

#[test]
fn golden_values() {
    let set = Set::read();
    let mut delegated = Delegated::default();
    let rows: Vec<(&Entry, Row)> = (set.models.iter())
        .map(|entry| (entry, check(entry, &mut delegated)))
        .collect();
    print(&rows);
    let models = &set.models;
    println!("kinds: {:?}", count(models.iter().map(|entry| &entry.kind)));
    println!(
        "families: {:?}",
        count(models.iter().map(|entry| &entry.family))
    );
    println!(
        "XNNPACK computes {} operators, in {} of {} models",
        delegated.operators,
        delegated.models,
        rows.len()
    );

    let violations: Vec<_> = (rows.iter())
        .flat_map(|(entry, row)| violations(entry, row))
        .collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(rows.len() >= AT_LEAST, "a part of the set is missing");
    assert!(
        delegated.models * 2 > rows.len(),
        "XNNPACK takes too little"
    );
    let is_there = |known: &Known| models.iter().any(|entry| entry.name == known.model);
    assert!(KNOWN.iter().all(is_there), "an explanation is left over");
}
