//! `cargo xtask instructions`: counts the instructions of parts of the work with valgrind, and
//! compares them with those that are committed.
//!
//! Times vary by more than a slow change costs; the number of instructions does not. It is counted
//! twice, with once and twice the rounds, and what starting costs is in neither difference. Counts
//! are for the processor that valgrind imitates, which has AVX2 if the machine has it, and never
//! AVX-512.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::checks::Outcome;
use crate::run::{Result, build_program, capture, checked, read_json, root};
use crate::setup;

/// Parts of the work, and as many rounds of each as make the difference precise.
const WORK: &[(&str, u64)] = &[
    ("wrapper", 4000),
    ("decode", 8),
    ("preprocess-nearest", 40),
    ("preprocess-bilinear", 8),
    ("handler", 60),
];

/// A change by more than this share is told: of the same compilers' code, it is the source's.
const TOLERANCE: f64 = 0.03;
/// Where compilers or libraries are others than the baseline's. A new release of either moves the
/// counts by some per cent, and nobody has done anything; work that is done twice is still seen.
const LOOSE_TOLERANCE: f64 = 0.15;

#[derive(Args)]
pub(crate) struct Options {
    /// Take what is counted now as the baseline
    #[arg(long)]
    update: bool,
}

/// Instructions of a round, by the name of the work.
type Counts = BTreeMap<String, u64>;

/// `bench/instructions/baselines.json`: one for each set of tools.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Baselines {
    baselines: Vec<Baseline>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    tools: Tools,
    /// Of a round.
    instructions: Counts,
}

/// What decides on the code that runs, beside the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tools {
    processor: String,
    rustc: String,
    cxx: String,
    libc: String,
    valgrind: String,
}

impl Tools {
    fn of_this_machine() -> Result<Self> {
        let first_line = |program: &str| -> Result<String> {
            let text = capture(Command::new(program).arg("--version"))?;
            Ok(text.lines().next().unwrap_or_default().to_owned())
        };
        Ok(Self {
            processor: processor(),
            // As Cargo is told, which may have another one than the first in the path.
            rustc: first_line(&std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()))?,
            // Neither is needed where a prebuilt library is linked.
            cxx: first_line("c++").unwrap_or_default(),
            libc: first_line("ldd").unwrap_or_default(),
            valgrind: first_line("valgrind")?,
        })
    }
}

#[cfg(target_arch = "x86_64")]
fn processor() -> String {
    let avx2 = std::arch::is_x86_feature_detected!("avx2");
    format!("x86_64 {} AVX2", if avx2 { "with" } else { "without" })
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> String {
    std::env::consts::ARCH.to_owned()
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.update {
        return update();
    }
    match check()? {
        Outcome::Passed => {}
        Outcome::Counted(words) => println!("{words}"),
        Outcome::Skipped(reason) => println!("skipped: {reason}"),
    }
    Ok(())
}

/// Counts, and fails if one of the counts is larger than it was.
pub(crate) fn check() -> Result<Outcome> {
    setup::for_build()?;
    setup::ensure(setup::VALGRIND)?;
    let tools = Tools::of_this_machine()?;
    let baselines: Baselines = read_json(&file())?;
    let Some((baseline, tolerance)) = choose(&baselines, &tools) else {
        return Ok(Outcome::Skipped(format!(
            "no baseline for {}; `cargo xtask instructions --update` makes one",
            tools.processor
        )));
    };
    let counted = count()?;
    let comparison = compare(&baseline.instructions, &counted, tolerance);
    for line in &comparison.lines {
        eprintln!("    {line}");
    }
    let due = "`cargo xtask instructions --update`, and commit the file";
    if !comparison.worse.is_empty() {
        return Err(format!(
            "more instructions than the baseline has, by over {:.0} %: {}\n\
             if that is the price of something: {due}",
            tolerance * 100.0,
            comparison.worse.join(", ")
        ));
    }
    let mut words = format!("{} counts", counted.len());
    if !comparison.better.is_empty() {
        let better = comparison.better.join(", ");
        words.push_str(&format!(", fewer: {better}; it is time for {due}"));
    }
    if tools != baseline.tools {
        words.push_str(&format!(
            "; within {:.0} %, since the baseline is of other tools ({})",
            tolerance * 100.0,
            difference(&baseline.tools, &tools)
        ));
    }
    Ok(Outcome::Counted(words))
}

/// The baseline of these tools, or the first one of the same processor.
fn choose<'a>(baselines: &'a Baselines, tools: &Tools) -> Option<(&'a Baseline, f64)> {
    let all = &baselines.baselines;
    if let Some(same) = all.iter().find(|one| one.tools == *tools) {
        return Some((same, TOLERANCE));
    }
    all.iter()
        .find(|one| one.tools.processor == tools.processor)
        .map(|one| (one, LOOSE_TOLERANCE))
}

/// The tools that are not the same.
fn difference(old: &Tools, new: &Tools) -> String {
    let pairs = [
        (&old.rustc, &new.rustc),
        (&old.cxx, &new.cxx),
        (&old.libc, &new.libc),
        (&old.valgrind, &new.valgrind),
    ];
    let differing: Vec<&str> = pairs
        .iter()
        .filter(|(old, new)| old != new)
        .map(|(old, _)| old.as_str())
        .collect();
    differing.join(", ")
}

/// What has come of the counts.
#[derive(Debug, Default, PartialEq)]
struct Comparison {
    /// For the reader.
    lines: Vec<String>,
    /// By more than the tolerance, or without a partner.
    worse: Vec<String>,
    better: Vec<String>,
}

fn compare(old: &Counts, new: &Counts, tolerance: f64) -> Comparison {
    let mut comparison = Comparison::default();
    for (name, &count) in new {
        let Some(&before) = old.get(name) else {
            comparison.worse.push(format!("{name} has no baseline"));
            continue;
        };
        let change = count as f64 / before as f64 - 1.0;
        let percent = format!("{:+.2} %", change * 100.0);
        comparison
            .lines
            .push(format!("{name:<20} {before:>10} -> {count:>10}  {percent}"));
        if change > tolerance {
            comparison.worse.push(format!("{name} {percent}"));
        } else if change < -tolerance {
            comparison.better.push(format!("{name} {percent}"));
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        comparison.worse.push(format!("{name} is not counted"));
    }
    comparison
}

fn update() -> Result<()> {
    setup::for_build()?;
    setup::ensure(setup::VALGRIND)?;
    let tools = Tools::of_this_machine()?;
    let mut all: Baselines = if file().exists() {
        read_json(&file())?
    } else {
        Baselines::default()
    };
    let instructions = count()?;
    all.baselines.retain(|one| one.tools != tools);
    // In front: that of the newest tools is the nearest to others that are newer still.
    all.baselines.insert(
        0,
        Baseline {
            tools,
            instructions,
        },
    );
    let text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
    fs::write(file(), text + "\n").map_err(|error| format!("{}: {error}", file().display()))
}

fn file() -> PathBuf {
    root().join("bench/instructions/baselines.json")
}

fn count() -> Result<Counts> {
    let program = build_program(&["--package", "instruction-counts"])?;
    WORK.iter()
        .map(|&(name, rounds)| {
            let (once, twice) = (
                instructions(&program, name, rounds)?,
                instructions(&program, name, 2 * rounds)?,
            );
            Ok((name.to_owned(), twice.saturating_sub(once) / rounds))
        })
        .collect()
}

/// All instructions of a process.
fn instructions(program: &Path, work: &str, rounds: u64) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .arg(work)
        .arg(rounds.to_string())
        // The environment is on the stack, and moves what is there.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    checked(&command, &output)?;
    let words = String::from_utf8_lossy(&output.stderr);
    collected(&words).ok_or_else(|| format!("valgrind has counted nothing:\n{words}"))
}

/// The number in `==123== Collected : 456`.
fn collected(words: &str) -> Option<u64> {
    let line = words.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> Counts {
        pairs
            .iter()
            .map(|&(name, count)| (name.to_owned(), count))
            .collect()
    }

    fn tools(processor: &str, rustc: &str) -> Tools {
        Tools {
            processor: processor.to_owned(),
            rustc: rustc.to_owned(),
            cxx: "c++ 12".to_owned(),
            libc: "libc 2.36".to_owned(),
            valgrind: "valgrind-3.19.0".to_owned(),
        }
    }

    #[test]
    fn three_per_cent_more_are_taken_and_a_little_over_is_not() {
        let old = counts(&[("decode", 10_000), ("wrapper", 1000)]);
        let same = compare(
            &old,
            &counts(&[("decode", 10_299), ("wrapper", 971)]),
            TOLERANCE,
        );
        assert_eq!((same.worse.len(), same.better.len()), (0, 0), "{same:?}");
        let worse = compare(
            &old,
            &counts(&[("decode", 10_301), ("wrapper", 1000)]),
            TOLERANCE,
        );
        assert_eq!(worse.worse, ["decode +3.01 %"]);
        let better = compare(
            &old,
            &counts(&[("decode", 10_000), ("wrapper", 900)]),
            TOLERANCE,
        );
        assert_eq!((better.worse.len(), better.better.len()), (0, 1));
    }

    #[test]
    fn work_without_a_baseline_and_a_baseline_without_work_are_told() {
        let comparison = compare(&counts(&[("a", 1)]), &counts(&[("b", 1)]), TOLERANCE);
        assert_eq!(comparison.worse, ["b has no baseline", "a is not counted"]);
    }

    #[test]
    fn other_tools_are_compared_loosely_and_other_processors_not_at_all() {
        let baseline = |tools| Baseline {
            tools,
            instructions: Counts::new(),
        };
        let all = Baselines {
            baselines: vec![
                baseline(tools("x86_64 with AVX2", "rustc 2")),
                baseline(tools("x86_64 with AVX2", "rustc 1")),
            ],
        };
        let found = |tools: &Tools| {
            choose(&all, tools).map(|(one, tolerance)| (one.tools.rustc.clone(), tolerance))
        };
        let (old, new) = ("rustc 1".to_owned(), "rustc 2".to_owned());
        let here = |rustc| tools("x86_64 with AVX2", rustc);
        assert_eq!(found(&here("rustc 1")), Some((old, TOLERANCE)));
        assert_eq!(found(&here("rustc 3")), Some((new, LOOSE_TOLERANCE)));
        assert_eq!(found(&tools("aarch64", "rustc 1")), None);
        assert_eq!(difference(&here("rustc 1"), &here("rustc 3")), "rustc 1");
    }

    #[test]
    fn the_number_is_found_among_valgrinds_words() {
        let words =
            "==7== Callgrind\n==7== \n==7== Events    : Ir\n==7== Collected : 3267521\n==7==\n";
        assert_eq!(collected(words), Some(3_267_521));
        assert_eq!(collected("valgrind: no such program"), None);
    }

    #[test]
    fn the_committed_baselines_are_of_the_work_that_is_counted() {
        let all: Baselines = read_json(&file()).unwrap();
        assert!(!all.baselines.is_empty());
        let names = WORK.iter().map(|(name, _)| (*name).to_owned());
        let names: std::collections::BTreeSet<_> = names.collect();
        for one in &all.baselines {
            assert!(one.instructions.keys().eq(names.iter()), "{:?}", one.tools);
        }
    }
}
