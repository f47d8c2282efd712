//! Start-up failures: exit code 1 and a message that names what is wrong.

use std::process::Command;

use crate::process::{bootstrap, file, model};

fn assert_fails(command: &mut Command, parts: &[&str]) {
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    let last = message.lines().last().unwrap_or_default();
    assert!(last.starts_with("bootstrap: "), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn unusable_variables() {
    for value in ["0", "-3", "many", "1e3"] {
        assert_fails(
            bootstrap().env("NUM_THREADS", value).env("MODEL_PATH", "m"),
            &["NUM_THREADS", value],
        );
    }
    assert_fails(
        bootstrap()
            .env("MAX_IMAGE_BYTES", "10MB")
            .env("MODEL_PATH", "m"),
        &["MAX_IMAGE_BYTES", "10MB"],
    );
}

#[test]
fn no_model() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    assert_fails(
        bootstrap().env("LAMBDA_TASK_ROOT", folder),
        &["MODEL_PATH", "clothing.tflite", folder],
    );
    let labels = file("two.labels.txt", b"a\nb\n");
    assert_fails(
        bootstrap()
            .env("MODEL_PATH", "no/such.tflite")
            .env("LABELS_PATH", labels),
        &["no/such.tflite"],
    );
    assert_fails(
        bootstrap().env("MODEL_PATH", "no/such.tflite"),
        &["no/such.tflite"],
    );
}

#[test]
fn a_file_that_is_no_model() {
    let labels = file("two.labels.txt", b"a\nb\n");
    for (name, content) in [
        ("empty.tflite", &b""[..]),
        ("text.tflite", b"I am no model at all"),
    ] {
        let model = file(name, content);
        assert_fails(
            bootstrap()
                .env("MODEL_PATH", model)
                .env("LABELS_PATH", &labels),
            &[name],
        );
    }
}

#[test]
fn labels_that_do_not_fit() {
    let Some(model) = model() else { return };
    let labels = file("nine.labels.txt", b"1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    assert_fails(
        bootstrap()
            .env("MODEL_PATH", &model)
            .env("LABELS_PATH", labels),
        &["clothing.tflite", "9 labels", "10 outputs"],
    );
    assert_fails(
        bootstrap()
            .env("MODEL_PATH", &model)
            .env("LABELS_PATH", "no/labels"),
        &["no/labels"],
    );
}

#[test]
fn labels_that_are_nowhere() {
    // Alone in its folder, and without metadata.
    let small = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tflite/tests/models/add.tflite"
    );
    let lonely = file("lonely.tflite", &std::fs::read(small).unwrap());
    assert_fails(
        bootstrap().env("MODEL_PATH", lonely),
        &["LABELS_PATH", "lonely.labels.txt"],
    );
}

#[test]
fn certificates_that_cannot_be_read() {
    let Some(model) = model() else { return };
    assert_fails(
        bootstrap()
            .env("MODEL_PATH", model)
            .env("SSL_CERT_FILE", "no/such.pem"),
        &["SSL_CERT_FILE", "no/such.pem"],
    );
}

#[test]
fn started_by_hand() {
    let Some(model) = model() else { return };
    assert_fails(
        bootstrap()
            .env("MODEL_PATH", model)
            .env_remove("AWS_LAMBDA_RUNTIME_API"),
        &["AWS_LAMBDA_RUNTIME_API is not set"],
    );
}

#[test]
fn a_runtime_that_is_not_there() {
    let Some(model) = model() else { return };
    assert_fails(bootstrap().env("MODEL_PATH", model), &["127.0.0.1:9"]);
}
