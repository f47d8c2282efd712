//! Running programs, and saying what runs and how long it took.

use std::fs;
use std::io::{ErrorKind, IsTerminal, PipeWriter};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An error that is only ever shown.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Cargo's output folder, wherever the user's configuration has put it.
pub(crate) fn target() -> PathBuf {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    let ask = || {
        let text = capture(cargo().args(["metadata", "--no-deps", "--format-version=1"])).ok()?;
        let metadata: Value = serde_json::from_str(&text).ok()?;
        metadata["target_directory"].as_str().map(PathBuf::from)
    };
    TARGET
        .get_or_init(|| ask().unwrap_or_else(|| root().join("target")))
        .clone()
}

/// Builds one program as it is deployed, and says where Cargo has put it.
pub(crate) fn build_program(arguments: &[&str]) -> Result<PathBuf> {
    let mut command = cargo();
    command
        .args(["build", "--release", "--locked"])
        .args(arguments);
    executable(&messages(&mut command)?)
        .ok_or_else(|| format!("{} made no program", line(&command)))
}

/// Where Cargo has put the last program of those that it says it has built.
pub(crate) fn executable(messages: &[Value]) -> Option<PathBuf> {
    messages
        .iter()
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

/// Runs a command of Cargo's and returns what it says of its work; the compiler's own words go to
/// stderr as ever.
pub(crate) fn messages(command: &mut Command) -> Result<Vec<Value>> {
    command
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit());
    let text = capture(command)?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// Makes a folder, without what an earlier run has left there.
pub(crate) fn empty_folder(path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    fs::create_dir_all(path).map_err(failed)
}

/// What a JSON file says.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The folder for tools that are fetched: below Cargo's output, so that `cargo clean` ends them.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// Says on stderr what is done and how long it took, so that stdout stays for results.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what}");
    let start = Instant::now();
    let result = work();
    let end = if result.is_ok() { "done" } else { "FAILED" };
    eprintln!("    {end}: {what} ({})", seconds(start.elapsed()));
    result
}

/// `1 min 5 s`, or `2.3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let all = duration.as_secs_f64();
    if all < 60.0 {
        format!("{all:.1} s")
    } else {
        format!(
            "{} min {} s",
            duration.as_secs() / 60,
            duration.as_secs() % 60
        )
    }
}

/// Cargo itself, in the workspace's folder, with the native build's progress on our stderr.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Where a terminal is, the build script finds it by itself.
    if !std::io::stderr().is_terminal()
        && std::env::var_os("TFLITE_SYS_PROGRESS").is_none()
        && let Some(path) = progress_pipe()
    {
        command.env("TFLITE_SYS_PROGRESS", path);
    }
    command
}

/// A pipe whose other end is copied to our stderr, as a path that the build script can open. (Our
/// stderr opened a second time would be written at another place, if it is a file.)
fn progress_pipe() -> Option<&'static str> {
    static PIPE: OnceLock<Option<(PipeWriter, String)>> = OnceLock::new();
    let make = || {
        let (mut reader, writer) = std::io::pipe().ok()?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), writer.as_raw_fd());
        thread::spawn(move || std::io::copy(&mut reader, &mut std::io::stderr()));
        Some((writer, path))
    };
    let pipe = PIPE.get_or_init(make).as_ref();
    pipe.map(|(_, path)| path.as_str())
}

/// Runs a command to its end; anything but success is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", name(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ended with {status}", line(command)))
    }
}

/// Runs a command and returns what it wrote to stdout; the error has what it wrote to stderr.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", name(command)))?;
    checked(command, &output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command and returns what it wrote to stdout, which the error has, too: of programs that report
/// their findings there.
pub(crate) fn said(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", name(command)))?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    checked(command, &output).map_err(|error| format!("{error}\n{words}"))?;
    Ok(words)
}

/// A command with hardly an environment, whose home is `home`. Whoever it would ask, perhaps for a newer
/// version of itself, is not there.
pub(crate) fn offline(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    for proxy in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env(proxy, "http://127.0.0.1:1");
    }
    command
}

/// The error of a command that ended badly, with its own words.
pub(crate) fn checked(command: &Command, output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{} ended with {}\n{}",
        line(command),
        output.status,
        words.trim()
    ))
}

fn name(command: &Command) -> String {
    Path::new(command.get_program()).display().to_string()
}

fn line(command: &Command) -> String {
    let mut line = name(command);
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
