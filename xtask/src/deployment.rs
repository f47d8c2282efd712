//! The descriptions of deployments in `deploy/`, with the tools that they are for, and the samples.
//!
//! Nothing is deployed, and nobody is asked: no tool gets credentials, and all are pointed to a proxy
//! that does not exist.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::checks::Outcome;
use crate::run::{Result, capture, empty_folder, offline, root, said, step, target, tools};
use crate::{emulator, objects, python, setup};

/// SAM, the linter of CloudFormation's templates, and one of OpenAPI documents.
const PACKAGES: [&str; 3] = [
    "aws-sam-cli==1.170.0",
    "cfn-lint==1.58.0",
    "openapi-spec-validator==0.9.0",
];
/// The maintained version 3 of the Serverless Framework.
const SERVERLESS: &str = "osls@4.3.1";

const TEMPLATE: &str = "deploy/template.yaml";
const SAMCONFIG: &str = "deploy/samconfig.toml";
const SERVERLESS_YML: &str = "deploy/serverless.yml";

/// A way to break a description: what is wrong, and what is put in the place of what.
type Damage = (&'static str, &'static str, &'static str);

/// What the linter must find in the template, by its rules.
const FOR_LINTERS: [(Damage, &str); 3] = [
    (("a property", "MemorySize: 1024", "Memory: 1024"), "E3724"),
    (("a reference", "!Ref LogLevel", "!Ref Level"), "E1020"),
    (
        ("a condition", "Condition: IsPublic", "Condition: Public"),
        "E3015",
    ),
];

/// What the linter must find in what SAM makes of the template.
const FOR_LINTERS_EXPANDED: [(Damage, &str); 2] = [
    (("a runtime", "provided.al2023", "provided.al2024"), "E3030"),
    (("a time-out", "Timeout: 30", "Timeout: 3000"), "E3717"),
];

/// What only `check.py` can find.
const FOR_CHECK: [Damage; 5] = [
    ("the right to read all buckets", "${Bucket}/*", "*"),
    (
        "a public address",
        "[IsPublic, NONE, AWS_IAM]",
        "[IsPublic, NONE, NONE]",
    ),
    (
        "a variable that is not read",
        "MODEL_SHA256: ",
        "MODEL_HASH: ",
    ),
    (
        "an alarm that never comes",
        "MetricName: faults",
        "MetricName: fault",
    ),
    ("an API without a signature", "[{ iam: [] }]", "[]"),
];

const IMAGE: &str = "image=123456789012.dkr.ecr.eu-west-1.amazonaws.com/tf-lite-lambda@sha256:\
    0000000000000000000000000000000000000000000000000000000000000000";
const BUCKET: &str = "my.pictures";

pub(crate) fn check() -> Result<Outcome> {
    let python = match python::environment("python-deployment", "SAM and cfn-lint", &PACKAGES) {
        Ok(python) => python,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let folder = Folder::new()?;
    lint(&folder, &python)?;
    let stacks = sam(&folder, &python)?;
    let samples = samples(&folder, &python)?;
    let serverless = match serverless(&folder, &python)? {
        Ok(packages) => packages,
        Err(reason) => format!("serverless.yml was not tried: {reason}"),
    };
    Ok(Outcome::Counted(format!(
        "{stacks}, {serverless}, {samples}"
    )))
}

/// A folder with the descriptions and what they deploy.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = target().join("deployment");
        empty_folder(&path)?;
        let folder = Self(path);
        for name in [TEMPLATE, SAMCONFIG, SERVERLESS_YML] {
            folder.write(name, &read(name)?)?;
        }
        // The tools want it to be there, and do not look inside.
        folder.write(
            "target/lambda/lambda.zip",
            &format!("PK\x05\x06{}", "\0".repeat(18)),
        )?;
        folder.write("home/.keep", "")?;
        Ok(folder)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        let written = match path.parent() {
            Some(folder) => fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)),
            None => fs::write(&path, text),
        };
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// A copy of a description beside it, with the damage.
    fn damaged(&self, name: &str, number: usize, (_, from, to): Damage) -> Result<PathBuf> {
        let text = read(name)?;
        if !text.contains(from) {
            return Err(format!("{name} has no '{from}' to break"));
        }
        let copy = name.replace('.', &format!("-{number}."));
        self.write(&copy, &text.replacen(from, to, 1))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = offline(program, &self.0.join("home"));
        command
            .current_dir(&self.0)
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("SAM_CLI_TELEMETRY", "0")
            .env("SLS_TELEMETRY_DISABLED", "1")
            .env("SLS_NOTIFICATIONS_MODE", "off")
            .env("CI", "1");
        command
    }
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"))
}

/// Runs a command that must fail, and returns what it says.
fn refused(what: &str, command: &mut Command) -> Result<String> {
    match said(command) {
        Ok(words) => Err(format!("{what} is not found: {command:?}\n{words}")),
        // That is no finding.
        Err(words) if words.contains("Traceback") => Err(words),
        Err(words) => Ok(words),
    }
}

/// The linter finds nothing in the template and in what SAM makes of it, and what was put into copies.
fn lint(folder: &Folder, python: &Path) -> Result<()> {
    let mut command = folder.command(&python.with_file_name("cfn-lint"));
    command.args(["--format", "json", "--"]);
    let mut expand = folder.command(python);
    expand.arg(root().join("deploy/check.py")).arg("expand");

    // Each file, and what is to be found in it.
    let mut files = vec![
        (PathBuf::from(TEMPLATE), None),
        (Path::new(TEMPLATE).with_extension("json"), None),
    ];
    expand.arg(TEMPLATE);
    for (number, (damage, rule)) in FOR_LINTERS.into_iter().enumerate() {
        let copy = folder.damaged(TEMPLATE, number, damage)?;
        files.push((copy, Some((damage.0, rule))));
    }
    for (number, (damage, rule)) in FOR_LINTERS_EXPANDED.into_iter().enumerate() {
        let copy = folder.damaged(TEMPLATE, FOR_LINTERS.len() + number, damage)?;
        expand.arg(&copy);
        files.push((copy.with_extension("json"), Some((damage.0, rule))));
    }
    said(&mut expand)?;
    let output = command
        .args(files.iter().map(|(path, _)| path))
        .output()
        .map_err(|error| format!("cfn-lint: {error}"))?;
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).map_err(|error| {
        let words = String::from_utf8_lossy(&output.stderr);
        format!("cfn-lint: {error}\n{words}")
    })?;
    for (path, expected) in &files {
        let name = path.to_string_lossy();
        let of = found.iter().filter(|item| item["Filename"] == *name);
        let rules: Vec<_> = of
            .map(|item| (item["Rule"]["Id"].as_str(), &item["Message"]))
            .collect();
        match expected {
            None if rules.is_empty() => {}
            None => return Err(format!("cfn-lint finds in {name}: {rules:?}")),
            Some((what, rule)) if !rules.iter().any(|(id, _)| id == &Some(*rule)) => {
                return Err(format!(
                    "cfn-lint does not find {what} with {rule}: {rules:?}"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// SAM takes the template, and all that it can become is as it is meant.
fn sam(folder: &Folder, python: &Path) -> Result<String> {
    let sam = python.with_file_name("sam");
    let with = |words: &[&str], template: &Path| {
        let mut command = folder.command(&sam);
        command.args(words).arg("--template-file").arg(template);
        command
    };
    said(&mut with(&["validate", "--lint"], Path::new(TEMPLATE)))?;
    let (damage, _) = FOR_LINTERS[0];
    let copy = folder.damaged(TEMPLATE, 0, damage)?;
    refused(damage.0, &mut with(&["validate", "--lint"], &copy))?;
    // The zip is ready, and so is the image: nothing is compiled.
    said(&mut with(&["build"], Path::new(TEMPLATE)))?;
    package(with(
        &["package", "--s3-bucket", "code"],
        Path::new(TEMPLATE),
    ))?;

    let check = |template: &Path| {
        let mut command = folder.command(python);
        command.arg(root().join("deploy/check.py")).arg("sam");
        command.arg(template);
        command
    };
    let stacks = said(&mut check(Path::new(TEMPLATE)))?;
    for (number, damage) in FOR_CHECK.into_iter().enumerate() {
        let copy = folder.damaged(TEMPLATE, number, damage)?;
        println!("    {}:", damage.0);
        let words = refused(damage.0, &mut check(&copy))?;
        println!("      {}", found(&words));
    }
    Ok(stacks.trim().to_owned())
}

/// SAM puts the zip into a bucket, and leaves the image where it is.
fn package(mut command: Command) -> Result<()> {
    let bucket = Bucket::start()?;
    let template = said(
        command
            .env("AWS_ENDPOINT_URL", &bucket.url)
            .env("NO_PROXY", "127.0.0.1")
            // The server takes any.
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret"),
    )?;
    for line in ["CodeUri: s3://code/", "Ref: ImageUri"] {
        if !template.contains(line) {
            return Err(format!("sam package leaves no '{line}':\n{template}"));
        }
    }
    Ok(())
}

/// moto's server, with an empty bucket called `code`. It ends when this is dropped.
struct Bucket {
    child: Child,
    url: String,
}

impl Bucket {
    fn start() -> Result<Self> {
        let program = objects::moto()?.with_file_name("moto_server");
        let port = emulator::free_port(0)?;
        let child = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let this = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
        let start = Instant::now();
        loop {
            match agent.put(format!("{}/code", this.url)).send_empty() {
                Ok(_) => return Ok(this),
                Err(error) if start.elapsed() > Duration::from_secs(30) => {
                    return Err(format!("moto makes no bucket: {error}"));
                }
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line in which `check.py` says what it has found.
fn found(words: &str) -> &str {
    words.lines().last().unwrap_or_default()
}

/// The samples are requests, and what is none is found.
fn samples(folder: &Folder, python: &Path) -> Result<String> {
    let check = |paths: &[PathBuf]| {
        let mut command = folder.command(python);
        command.arg(root().join("deploy/check.py")).arg("samples");
        command.args(paths);
        command
    };
    let mut paths = Vec::new();
    for (place, prefix) in [("samples", ""), ("lambda-fn/tests/events", "direct-")] {
        let entries =
            fs::read_dir(root().join(place)).map_err(|error| format!("{place}: {error}"))?;
        paths.extend(entries.flatten().map(|entry| entry.path()).filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(prefix) && name.ends_with(".json")
        }));
    }
    let broken = folder.write("broken.json", r#"{"url": 1}"#)?;
    refused("a wrong sample", &mut check(&[broken]))?;
    Ok(said(&mut check(&paths))?.trim().to_owned())
}

/// Serverless packages both variants, and what comes of it is as it is meant. A reason where it
/// cannot be had.
fn serverless(folder: &Folder, python: &Path) -> Result<std::result::Result<String, String>> {
    let osls = match install() {
        Ok(osls) => osls,
        Err(reason) => return Ok(Err(reason)),
    };
    let package = |parameters: &[&str], file: &Path| {
        let mut command = folder.command(&osls);
        command.current_dir(folder.0.join("deploy")).arg("package");
        command
            .arg("--config")
            .arg(file.file_name().unwrap_or_default());
        for parameter in parameters {
            command.arg(format!("--param={parameter}"));
        }
        command
    };
    let packaged = "deploy/.serverless/cloudformation-template-update-stack.json";
    let check = |variant: &str, access: &str, bucket: &str| {
        let mut command = folder.command(python);
        command
            .arg(root().join("deploy/check.py"))
            .arg("serverless");
        command.args([variant, access, bucket, packaged]);
        command
    };
    let file = Path::new(SERVERLESS_YML);
    let cases = [("zip", "iam", "none"), ("image", "public", BUCKET)];
    for (variant, access, bucket) in cases {
        let parameters = [
            format!("variant={variant}"),
            format!("access={access}"),
            format!("bucket={bucket}"),
            IMAGE.to_owned(),
        ];
        said(&mut package(
            &parameters.each_ref().map(String::as_str),
            file,
        ))?;
        said(&mut check(variant, access, bucket))?;
        let mut linter = folder.command(&python.with_file_name("cfn-lint"));
        said(linter.arg("--").arg(packaged))?;
    }
    // What was packaged last is public, and reads a bucket.
    refused("a public API", &mut check("image", "iam", BUCKET))?;
    refused("a bucket", &mut check("image", "public", "none"))?;
    let damage = ("a wrong value", "memorySize: 1024", "memorySize: much");
    let copy = folder.damaged(SERVERLESS_YML, 0, damage)?;
    refused(damage.0, &mut package(&[], &copy))?;
    Ok(Ok(format!("{} packages of Serverless", cases.len())))
}

/// The pinned Serverless, below Cargo's output.
fn install() -> Result<PathBuf> {
    if !setup::answers(&["npm", "--version"]) {
        return Err("npm is not installed".to_owned());
    }
    let folder = tools().join(SERVERLESS);
    let program = folder.join("node_modules/.bin/osls");
    if program.exists() {
        return Ok(program);
    }
    step(
        "Installing osls, version 3 of the Serverless Framework",
        || {
            let unfinished = folder.with_extension("tmp");
            empty_folder(&unfinished)?;
            capture(
                Command::new("npm")
                    .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
                    .arg("--prefix")
                    .arg(&unfinished)
                    .arg(SERVERLESS),
            )?;
            fs::rename(&unfinished, &folder)
                .map_err(|error| format!("{}: {error}", folder.display()))
        },
    )?;
    Ok(program)
}
