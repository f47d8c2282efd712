//! Simulates bursty traffic on AWS Lambda, and writes the tables and charts of `docs/scaling.md`:
//! `cargo run --release --package simulate`, with `--check` to compare only.
//!
//! What it starts from is in `measured.json`. The same file gives the same document, to the byte.

#![forbid(unsafe_code)]

mod lambda;
mod measured;
mod prices;
mod random;
mod report;
mod scenarios;
mod svg;
mod traffic;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use measured::Measured;

fn main() -> ExitCode {
    let result = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => documents().and_then(|files| {
            files.iter().try_for_each(|(path, text)| {
                fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
            })
        }),
        [only] if only == "--check" => check(),
        _ => Err("usage: simulate [--check]".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulate: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Fails if a committed file is not what `measured.json` gives.
fn check() -> Result<(), String> {
    let files = documents()?;
    let stale: Vec<String> = files
        .iter()
        .filter(|(path, text)| !fs::read_to_string(path).is_ok_and(|old| old == *text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!(
        "not what bench/simulate/measured.json gives: {}; \
         `cargo run --release --package simulate` writes them anew",
        stale.join(", ")
    ))
}

/// All files that are written, and what is in them.
fn documents() -> Result<Vec<(PathBuf, String)>, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = here.join("../../docs");
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let measured = Measured::parse(&read(&here.join("measured.json"))?)?;
    let results = scenarios::run(&measured);
    let document = docs.join("scaling.md");
    let mut text = read(&document)?;
    for (name, table) in report::tables(&measured, &results) {
        text = with_part(&text, name, &table)?;
    }
    let mut files = vec![(document, text)];
    for (name, chart) in report::charts(&measured, &results) {
        files.push((docs.join("scaling").join(name), chart));
    }
    Ok(files)
}

/// The text with another part between `<!-- simulate: NAME -->` and the next `<!-- end -->`.
fn with_part(text: &str, name: &str, part: &str) -> Result<String, String> {
    let begin = format!("<!-- simulate: {name} -->\n");
    let (before, rest) = text
        .split_once(&begin)
        .ok_or_else(|| format!("docs/scaling.md has no {}", begin.trim()))?;
    let (_, after) = rest
        .split_once("<!-- end -->")
        .ok_or_else(|| format!("docs/scaling.md does not end the part {name}"))?;
    Ok(format!("{before}{begin}{part}<!-- end -->{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_what_the_measurements_give() {
        check().unwrap();
    }

    #[test]
    fn a_part_is_replaced_and_the_rest_stays() {
        let text = "a\n<!-- simulate: x -->\nold\n<!-- end -->\nb\n<!-- end -->\n";
        assert_eq!(
            with_part(text, "x", "new\n").unwrap(),
            "a\n<!-- simulate: x -->\nnew\n<!-- end -->\nb\n<!-- end -->\n"
        );
        assert!(with_part(text, "y", "").is_err());
    }
}
