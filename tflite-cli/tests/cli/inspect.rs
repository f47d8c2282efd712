//! `tflite inspect`.

use std::fs;
use std::path::Path;

use crate::{command, library, model, text, tflite};

/// Fails if a text is not that of a file. With `UPDATE_SNAPSHOTS=1` the file is written instead.
#[track_caller]
fn snapshot(name: &str, actual: &str) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/snapshots/{name}.txt"));
    // The version of the runtime is not this program's business.
    let actual = actual.replace(tflite_version(), "(version)");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &actual).expect("writable");
    }
    let expected = fs::read_to_string(&path).expect("a snapshot");
    assert_eq!(
        actual,
        expected,
        "UPDATE_SNAPSHOTS=1 writes {}",
        path.display()
    );
}

fn tflite_version() -> &'static str {
    tflite::version()
}

#[test]
fn a_model_with_metadata_and_labels() {
    snapshot(
        "described",
        &tflite(&["inspect", &model("described")]).good(),
    );
}

#[test]
fn a_quantized_model_with_everything_listed() {
    let output = tflite(&["inspect", "--all", &model("int8_conv")]).good();
    snapshot("int8_conv", &output);
}

#[test]
fn several_signatures_and_open_dimensions() {
    let output = tflite(&["inspect", &model("dynamic_signatures")]).good();
    snapshot("dynamic_signatures", &output);
}

#[test]
fn xnnpack_can_be_left_out() {
    let output = tflite(&["inspect", "--no-xnnpack", &model("conv")]).good();
    assert!(output.contains("XNNPACK      off"), "{output}");
}

#[test]
fn an_unknown_operator_is_shown_with_what_that_means() {
    let output = tflite(&["inspect", &model("unknown_operator")]).good();
    assert!(output.contains("execution    impossible"), "{output}");
    assert!(output.contains("Nonesuch (custom)"), "{output}");
}

#[test]
fn a_refused_model_is_shown_too() {
    let output = tflite(&["inspect", &model("refused/sparse_index")]);
    assert_eq!((output.code, &*output.stderr), (3, ""));
    assert!(
        output.stdout.contains("verified     refused: not a sound"),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("DENSIFY"), "{}", output.stdout);
}

#[test]
fn whatever_is_no_model_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.tflite");
    tflite(&["inspect", text(&path)]).bad(4, &["x.tflite", "No such file"]);
    fs::write(&path, b"").expect("writable");
    tflite(&["inspect", text(&path)]).bad(3, &["x.tflite", "not a valid"]);
    fs::write(&path, [0xff; 4096]).expect("writable");
    tflite(&["inspect", text(&path)]).bad(3, &["x.tflite", "not a valid", "4096 bytes"]);
    tflite(&["inspect", text(folder.path())]).bad(4, &["directory"]);
}

/// Each cut of a model, and single bytes of it changed: an answer, never a crash.
#[test]
fn damaged_models_are_shown_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.tflite");
    let whole = fs::read(library("models/described.tflite")).expect("a model");
    let inspect = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("writable");
        let output = tflite(&["inspect", "--all", text(&path)]);
        assert!(
            [0, 3].contains(&output.code),
            "{} {}",
            output.code,
            output.stderr
        );
        output.code
    };
    let step = whole.len() / 40;
    let mut refused = 0;
    for at in (0..whole.len()).step_by(step) {
        refused += usize::from(inspect(&whole[..at]) == 3);
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        inspect(&damaged);
    }
    assert!(refused > 20, "{refused}");
}

/// A model's names go to a terminal.
#[test]
fn names_cannot_steer_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.tflite");
    let mut bytes = fs::read(library("models/described.tflite")).expect("a model");
    let place = bytes
        .windows(5)
        .position(|window| window == b"Adder")
        .expect("its name");
    bytes[place..place + 5].copy_from_slice(b"\x1b[2Jx");
    fs::write(&path, bytes).expect("writable");
    // Even where colours are forced.
    for force in [false, true] {
        let mut command = command(&["inspect", text(&path)]);
        if force {
            command.env("CLICOLOR_FORCE", "1");
        }
        let output = command.output().expect("starts");
        let stdout = String::from_utf8(output.stdout).expect("text");
        assert!(stdout.contains(r"\u{1b}[2Jx"), "{stdout}");
        assert!(!stdout.contains("\x1b[2J"), "{stdout}");
        assert_eq!(stdout.contains("\x1b["), force);
    }
}
