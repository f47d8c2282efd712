//! `cargo xtask demo`: the main job, from nothing to an answer.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::Args;
use serde_json::{Value, json};

use crate::chart;
use crate::emulator::{self, Emulator};
use crate::run::{Result, build_program, cargo, checked, root, step, target};
use crate::setup;
use crate::web::{Page, Server};

#[derive(Args)]
pub(crate) struct Options {
    /// A picture to classify instead of the sample: a file or an address
    #[arg(long, value_name = "PATH|URL")]
    image: Option<String>,
    /// Print the scores as JSON alone
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::for_build()?;
    let bootstrap = build()?;
    let sample = sample();
    let (server, url) = match options.image.as_deref() {
        Some(url) if url.contains("://") => (None, url.to_owned()),
        Some(path) => serve(Path::new(path))?,
        None => serve(&sample)?,
    };
    let event = json!({ "url": url }).to_string();
    let answer = match emulator::find() {
        Ok(emulator) => under_emulator(&emulator, &bootstrap, &event)?,
        Err(reason) => {
            eprintln!("    No emulator: {reason}");
            eprintln!("    The same handler is called in-process instead.");
            in_process(&event)?
        }
    };
    drop(server);
    let scores = scores(&answer)?;
    if !options.json {
        println!(
            "\n{}\n\n{}",
            options
                .image
                .as_deref()
                .unwrap_or("model/sample/trousers.jpg"),
            chart::bars(&scores)
        );
    }
    println!("{answer}");
    Ok(())
}

/// Builds `bootstrap` as it is deployed.
pub(crate) fn build() -> Result<PathBuf> {
    step(
        "Building (the native library too, if no earlier build of it is cached)",
        || build_program(&["--package", "lambda-fn", "--bin", "bootstrap"]),
    )
}

/// The picture that is shown and asked about.
pub(crate) fn sample() -> PathBuf {
    root().join("model/sample/trousers.jpg")
}

/// The variables that point the function to the model of the repository.
pub(crate) fn model() -> [(&'static str, PathBuf); 2] {
    [
        ("MODEL_PATH", root().join("model/clothing.tflite")),
        ("LABELS_PATH", root().join("model/clothing.labels.txt")),
    ]
}

fn serve(path: &Path) -> Result<(Option<Server>, String)> {
    let content = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let page = Page::File("application/octet-stream", content);
    let server = Server::start(BTreeMap::from([("/picture", page)]))?;
    let url = server.url("/picture");
    Ok((Some(server), url))
}

fn under_emulator(emulator: &Path, bootstrap: &Path, event: &str) -> Result<Value> {
    let log = target().join("emulator.log");
    let variables = model();
    let emulator = Emulator::start(emulator, bootstrap, &variables, &log)?;
    step(&format!("POST {} {event}", emulator.url), || {
        emulator.invoke(event)
    })
}

fn in_process(event: &str) -> Result<Value> {
    let mut command = cargo();
    command
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "lambda-fn",
            "--example",
            "invoke",
        ])
        .envs(model())
        .env("ALLOW_PRIVATE_URLS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(|error| format!("cargo: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(event.as_bytes())
            .map_err(|error| format!("the example: {error}"))?;
    }
    let output = child
        .wait_with_output()
        .map_err(|error| format!("cargo: {error}"))?;
    checked(&command, &output)?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the answer is no JSON: {error}"))
}

/// Label and score in the order of the answer; an error object is an error.
pub(crate) fn scores(answer: &Value) -> Result<Vec<(String, f64)>> {
    let object = answer
        .as_object()
        .ok_or_else(|| format!("the answer is no object: {answer}"))?;
    object
        .iter()
        .map(|(label, score)| match score.as_f64() {
            Some(score) => Ok((label.clone(), score)),
            None => Err(format!("the function answered: {answer}")),
        })
        .collect()
}
