//! What the safe API costs over the bare C functions: time and heap allocations of one round, which
//! is to set the input, to invoke, and to read the output.
//!
//! `cargo bench --package tflite-native --bench overhead`. Both sides run in turns, with the same
//! number of threads and XNNPACK on both or none. It fails if a round of the smallest model, whose
//! own work hides the least, costs more than [`LIMIT`] or allocates.

mod bare;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod heap;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use bare::Bare;
use tflite::{Interpreter, InterpreterOptions, Model, Xnnpack};

/// The most nanoseconds that the wrapper may add to a round.
const LIMIT: f64 = 300.0;

/// A model with one float32 input and output, and how to time it.
struct Case {
    name: &'static str,
    path: PathBuf,
    /// Rounds that are timed together.
    rounds: u32,
    /// How often each side's turn comes.
    turns: usize,
}

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let add = Case {
        name: "add (3 floats)",
        path: here.join("tests/models/add.tflite"),
        rounds: 1000,
        turns: 301,
    };
    let clothing = Case {
        name: "clothing (224x224x3)",
        path: here.join("../model/clothing.tflite"),
        rounds: 1,
        turns: 101,
    };
    println!(
        "{:<22} {:>8} {:>8}  {:>12} {:>12} {:>9}  {:>11} {:>11}",
        "model",
        "XNNPACK",
        "threads",
        "C, ns",
        "wrapper, ns",
        "added, ns",
        "allocations",
        "invoke only"
    );
    let mut failed = false;
    for (threads, xnnpack) in [(1, true), (1, false)] {
        failed |= measure(&add, threads, xnnpack) > LIMIT;
    }
    // The work of these rounds varies by more than the wrapper costs.
    for (threads, xnnpack) in [(1, true), (2, true)] {
        measure(&clothing, threads, xnnpack);
    }
    if failed {
        eprintln!("a round of the smallest model costs more than {LIMIT} ns, or allocates");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Prints what was measured. Nanoseconds that the wrapper adds to a round; infinite if it allocates.
fn measure(case: &Case, threads: i32, xnnpack: bool) -> f64 {
    let model = Model::from_file(&case.path).expect("a model of the repository");
    let mut bare = Bare::new(&model, threads, xnnpack);
    let options = InterpreterOptions::new()
        .threads(threads.unsigned_abs() as usize)
        .xnnpack(if xnnpack { Xnnpack::Auto } else { Xnnpack::Off });
    let mut safe = Interpreter::new(&model, options).expect("a model of the repository");
    let input = vec![0.5_f32; elements(&safe.input(0).expect("one"))];
    let mut output = vec![0.0_f32; elements(&safe.output(0).expect("one"))];
    let mut expected = output.clone();

    let rounds = turns(
        case,
        || bare.run(black_box(&input), black_box(&mut expected)),
        || run(&mut safe, black_box(&input), black_box(&mut output)),
    );
    assert_eq!(output, expected, "both sides compute the same");
    let invocations = turns(
        case,
        || bare.invoke(),
        || safe.invoke().expect("it worked before"),
    );
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    let allocations = heap::allocations(|| {
        for _ in 0..10 {
            run(&mut safe, &input, &mut output);
        }
    });
    // There is no count on other systems.
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let allocations = 0;
    println!(
        "{:<22} {:>8} {:>8}  {:>12.0} {:>12.0} {:>9.0}  {:>11} {:>11.0}",
        case.name,
        if xnnpack { "on" } else { "off" },
        threads,
        rounds.bare,
        rounds.safe,
        rounds.added,
        allocations,
        invocations.added,
    );
    if allocations > 0 {
        return f64::INFINITY;
    }
    rounds.added.max(invocations.added)
}

/// One round through the safe API.
fn run(interpreter: &mut Interpreter, input: &[f32], output: &mut [f32]) {
    let mut round = || {
        interpreter.input_mut(0)?.copy_from_slice(input)?;
        interpreter.invoke()?;
        output.copy_from_slice(interpreter.output(0)?.data()?);
        tflite::Result::Ok(())
    };
    round().expect("it worked before");
}

/// Medians over all turns, in nanoseconds of one round.
struct Times {
    bare: f64,
    safe: f64,
    /// Of the differences of neighbouring turns, so that a slower machine now and then does not
    /// matter.
    added: f64,
}

/// Times both sides in turns.
fn turns(case: &Case, mut bare: impl FnMut(), mut safe: impl FnMut()) -> Times {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        for _ in 0..case.rounds {
            work();
        }
        start.elapsed().as_nanos() as f64 / f64::from(case.rounds)
    };
    for _ in 0..3 {
        time(&mut bare);
        time(&mut safe);
    }
    let pairs: Vec<(f64, f64)> = (0..case.turns)
        .map(|turn| {
            // Who goes first changes, since the second finds the caches filled.
            if turn % 2 == 0 {
                let bare = time(&mut bare);
                (bare, time(&mut safe))
            } else {
                let safe = time(&mut safe);
                (time(&mut bare), safe)
            }
        })
        .collect();
    Times {
        bare: median(pairs.iter().map(|(bare, _)| *bare)),
        safe: median(pairs.iter().map(|(_, safe)| *safe)),
        added: median(pairs.iter().map(|(bare, safe)| safe - bare)),
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn elements(tensor: &tflite::Tensor<'_>) -> usize {
    tensor.shape().elements().expect("a tensor that is there")
}
