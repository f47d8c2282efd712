//! `bootstrap` under the real emulator, with the clients that people use: each must get the answer that
//! a plain request gets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::checks::Outcome;
use crate::emulator::{self, Emulator};
use crate::endtoend::check_answer;
use crate::run::{Result, capture, empty_folder, offline, read_json, root, target};
use crate::{demo, python, served};

/// The AWS CLI, cargo-lambda as a program, and what `samples/client.py` imports.
const PACKAGES: [&str; 3] = ["awscli==1.46.3", "cargo-lambda==1.9.2", "requests==2.34.2"];
/// Where the function's own metrics go.
const NAMESPACE: &str = "Pictures";

pub(crate) fn check() -> Result<Outcome> {
    let what = "the AWS CLI, cargo-lambda and requests";
    let python = match python::environment("python-clients", what, &PACKAGES) {
        Ok(python) => python,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let emulator = match emulator::find() {
        Ok(emulator) => emulator,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let bootstrap = demo::build()?;
    let folder = target().join("clients");
    empty_folder(&folder)?;
    let log = folder.join("log");
    let mut variables = demo::model().to_vec();
    variables.push(("METRICS_NAMESPACE", NAMESPACE.into()));
    // Whoever answers events with objects in S3, it is not AWS.
    variables.push(("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1".into()));
    let pictures = served::pictures()?;
    let emulator = Emulator::start(&emulator, &bootstrap, &variables, &log)?;

    let clients = Clients {
        python,
        folder,
        emulator,
    };
    let asked = clients
        .ask_all(&pictures.url(""))
        .and_then(|count| check_metrics(&log).map(|()| count));
    match asked {
        Ok(count) => Ok(Outcome::Counted(format!("{count} equal answers"))),
        Err(error) => {
            let words = fs::read_to_string(&log).unwrap_or_default();
            Err(format!("{error}\n{words}"))
        }
    }
}

struct Clients {
    python: PathBuf,
    folder: PathBuf,
    emulator: Emulator,
}

impl Clients {
    /// Asks everything through everybody, and says how many answers that were.
    fn ask_all(&self, server: &str) -> Result<usize> {
        let picture = format!("{server}/trousers.jpg");
        let scores = self
            .emulator
            .invoke(&json!({ "url": picture }).to_string())?;
        check_answer(&scores)?;
        let mut count = 0;
        let mut same = |client: &str, what: &str, answer: &Value, expected: &Value| {
            // As text: the labels have an order.
            let (found, wanted) = (essence(answer).to_string(), essence(expected).to_string());
            if found != wanted {
                return Err(format!(
                    "{client}, {what}: {answer}\nwhere a plain request gets {expected}"
                ));
            }
            count += 1;
            Ok(())
        };
        for (what, event) in events(server)? {
            let event_file = self.folder.join("event.json");
            fs::write(&event_file, &event)
                .map_err(|error| format!("{}: {error}", event_file.display()))?;
            let expected = self.emulator.invoke(&event)?;
            println!("    {what}\n      {}", shortened(&expected));
            check_success(&what, &expected)?;
            if what == "image.json" {
                same("a plain request", &what, &expected, &scores)?;
            }
            same("the AWS CLI", &what, &self.aws(&event_file)?, &expected)?;
            let answer = self.cargo_lambda(&event_file)?;
            same("cargo lambda invoke", &what, &answer, &expected)?;
        }
        same("client.py", "url", &self.program(&picture)?, &scores)?;
        Ok(count)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = offline(&self.python.with_file_name(program), &self.folder);
        command
            .current_dir(&self.folder)
            .env("NO_PROXY", "127.0.0.1,localhost");
        command
    }

    fn aws(&self, event: &Path) -> Result<Value> {
        let answer = self.folder.join("answer.json");
        let said = capture(
            self.command("aws")
                .args(["lambda", "invoke", "--function-name", "function"])
                .arg("--endpoint-url")
                .arg(format!("http://127.0.0.1:{}", self.emulator.port))
                .args(["--no-sign-request", "--region", "eu-west-1"])
                .arg("--payload")
                .arg(format!("fileb://{}", event.display()))
                .arg(&answer),
        )?;
        let said: Value =
            serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))?;
        if said["StatusCode"] != 200 {
            return Err(format!("the AWS CLI says {said}"));
        }
        read_json(&answer)
    }

    fn cargo_lambda(&self, event: &Path) -> Result<Value> {
        let said = capture(
            self.command("cargo-lambda")
                .args(["lambda", "invoke", "--invoke-address", "127.0.0.1"])
                .args(["--invoke-port", &self.emulator.port.to_string()])
                .arg("--data-file")
                .arg(event)
                .arg("function"),
        )?;
        parse(&said)
    }

    /// The client of `samples/`.
    fn program(&self, picture: &str) -> Result<Value> {
        let said = capture(
            self.command("python")
                .arg(root().join("samples/client.py"))
                .arg(picture)
                .args(["--host", &format!("localhost:{}", self.emulator.port)]),
        )?;
        parse(&said)
    }
}

fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| format!("no JSON: {error}: {text}"))
}

/// An answer without what is another thing each time: headers, in which each request has an identifier
/// of its own, and times.
fn essence(answer: &Value) -> Value {
    match answer {
        Value::Array(items) => items.iter().map(essence).collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "timings" && !name.to_lowercase().ends_with("headers"))
            .map(|(name, value)| {
                let body = value.as_str().filter(|_| name == "body");
                let body = body.and_then(|text| serde_json::from_str::<Value>(text).ok());
                (name.clone(), essence(body.as_ref().unwrap_or(value)))
            })
            .collect(),
        other => other.clone(),
    }
}

/// Only objects in S3 are not there.
fn check_success(what: &str, answer: &Value) -> Result<()> {
    let failed = answer.get("errorType").is_some()
        || answer["statusCode"]
            .as_u64()
            .is_some_and(|status| status >= 400);
    if failed == what.contains("s3") {
        Ok(())
    } else {
        Err(format!("{what}: {answer}"))
    }
}

/// All samples and fixtures, with a server that is there.
fn events(server: &str) -> Result<Vec<(String, String)>> {
    let mut events = Vec::new();
    for (folder, elsewhere) in [
        ("samples", "http://127.0.0.1:8000"),
        ("lambda-fn/tests/events", "http://pictures.test"),
    ] {
        let folder = root().join(folder);
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".json") {
                let text = fs::read_to_string(entry.path()).map_err(failed)?;
                let text = text.replace(elsewhere, server);
                events.push((name, text.replace("/rgb.png", "/trousers.jpg")));
            }
        }
    }
    events.sort();
    Ok(events)
}

/// What an alarm of `deploy/template.yaml` looks at is what the function reports.
fn check_metrics(log: &Path) -> Result<()> {
    let text = fs::read_to_string(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines
        .find(|line| line.get("_aws").is_some())
        .ok_or("the log has no metrics")?;
    let metrics = &line["_aws"]["CloudWatchMetrics"][0];
    let names = metrics["Metrics"].as_array().cloned().unwrap_or_default();
    let is_there = names.iter().any(|metric| metric["Name"] == "faults");
    if is_there
        && line["faults"] == 0
        && metrics["Namespace"] == NAMESPACE
        && metrics["Dimensions"] == json!([["functionName"]])
        && line["functionName"].is_string()
    {
        Ok(())
    } else {
        Err(format!("no metric for the alarm: {line}"))
    }
}

fn shortened(answer: &Value) -> String {
    let text = answer.to_string();
    if text.chars().count() < 200 {
        return text;
    }
    format!("{} …", text.chars().take(200).collect::<String>())
}
