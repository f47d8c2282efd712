//! `cargo xtask size`: what takes the space in `bootstrap`, with all operators and with a model's.

mod parts;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::run::{Result, cargo, root, run as run_command, step, target};

#[derive(Args)]
pub(crate) struct Options {
    /// The model whose operators the second program has
    #[arg(long, value_name = "FILE", default_value_os_t = root().join("model/clothing.tflite"), hide_default_value = true)]
    model: PathBuf,
    /// Only add up these maps, which lld has written (-Wl,-Map=FILE)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    maps: Vec<PathBuf>,
}

/// One program, taken apart.
struct Program {
    size: u64,
    packed: u64,
    parts: BTreeMap<&'static str, u64>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.maps.is_empty() {
        let maps: Vec<_> = options
            .maps
            .iter()
            .map(|map| parts::of(&text(map)?))
            .collect::<Result<_>>()?;
        print(&maps.iter().collect::<Vec<_>>());
        return Ok(());
    }
    let whole = step("bootstrap with all operators", || build("all", &[], None))?;
    let part = step("bootstrap with the model's operators", || {
        let features = ["--features", "selected-ops"];
        build("selected", &features, Some(&options.model))
    })?;
    println!("| | all operators | the model's |\n|---|---:|---:|");
    println!("| `bootstrap`, stripped | {} | {} |", whole.size, part.size);
    println!("| packed (gzip) | {} | {} |", whole.packed, part.packed);
    print(&[&whole.parts, &part.parts]);
    Ok(())
}

/// Builds the program as it is deployed, and has the linker say where everything comes from.
fn build(name: &str, features: &[&str], model: Option<&Path>) -> Result<Program> {
    let map = target().join(format!("bootstrap-{name}.map"));
    let mut command = cargo();
    command
        .args(["rustc", "--release", "--locked", "--package", "lambda-fn"])
        .args(["--bin", "bootstrap"])
        .args(features)
        // For this program alone: nothing else is compiled again.
        .args(["--", &format!("-Clink-arg=-Wl,-Map={}", map.display())])
        .env_remove("TFLITE_SYS_OPS")
        .env_remove("TFLITE_SYS_OPS_FROM");
    if let Some(model) = model {
        command.env("TFLITE_SYS_OPS_FROM", model);
    }
    run_command(&mut command)?;
    let program = target().join("release/bootstrap");
    let bytes = fs::read(&program).map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(Program {
        size: length(&bytes),
        packed: packed(&bytes)?,
        parts: parts::of(&text(&map)?)?,
    })
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn packed(bytes: &[u8]) -> Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map(|packed| length(&packed))
        .map_err(|error| error.to_string())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A row for each part, the largest of the first program on top.
fn print(programs: &[&BTreeMap<&'static str, u64>]) {
    let mut names: Vec<_> = programs.iter().flat_map(|parts| parts.keys()).collect();
    names.sort();
    names.dedup();
    let size = |parts: &BTreeMap<_, u64>, name| parts.get(name).copied().unwrap_or(0);
    if let Some(first) = programs.first() {
        names.sort_by_key(|name| std::cmp::Reverse(size(first, *name)));
    }
    for name in names {
        let cells: Vec<_> = programs
            .iter()
            .map(|parts| size(parts, name).to_string())
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}
