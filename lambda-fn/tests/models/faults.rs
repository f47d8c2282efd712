//! What comes at start, and what does not.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use ring::digest;
use serde_json::json;

use crate::{
    function::{FIVE_LABELS, ask, five, labels, labels_file, refused, start},
    server::{Page, Server},
};

fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    let digits: Vec<String> = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    digits.concat()
}

fn file() -> Page {
    Page::File(five(), "\"1\"")
}

/// The variables for an object of the server, as if it were S3.
fn s3<'a>(server: &'a str, labels: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("MODEL_URI", "s3://bucket/five.tflite"),
        ("LABELS_PATH", labels),
        ("AWS_ENDPOINT_URL_S3", server),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "the-id"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("AWS_SESSION_TOKEN", "hunter2-token"),
        ("MODEL_TIMEOUT_SECONDS", "1"),
    ]
}

#[test]
fn a_model_comes_by_http_and_from_s3() {
    let server = Server::start([
        ("/five.tflite", file()),
        ("/bucket/five.tflite", file()),
        ("/five.txt", Page::File(FIVE_LABELS.into(), "\"l\"")),
    ]);
    let (url, base) = (server.url("/five.tflite"), server.url(""));
    let labels_url = server.url("/five.txt");
    let by_http = start(&[
        ("MODEL_URI", &url),
        ("MODEL_SHA256", &sha256(&five())),
        ("LABELS_URI", &labels_url),
    ]);
    assert_eq!(labels(&by_http.unwrap()), "abcde");

    let file = labels_file("five.labels.txt", FIVE_LABELS);
    let from_s3 = start(&s3(&base, &file)).unwrap();
    assert_eq!(labels(&from_s3), "abcde");
    let request = server.requests().pop().unwrap();
    assert_eq!(request.target, "/bucket/five.tflite");
    let header = |name: &str| request.headers[name].clone();
    assert!(header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=the-id/"));
    assert_eq!(header("x-amz-security-token"), "hunter2-token");
}

#[test]
fn what_passes_is_tried_again() {
    let bad = [
        Page::HangUp,
        Page::Status(503, "<Error><Code>SlowDown</Code></Error>"),
        Page::CutOff(five()),
    ];
    let path = labels_file("again.labels.txt", FIVE_LABELS);
    for first in bad {
        let server = Server::start([("/bucket/five.tflite", Page::Then(vec![first, file()]))]);
        let handler = start(&s3(&server.url(""), &path)).unwrap();
        assert_eq!(labels(&handler), "abcde");
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn what_does_not_pass_is_told() {
    let path = labels_file("told.labels.txt", FIVE_LABELS);
    let denied = "<Error><Code>AccessDenied</Code><Message>hunter2</Message></Error>";
    for (page, said, tries) in [
        (
            Page::Status(403, denied),
            "HTTP status 403 (AccessDenied), in 1 attempts",
            Some(1),
        ),
        (
            Page::Status(404, ""),
            "HTTP status 404, in 1 attempts",
            Some(1),
        ),
        (
            Page::Status(301, ""),
            "HTTP status 301, in 1 attempts",
            Some(1),
        ),
        (Page::CutOff(five()), "attempts", None),
        (Page::Status(500, "<html>"), "HTTP status 500, in ", None),
        (Page::Drip(vec![0; 1000]), "nothing came in 1 s", None),
        (Page::File(b"no model".to_vec(), "\"1\""), "", Some(1)),
    ] {
        let server = Server::start([("/bucket/five.tflite", page)]);
        let begin = Instant::now();
        let error = refused(&s3(&server.url(""), &path));
        assert!(begin.elapsed() < Duration::from_secs(3), "{error}");
        assert!(error.contains("s3://bucket/five.tflite"), "{error}");
        assert!(error.contains(said), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        match tries {
            Some(tries) => assert_eq!(server.requests().len(), tries, "{error}"),
            // As many as the time lets it.
            None => assert!(!error.contains("in 1 attempts") || said.contains("nothing")),
        }
    }
}

#[test]
fn nobody_there_is_told() {
    let path = labels_file("nobody.labels.txt", FIVE_LABELS);
    let error = refused(&s3("http://127.0.0.1:1", &path));
    assert!(
        error.to_lowercase().contains("connection refused"),
        "{error}"
    );
}

#[test]
fn too_much_is_left() {
    let path = labels_file("much.labels.txt", FIVE_LABELS);
    let server = Server::start([("/bucket/five.tflite", Page::Endless)]);
    let base = server.url("");
    let mut variables = s3(&base, &path);
    variables.push(("MAX_MODEL_BYTES", "1000000"));
    let error = refused(&variables);
    assert!(
        error.contains("larger than 1000000 bytes (MAX_MODEL_BYTES)"),
        "{error}"
    );

    // The length is enough to know.
    let length = five().len();
    for (limit, fits) in [(length, true), (length - 1, false)] {
        let server = Server::start([("/bucket/five.tflite", file())]);
        let (base, limit) = (server.url(""), limit.to_string());
        let mut variables = s3(&base, &path);
        variables.push(("MAX_MODEL_BYTES", &limit));
        assert_eq!(start(&variables).is_ok(), fits);
    }
}

#[test]
fn another_model_than_that_of_the_sum_is_refused() {
    let server = Server::start([("/bucket/five.tflite", file())]);
    let (base, path) = (server.url(""), labels_file("sum.labels.txt", FIVE_LABELS));
    let mut variables = s3(&base, &path);
    let digits = "0".repeat(64);
    variables.push(("MODEL_SHA256", &digits));
    let error = refused(&variables);
    assert!(error.contains(&sha256(&five()).to_lowercase()), "{error}");

    // That of a file counts as well.
    let model = labels_file("sum.tflite", "no model");
    let error = refused(&[("MODEL_PATH", &model), ("MODEL_SHA256", &digits)]);
    assert!(error.contains("MODEL_SHA256"), "{error}");
    fs::write(&model, five()).unwrap();
    let handler = start(&[
        ("MODEL_PATH", &model),
        ("MODEL_SHA256", &sha256(&five())),
        ("LABELS_PATH", &path),
    ]);
    assert_eq!(labels(&handler.unwrap()), "abcde");
}

#[test]
fn no_labels_and_no_access_are_told() {
    let server = Server::start([("/bucket/five.tflite", file())]);
    let base = server.url("");
    let variables: Vec<_> = s3(&base, "")
        .into_iter()
        .filter(|(name, _)| *name != "LABELS_PATH")
        .collect();
    let error = refused(&variables);
    assert!(error.contains("LABELS_URI"), "{error}");
    let error = refused(&[("MODEL_URI", "s3://bucket/five.tflite")]);
    assert!(error.contains("AWS_REGION"), "{error}");
    for odd in [
        "s3://Bucket/k",
        "s3://evil.com#/k",
        "s3://b/k",
        "s3://bucket/a/../k",
    ] {
        let mut variables = s3(&base, "");
        variables[0].1 = odd;
        let before = server.requests().len();
        assert!(refused(&variables).contains(odd), "{odd}");
        assert_eq!(server.requests().len(), before, "{odd}");
    }
}

#[test]
fn credentials_come_from_a_containers_endpoint() {
    let server = Server::start([
        ("/bucket/five.tflite", file()),
        ("/role", Page::Credentials("the token")),
    ]);
    let (base, role) = (server.url(""), server.url("/role"));
    let path = labels_file("role.labels.txt", FIVE_LABELS);
    let with = |name: &'static str, value: &str| {
        start(&[
            ("MODEL_URI", "s3://bucket/five.tflite"),
            ("LABELS_PATH", &path),
            ("AWS_ENDPOINT_URL", &base),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &role),
            (name, value),
        ])
    };
    let file = labels_file("token", "the token\n");
    for (name, value) in [
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the token"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file),
    ] {
        assert_eq!(labels(&with(name, value).unwrap()), "abcde");
        let request = server.requests().pop().unwrap();
        assert!(request.headers["authorization"].contains("Credential=the-id/"));
        assert_eq!(request.headers["x-amz-security-token"], "t");
    }
    let error = with("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("credentials") && error.contains("403"),
        "{error}"
    );
    assert!(!error.contains("another"), "{error}");
}

/// A full disk does not matter: a process that may not write to any file loads its model as well.
#[test]
fn nothing_is_written_to_a_disk() {
    let server = Server::start([("/bucket/five.tflite", file())]);
    let (base, path) = (server.url(""), labels_file("disk.labels.txt", FIVE_LABELS));
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -f 0; exec \"$0\"",
            env!("CARGO_BIN_EXE_bootstrap"),
        ])
        .env_clear()
        .envs(s3(&base, &path))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // It has started, and misses only what Lambda sets.
    assert!(said.contains("\"message\":\"started\""), "{said}");
    assert!(said.contains("AWS_LAMBDA_RUNTIME_API is not set"), "{said}");
}

/// A picture in S3 has the time of all others.
#[test]
fn a_picture_that_does_not_come_from_s3_is_a_timeout() {
    let server = Server::start([
        ("/bucket/five.tflite", file()),
        ("/bucket/slow.png", Page::Drip(vec![0; 1000])),
        ("/bucket/endless.png", Page::Endless),
        ("/bucket/gone.png", Page::HangUp),
    ]);
    let (base, path) = (server.url(""), labels_file("slow.labels.txt", FIVE_LABELS));
    let mut variables = s3(&base, &path);
    variables.push(("FETCH_TIMEOUT_SECONDS", "1"));
    let handler = start(&variables).unwrap();
    for (key, expected) in [
        ("slow.png", "Timeout"),
        ("endless.png", "TooLarge"),
        ("gone.png", "FetchFailed"),
        ("nothing.png", "HttpStatus"),
    ] {
        let event = json!({ "s3": { "bucket": "bucket", "key": key } });
        let error = ask(&handler, event).unwrap_err();
        assert_eq!(error.error_type(), expected, "{error}");
        let name = format!("s3://bucket/{key}");
        assert!(error.to_string().contains(&name), "{error}");
        assert_eq!(labels(&handler), "abcde");
    }
}
