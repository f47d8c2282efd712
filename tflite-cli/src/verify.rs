//! `tflite verify`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use tflite::{Interpreter, InterpreterOptions, Model, Xnnpack};

use crate::console::{self, BAD, GOOD};
use crate::error::{Result, model_code};

/// Say of models whether they are sound
///
/// A model is refused if it is damaged, or contradicts itself in a way that would lead the runtime
/// astray. Nothing is computed.
#[derive(Args)]
pub(crate) struct Options {
    /// The models
    #[arg(value_name = "MODEL", required = true)]
    paths: Vec<PathBuf>,
    /// Prepare each model too, as for a run: all operators must be known, and accept their shapes
    #[arg(long)]
    prepare: bool,
    /// Print one JSON object; docs/json.md of the package tflite-cli describes its fields
    #[arg(long)]
    json: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Report {
    models: Vec<Verdict>,
}

#[derive(Serialize)]
struct Verdict {
    path: String,
    ok: bool,
    /// What is wrong.
    problem: Option<String>,
    #[serde(skip)]
    code: u8,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut out = console::results();
    let mut verdicts = Vec::with_capacity(options.paths.len());
    for path in &options.paths {
        let verdict = verify(path, options.prepare);
        if !options.json {
            let name = console::line(&verdict.path);
            match &verdict.problem {
                None => writeln!(out, "{name}: {GOOD}OK{GOOD:#}")?,
                Some(problem) => {
                    let problem = console::line(problem);
                    let what = if verdict.code == 3 {
                        "refused"
                    } else {
                        "failed"
                    };
                    writeln!(out, "{name}: {BAD}{what}{BAD:#}: {problem}")?;
                }
            }
            // Each as soon as it is known: the next may take long.
            out.flush()?;
        }
        verdicts.push(verdict);
    }
    // A refused model says more than a file that is not there.
    let codes = verdicts.iter().map(|verdict| verdict.code);
    let code = codes.max_by_key(|&code| (code == 3, code)).unwrap_or(0);
    if options.json {
        let report = Report { models: verdicts };
        serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    console::finish(out)?;
    Ok(ExitCode::from(code))
}

fn verify(path: &Path, prepare: bool) -> Verdict {
    let result = Model::from_file(path).and_then(|model| {
        if prepare {
            // XNNPACK takes long to prepare, and refuses nothing that the kernels accept.
            Interpreter::new(&model, InterpreterOptions::new().xnnpack(Xnnpack::Off))?;
        }
        Ok(())
    });
    Verdict {
        path: path.to_string_lossy().into_owned(),
        ok: result.is_ok(),
        code: result.as_ref().map_or_else(model_code, |()| 0),
        problem: result.err().map(|error| error.to_string()),
    }
}
