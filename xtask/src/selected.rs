//! The feature `selected-ops`: a program with the operators of a list computes the same with them, and
//! says which one it lacks.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::checks::Outcome;
use crate::run::{Result, cargo, checked, executable, messages, root};

const NAMES: &str = "TFLITE_SYS_OPS";
const MODELS: &str = "TFLITE_SYS_OPS_FROM";
/// For the list: the one and what the model below has.
const NAMED: &str = "TRANSPOSE";
const MODEL: &str = "model/clothing.tflite";
/// A selected operator, with a value that its kernel would trust.
const HOSTILE: (&str, &str) = (
    "tflite/tests/models/hostile/transpose_constant_0.tflite",
    "is there twice",
);
/// Models, and an operator of each that is not in the list; the last one is in a second subgraph.
const OTHERS: [(&str, &str); 2] = [
    (
        "tflite/tests/parity/data/lstm_fused.float32.tflite",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
    ),
    ("tflite/tests/parity/data/lstm_loop.float32.tflite", "TANH"),
];
/// How much smaller the program must be at least. All kernels have more than twice as much.
const SAVED: u64 = 1 << 20;

pub(crate) fn check() -> Result<Outcome> {
    let whole = Built::new(&mut tool())?;
    let part = Built::new(
        tool()
            .args(["--features", "selected-ops"])
            .env(NAMES, NAMED)
            .env(MODELS, root().join(MODEL)),
    )?;
    for (how, whole, part) in [
        ("with XNNPACK", &whole.fast, &part.fast),
        ("without XNNPACK", &whole.slow, &part.slow),
    ] {
        if whole != part {
            return Err(format!("{how}, {MODEL} gives another answer"));
        }
    }
    let (_, words) = HOSTILE;
    for (which, built) in [("whole", &whole), ("selected", &part)] {
        if !built.hostile.contains(words) {
            return Err(format!(
                "the {which} operators refuse no value: {}",
                built.hostile
            ));
        }
    }
    if let Some(words) = whole.others.iter().find(|words| !words.is_empty()) {
        return Err(format!("with all operators: {words}"));
    }
    for ((model, operator), words) in OTHERS.iter().zip(&part.others) {
        let says = words.contains("not selected") && words.contains(operator);
        if !says {
            return Err(format!("{model} lacks {operator}, but: {words}"));
        }
    }
    let saved = whole.size.saturating_sub(part.size);
    if saved < SAVED {
        return Err(format!("{saved} bytes smaller, of {}", whole.size));
    }
    misspelt()?;
    Ok(Outcome::Counted(format!(
        "{:.1} MB smaller",
        saved as f64 / 1e6
    )))
}

/// What the command-line tool answers, built in one way.
struct Built {
    size: u64,
    fast: String,
    slow: String,
    hostile: String,
    /// Of all models that may be refused; empty if they are not.
    others: Vec<String>,
}

impl Built {
    fn new(build: &mut Command) -> Result<Self> {
        let program = executable(&messages(build)?).ok_or("no program was made")?;
        let size = program.metadata().map_err(|error| error.to_string())?.len();
        Ok(Self {
            size,
            fast: answer(&program, &[])?,
            slow: answer(&program, &["--no-xnnpack"])?,
            hostile: error(&run(&program, HOSTILE.0, &[])?),
            others: OTHERS
                .iter()
                .map(|(model, _)| Ok(error(&run(&program, model, &[])?)))
                .collect::<Result<_>>()?,
        })
    }
}

fn tool() -> Command {
    let mut command = cargo();
    command
        .args(["build", "--package", "tflite-cli", "--locked"])
        .env_remove(NAMES)
        .env_remove(MODELS);
    command
}

fn run(program: &Path, model: &str, options: &[&str]) -> Result<Output> {
    let model: PathBuf = root().join(model);
    Command::new(program)
        .args(["run", "--seed", "1"])
        .args(options)
        .arg(model)
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))
}

/// What it prints for the model.
fn answer(program: &Path, options: &[&str]) -> Result<String> {
    let output = run(program, MODEL, options)?;
    checked(&Command::new(program), &output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What it says of a failure.
fn error(output: &Output) -> String {
    if output.status.success() {
        return String::new();
    }
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A name that nobody knows stops the build, with a name that is meant.
fn misspelt() -> Result<()> {
    let output = cargo()
        .args(["check", "--package", "tflite-sys", "--locked"])
        .args(["--features", "selected-ops"])
        .env(NAMES, "CONV2D")
        .env_remove(MODELS)
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !words.contains("did you mean 'CONV_2D'?") {
        return Err(format!("the name CONV2D is not refused:\n{words}"));
    }
    Ok(())
}
