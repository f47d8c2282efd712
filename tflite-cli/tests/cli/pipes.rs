//! The program among others: pipes, colours, messages.

use std::io::Read;
use std::process::Stdio;

use crate::{command, model, tflite};

#[test]
fn a_reader_that_goes_is_no_failure() {
    for arguments in [
        ["inspect", "--json", &model("described")],
        ["run", &model("add"), "--seed=1"],
        ["completions", "bash", "--"],
        ["help", "run", "--"],
    ] {
        let arguments = arguments.split(|one| *one == "--").next().expect("some");
        let mut command = command(arguments);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        // Nobody will ever read.
        drop(reader);
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
        let output = child.expect("starts").wait_with_output().expect("ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), &*stderr),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_reader_of_messages_that_goes_changes_nothing() {
    let mut command = command(&["inspect", "nonesuch"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = command.stdout(Stdio::null()).stderr(writer).status();
    assert_eq!(status.expect("starts").code(), Some(4));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux");
    let mut command = command(&["inspect", &model("described")]);
    let child = command.stdout(full).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("starts");
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut stderr)
        .expect("text");
    assert_eq!(child.wait().expect("ends").code(), Some(4));
    assert!(
        stderr.starts_with("error: cannot write the results"),
        "{stderr}"
    );
}

#[test]
fn colours_are_for_terminals() {
    let plain = tflite(&["inspect", &model("described")]).good();
    assert!(!plain.contains('\x1b'));
    let colours = |name: &str, value: &str| {
        let mut command = command(&["inspect", &model("described")]);
        command.env("CLICOLOR_FORCE", "1").env(name, value);
        let output = command.output().expect("starts");
        String::from_utf8(output.stdout)
            .expect("text")
            .contains('\x1b')
    };
    assert!(colours("TERM", "xterm"));
    assert!(!colours("NO_COLOR", "1"));
}

/// `script` of util-linux runs a program on a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn bars_are_for_terminals() {
    let (program, path) = (env!("CARGO_BIN_EXE_tflite"), model("conv"));
    let line = format!("'{program}' bench '{path}' --runs 5");
    let mut script = std::process::Command::new("script");
    script
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    let Ok(output) = script.output() else {
        println!("skipped: there is no program 'script' to make a terminal");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    // The bar is drawn, and is gone before the results.
    let (bar, results) = text.split_once("Model size").expect("results");
    assert!(bar.contains("runs, ") && bar.contains('░'), "{bar:?}");
    assert!(!results.contains('░'), "{results:?}");
    let piped = tflite(&["bench", &path, "--runs", "5"]).good();
    assert!(!piped.contains('░'));
}

#[test]
fn a_model_can_come_through_a_pipe() {
    let file = std::fs::File::open(crate::library("models/add.tflite")).expect("a model");
    let mut cat = std::process::Command::new("cat");
    let mut cat = cat.stdin(file).stdout(Stdio::piped()).spawn().expect("cat");
    let mut command = command(&["run", "/dev/stdin", "--seed", "0"]);
    command.stdin(cat.stdout.take().expect("a pipe"));
    let output = command.output().expect("starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(cat.wait().expect("ends").success());
}
