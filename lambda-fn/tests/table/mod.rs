//! Holds `docs/faults.md` to what the tests see: each of them has its row there.
//! `UPDATE_DOCS=1 cargo test -p lambda-fn` writes those that are different.

use std::{
    env, fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

pub(crate) const HEAD: &str = "# Faults, and what the client gets

Written by the tests of `lambda-fn`, each of which brings about one of these, and then sends a good request. All
servers are on the loopback interface. `cargo test -p lambda-fn --test bootstrap faults` runs most of them, with
the real program, and `--test requests` those that need a model with faults.

| fault | what the client gets | and the next request |
| --- | --- | --- |
";

/// All rows, in their order.
pub(crate) const FAULTS: [&str; 29] = [
    "the picture's server never answers",
    "it sends a byte now and then",
    "it closes the connection without an answer",
    "it resets the connection",
    "it resets it in the middle of the picture",
    "it says that the picture is longer than it is",
    "it says that the picture is shorter than it is",
    "it says that the picture has 10 GB",
    "it sends 10 GB without saying so",
    "it sends 10 GB in chunks",
    "its answer's head does not end",
    "it does not speak HTTP",
    "S3 breaks off in the middle of a new model",
    "S3 is gone when a new model is looked for",
    "S3 stops in the middle of a new model",
    "/tmp is full",
    "the time is over in the middle of the inference",
    "the time is over while the interpreter is still busy with that",
    "the model puts out no number",
    "the runtime fails",
    "a panic",
    "the client goes away in the middle of its picture",
    "the client goes away before its answer",
    "the client sends its picture too slowly",
    "ten times as many of them as `--concurrency`",
    "more requests than `--concurrency`",
    "SIGTERM to the server, with requests at hand",
    "SIGTERM to the server, under load",
    "SIGTERM in Lambda, with events at hand",
];

pub(crate) fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md")
}

/// Compares a row with the document's, or writes it.
pub(crate) fn row(fault: &str, got: &str, next: &str) {
    assert!(FAULTS.contains(&fault), "{fault} is not in the list of all");
    let cells = [fault, got, next].map(cell);
    let row = format!("| {} |", cells.join(" | "));
    let text = fs::read_to_string(file()).unwrap_or_default();
    if env::var_os("UPDATE_DOCS").is_none() {
        let found = text.lines().any(|line| line == row);
        assert!(found, "UPDATE_DOCS=1 writes docs/faults.md anew:\n{row}");
        return;
    }
    static LOCK: Mutex<()> = Mutex::new(());
    let _lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let text = fs::read_to_string(file()).unwrap_or_default();
    let rows = FAULTS.iter().filter_map(|name| {
        if *name == fault {
            return Some(row.clone());
        }
        let start = format!("| {name} | ");
        let line = text.lines().find(|line| line.starts_with(&start))?;
        Some(line.to_owned())
    });
    let rows: Vec<_> = rows.collect();
    fs::write(file(), format!("{HEAD}{}\n", rows.join("\n"))).unwrap();
}

/// A text in a row of a table.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A message without what libraries word as they like, some of them the system's.
pub(crate) fn steady(message: &str) -> &str {
    message
        .split(": error sending request")
        .next()
        .unwrap_or(message)
}

/// An answer as the table has it: the numbers that differ from time to time are left out.
pub(crate) fn told(status: u16, body: &str, address: &str) -> String {
    let answer: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let Some(kind) = answer["errorType"].as_str() else {
        return status.to_string();
    };
    let message = answer["errorMessage"].as_str().unwrap_or_default();
    let message = message.replace(address, "pictures.example");
    let words: Vec<_> = steady(&message).split(' ').collect();
    let mut steady = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let unit = words.get(index + 1).copied().unwrap_or_default();
        let is_time = word.parse::<f64>().is_ok() && unit.starts_with("ms");
        steady.push(if is_time { "…" } else { *word });
    }
    format!("{status} `{kind}`: {}", steady.join(" "))
}
