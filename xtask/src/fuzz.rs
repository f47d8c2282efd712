//! `cargo xtask fuzz`: runs the targets in `fuzz/` for a while, and counts.
//!
//! A crash does not end the run: its input is kept, and the target starts again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use crate::instrumented::{self, file, host, nightly, options, with_native};
use crate::run::{Result, capture, root, run as run_command, step, target, tools};

/// The version of cargo-fuzz that the layout and the flags are known to fit.
const CARGO_FUZZ: &str = "0.13.2";

/// A target, and what libFuzzer is told of it.
struct Target {
    name: &'static str,
    /// Larger inputs would only be slower.
    max_len: usize,
    /// Folders below `tflite/tests` whose models are the first inputs.
    seeds: &'static [&'static str],
}

const MODELS: &[&str] = &[
    "models",
    "models/accepted",
    "models/hostile",
    "models/refused",
    "models/shapes",
    "parity/data",
];

const TARGETS: &[Target] = &[
    Target {
        name: "model",
        max_len: 16 << 10,
        seeds: MODELS,
    },
    Target {
        name: "values",
        max_len: 4 << 10,
        seeds: &[],
    },
    Target {
        name: "info",
        max_len: 8 << 10,
        seeds: &[],
    },
    Target {
        name: "strings",
        max_len: 4 << 10,
        seeds: &[],
    },
    Target {
        name: "decode",
        max_len: 16 << 10,
        seeds: &["../../keras-preprocess/tests/golden/pictures"],
    },
];

/// What libFuzzer and AddressSanitizer say when a limit ends a run.
const LIMITS: [&str; 4] = [
    "libFuzzer: timeout",
    "libFuzzer: out-of-memory",
    "AddressSanitizer: out of memory",
    "AddressSanitizer: requested allocation size",
];

/// More than a target that has lost its sense.
const MAX_CRASHES: usize = 100;

#[derive(Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Keep the inputs that reach what no other one reaches in fuzz/corpus
    #[arg(long)]
    keep: bool,
    /// The targets; all of them by default
    targets: Vec<String>,
}

/// What has come of one target.
#[derive(Default)]
struct Total {
    runs: u64,
    seconds: u64,
    crashes: usize,
    /// How often a limit ended it.
    limits: usize,
    corpus: (usize, u64),
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen: Vec<_> = TARGETS
        .iter()
        .filter(|target| {
            options.targets.is_empty() || options.targets.iter().any(|name| name == target.name)
        })
        .collect();
    if let Some(unknown) = options
        .targets
        .iter()
        .find(|name| !TARGETS.iter().any(|target| target.name == name.as_str()))
    {
        return Err(format!("there is no target '{unknown}'"));
    }
    instrumented::prepare()?;
    let programs = step("Building the fuzz targets", build)?;
    let mut lines = Vec::new();
    let mut crashes = 0;
    for target in chosen {
        let total = step(&format!("Fuzzing {}", target.name), || {
            fuzz(target, &programs, options)
        })?;
        crashes += total.crashes;
        let (files, bytes) = total.corpus;
        let line = format!(
            "{:8} {:>10} runs {:>6} s {:>4} crashes {:>4} beyond limits   corpus {files} inputs, {bytes} bytes",
            target.name, total.runs, total.seconds, total.crashes, total.limits
        );
        // At once too: others may take their time.
        eprintln!("    {line}");
        lines.push(line);
    }
    println!("{}", lines.join("\n"));
    if crashes == 0 {
        return Ok(());
    }
    let kept = artifacts().display().to_string();
    Err(format!("{crashes} crashes; their inputs are in {kept}"))
}

/// Builds all targets with cargo-fuzz, and says where they are.
fn build() -> Result<PathBuf> {
    let program = cargo_fuzz()?;
    // cargo-fuzz calls Cargo again: the environment says which, and all that the build needs.
    let ours = nightly();
    let mut command = Command::new(&program);
    for (name, value) in ours.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .args(["fuzz", "build", "--fuzz-dir", "."])
        .current_dir(root().join("fuzz"));
    run_command(with_native(&mut command, None))?;
    Ok(instrumented::dir().join(host()?).join("release"))
}

/// The user's cargo-fuzz if it has the right version, or one of our own.
fn cargo_fuzz() -> Result<PathBuf> {
    let own = tools().join("bin/cargo-fuzz");
    for program in [Path::new("cargo-fuzz"), &own] {
        let version = capture(Command::new(program).args(["fuzz", "--version"]));
        if version.is_ok_and(|version| version.trim().ends_with(CARGO_FUZZ)) {
            return Ok(program.to_owned());
        }
    }
    run_command(
        nightly()
            .args(["install", "cargo-fuzz", "--locked", "--force"])
            .args(["--version", CARGO_FUZZ])
            .arg("--root")
            .arg(tools()),
    )?;
    Ok(own)
}

fn artifacts() -> PathBuf {
    root().join("fuzz/artifacts")
}

fn fuzz(target: &Target, programs: &Path, options: &Options) -> Result<Total> {
    let work = work_folder(target)?;
    let log = work.join("log.txt");
    let corpus = work.join("corpus");
    let artifacts = artifacts().join(target.name);
    make(&artifacts)?;
    let mut total = Total::default();
    let began = Instant::now();
    let limit = Duration::from_secs(options.seconds);
    while total.crashes + total.limits < MAX_CRASHES {
        let left = limit.saturating_sub(began.elapsed()).as_secs();
        if left == 0 {
            break;
        }
        let mut command = program(programs, target, &log)?;
        let status = command
            .arg(format!("-max_total_time={left}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg(&corpus)
            .arg(work.join("seeds"))
            .status()
            .map_err(|error| format!("{}: {error}", target.name))?;
        let words = fs::read(&log).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        total.runs += executed(&words);
        if status.success() {
            break;
        }
        // More memory or time than it may have is no fault of the runtime's.
        let limit = LIMITS.iter().find(|limit| words.contains(**limit));
        match limit {
            Some(_) => total.limits += 1,
            None => total.crashes += 1,
        }
        eprintln!("    {}", limit.copied().unwrap_or_else(|| fault(&words)));
    }
    total.seconds = began.elapsed().as_secs();
    if options.keep {
        keep(target, programs, &work)?;
    }
    total.corpus = size(&corpus_of(target))?;
    Ok(total)
}

/// A target, with the limits and the options of the sanitizers, writing to `log`.
fn program(programs: &Path, target: &Target, log: &Path) -> Result<Command> {
    let file_of = |error: std::io::Error| format!("{}: {error}", log.display());
    let output = File::create(log).map_err(file_of)?;
    let mut command = Command::new(programs.join(target.name));
    command
        .arg(format!("-max_len={}", target.max_len))
        .args(["-timeout=20", "-print_final_stats=1", "-reload=0"])
        .args(["-rss_limit_mb=4096", "-malloc_limit_mb=16384"])
        .env(
            "ASAN_OPTIONS",
            options(&[
                ("allocator_may_return_null", "1".into()),
                // Beyond that, an operator gets none, and the runtime reports it.
                ("max_allocation_size_mb", "16384".into()),
                // What the runtime loses when it refuses a model is lost, but harms nobody.
                ("detect_leaks", "0".into()),
            ]),
        )
        .env(
            "UBSAN_OPTIONS",
            options(&[
                ("halt_on_error", "1".into()),
                ("print_stacktrace", "1".into()),
                ("suppressions", file("fuzz.txt").into()),
            ]),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(output);
    Ok(command)
}

/// A folder below Cargo's output with the seeds, and with what was found before.
fn work_folder(target_: &Target) -> Result<PathBuf> {
    let work = target().join("fuzz").join(target_.name);
    let seeds = work.join("seeds");
    let _ = fs::remove_dir_all(&seeds);
    make(&seeds)?;
    make(&work.join("corpus"))?;
    for folder in target_.seeds {
        let from = root().join("tflite/tests").join(folder);
        for path in list(&from)? {
            if path
                .extension()
                .is_some_and(|ending| ending == "tflite" || target_.name == "decode")
            {
                let name = path.file_name().unwrap_or_default();
                let name = format!("{}-{}", folder.replace('/', "-"), name.to_string_lossy());
                copy(&path, &seeds.join(name))?;
            }
        }
    }
    for path in list(&corpus_of(target_)).unwrap_or_default() {
        copy(&path, &seeds.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(work)
}

/// The committed inputs.
fn corpus_of(target: &Target) -> PathBuf {
    root().join("fuzz/corpus").join(target.name)
}

/// Adds what reaches code that seeds and committed inputs do not reach.
fn keep(target: &Target, programs: &Path, work: &Path) -> Result<()> {
    let merged = work.join("merged");
    let _ = fs::remove_dir_all(&merged);
    make(&merged)?;
    let seeds = list(&work.join("seeds"))?;
    for seed in &seeds {
        copy(seed, &merged.join(seed.file_name().unwrap_or_default()))?;
    }
    let mut command = program(programs, target, &work.join("merge.txt"))?;
    command
        .arg("-merge=1")
        .arg(&merged)
        .arg(work.join("corpus"));
    run_command(&mut command)?;
    let kept = corpus_of(target);
    make(&kept)?;
    for path in list(&merged)? {
        let name = path.file_name().unwrap_or_default();
        if !seeds.iter().any(|seed| seed.file_name() == Some(name)) {
            copy(&path, &kept.join(name))?;
        }
    }
    Ok(())
}

/// How many inputs libFuzzer says it has tried.
fn executed(words: &str) -> u64 {
    words
        .lines()
        .filter_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .filter_map(|number| number.trim().parse::<u64>().ok())
        .sum()
}

/// The line that says what has gone wrong.
fn fault(words: &str) -> &str {
    let is_fault = |line: &&str| {
        line.contains("SUMMARY: ") || line.contains("runtime error: ") || line.contains("panicked")
    };
    words.lines().find(is_fault).unwrap_or("it ended early")
}

/// How many files there are, and how large they are together.
fn size(dir: &Path) -> Result<(usize, u64)> {
    let files = list(dir).unwrap_or_default();
    let mut bytes = 0;
    for path in &files {
        bytes += fs::metadata(path)
            .map_err(|error| format!("{}: {error}", path.display()))?
            .len();
    }
    Ok((files.len(), bytes))
}

fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let wrong = |error: std::io::Error| format!("{}: {error}", dir.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn make(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .map_err(|error| format!("{}: {error}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::{executed, fault};

    #[test]
    fn totals_are_read() {
        let log = "#7 DONE\nstat::number_of_executed_units: 1234\nstat::peak_rss_mb: 5\n";
        assert_eq!(executed(log), 1234);
        assert_eq!(executed("ended"), 0);
    }

    #[test]
    fn faults_are_named() {
        let log = "a\nSUMMARY: AddressSanitizer: SEGV slice.cc:3 in Eval\nb";
        assert!(fault(log).ends_with("in Eval"));
    }

    #[test]
    fn seeds_are_there() {
        for target in super::TARGETS {
            for folder in target.seeds {
                let dir = crate::run::root().join("tflite/tests").join(folder);
                assert!(dir.is_dir(), "{}", dir.display());
            }
        }
    }
}
