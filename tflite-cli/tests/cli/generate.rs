//! Help, completions and man pages.

use std::process::Command;

use crate::{text, tflite};

const COMMANDS: [&str; 6] = ["inspect", "verify", "run", "bench", "completions", "man"];

#[test]
fn exit_codes_are_in_the_help_and_in_the_man_page() {
    for output in [tflite(&["--help"]).good(), tflite(&["man"]).good()] {
        for code in 0..=5 {
            let line = format!("  {code}  ");
            assert!(
                output.lines().any(|other| other.starts_with(&line)),
                "{output}"
            );
        }
    }
}

#[test]
fn every_command_has_a_man_page() {
    let folder = tempfile::tempdir().expect("a folder");
    tflite(&["man", "--output", text(folder.path())]).good();
    for name in COMMANDS {
        let path = folder.path().join(format!("tflite-{name}.1"));
        let page = std::fs::read_to_string(path).expect("a page");
        assert_eq!(page, tflite(&["man", name]).good());
        assert!(
            page.contains(".TH tflite-") && page.contains(".SH DESCRIPTION"),
            "{page}"
        );
    }
    tflite(&["man", "nonesuch"]).bad(2, &["nonesuch", "inspect, verify"]);
}

#[test]
fn shells_understand_their_completions() {
    let folder = tempfile::tempdir().expect("a folder");
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = tflite(&["completions", shell]).good();
        assert!(COMMANDS.iter().all(|name| script.contains(name)), "{shell}");
        let path = folder.path().join(shell);
        std::fs::write(&path, script).expect("writable");
        match Command::new(shell).arg(check).arg(&path).output() {
            Ok(output) => assert!(output.status.success(), "{shell}: {output:?}"),
            Err(error) => println!("{shell} does not read its script: {error}"),
        }
    }
    assert_eq!(tflite(&["completions", "cmd"]).code, 2);
}

#[test]
fn wrong_arguments_are_usage() {
    for arguments in [
        &["nonesuch"][..],
        &["run"],
        &["run", "x", "--threads", "0"],
        &["run", "x", "--threads", "513"],
        &["run", "x", "--seed", "-1"],
        &["run", "x", "--shape", "x=a"],
        &["run", "x", "--no-xnnpack", "--weight-cache", "y"],
        &["bench", "x", "--runs", "0"],
        &["bench", "x", "--duration", "-1"],
        &["bench", "x", "--duration", "NaN"],
    ] {
        let output = tflite(arguments);
        assert_eq!(output.code, 2, "{arguments:?}: {}", output.stderr);
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    let version = tflite(&["--version"]).good();
    assert!(version.contains(env!("CARGO_PKG_VERSION")) && version.contains(tflite::version()));
}
