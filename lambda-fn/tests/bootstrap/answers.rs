//! The real model, the real binary, the runtime's own protocol.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    process::{bootstrap, model},
    runtime_api::{Function, Outcome},
};

const LABELS: [&str; 10] = [
    "dress",
    "hat",
    "longsleeve",
    "outwear",
    "pants",
    "shirt",
    "shoes",
    "shorts",
    "skirt",
    "t-shirt",
];

/// Decoding and preprocessing give the same bits; the inference may add in another order.
const TOLERANCE: f32 = 1e-4;

fn read(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn image(bytes: &[u8]) -> String {
    json!({ "image": STANDARD.encode(bytes) }).to_string()
}

fn scores(function: &mut Function, event: &str) -> Vec<(String, f32)> {
    match function.invoke(event) {
        Outcome::Response(text) => {
            let object: Value = serde_json::from_str(&text).unwrap();
            // Whether a parsed object keeps the order is for the parser to say; the text has it.
            let at = |label: &str| text.find(&format!("\"{label}\":")).expect(label);
            assert!(LABELS.is_sorted_by_key(|label| at(label)), "{text}");
            assert_eq!(object.as_object().unwrap().len(), LABELS.len());
            let score = |label: &str| object[label].as_f64().unwrap() as f32;
            LABELS
                .iter()
                .map(|label| ((*label).to_owned(), score(label)))
                .collect()
        }
        other => panic!("{other:?}"),
    }
}

fn top(scores: &[(String, f32)]) -> &str {
    &scores.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
}

#[test]
fn trousers_are_pants_and_bad_events_change_nothing() {
    let Some(model) = model() else { return };
    let mut function = Function::start(bootstrap().env("MODEL_PATH", model));
    let process = function.process_id();
    let trousers = read("../model/sample/trousers.jpg");
    let good = image(&trousers);
    let first = scores(&mut function, &good);
    assert_eq!(top(&first), "pants", "{first:?}");

    let text = "a".repeat(100_000);
    let many = format!("{{\"urls\": [{}0]}}", "0,".repeat(300_000));
    let cases: [(&str, &str); 16] = [
        ("", "InvalidRequest"),
        ("{", "InvalidRequest"),
        ("{\"url\": \"http://127.0.0.1/\"", "InvalidRequest"),
        ("null", "InvalidRequest"),
        ("[]", "InvalidRequest"),
        ("{}", "InvalidRequest"),
        ("{\"url\": null}", "InvalidRequest"),
        ("{\"url\": \"a\", \"image\": \"b\"}", "InvalidRequest"),
        (&text, "InvalidRequest"),
        (&many, "TooLarge"),
        ("{\"image\": \"%\"}", "InvalidBase64"),
        ("{\"url\": \"file:///etc/passwd\"}", "InvalidUrl"),
        (
            "{\"url\": \"http://127.0.0.1:9/a.jpg\"}",
            "ForbiddenAddress",
        ),
        ("{\"url\": \"http://2130706433/a.jpg\"}", "ForbiddenAddress"),
        ("{\"image\": \"PGh0bWw+\"}", "UnsupportedImage"),
        (&image(&trousers[..trousers.len() / 2]), "InvalidImage"),
    ];
    for (event, expected) in cases {
        match function.invoke(event) {
            Outcome::Error(error_type, message) => {
                assert_eq!(error_type, expected, "{message}");
                assert!(!message.is_empty());
            }
            other => panic!("{event}: {other:?}"),
        }
        assert_eq!(scores(&mut function, &good), first);
    }
    assert!(function.is_running());
    assert_eq!(function.process_id(), process);
}

/// A body that is not even UTF-8 must not end the process.
#[test]
fn bytes_that_are_no_text_are_an_invalid_request() {
    let Some(model) = model() else { return };
    let mut function = Function::start(bootstrap().env("MODEL_PATH", model));
    match function.invoke(b"{\"url\": \"\xff\xfe\"}") {
        Outcome::Error(error_type, _) => assert_eq!(error_type, "InvalidRequest"),
        other => panic!("{other:?}"),
    }
    assert!(function.is_running());
}

/// `golden/logits.json` is what the Python runtime puts out for the same model and pictures:
/// `python model/golden.py --model model/clothing.tflite --images keras-preprocess/tests/golden/pictures
/// --out lambda-fn/tests/golden/logits.json`. It must be made again when the model changes.
#[test]
fn the_scores_are_those_of_the_python_runtime() {
    let Some(model) = model() else { return };
    let golden: Value = serde_json::from_slice(&read("tests/golden/logits.json")).unwrap();
    let files = golden["files"].as_object().unwrap();
    assert!(files.len() > 30);
    for threads in ["1", "2"] {
        let mut command = bootstrap();
        let mut function = Function::start(
            command
                .env("MODEL_PATH", &model)
                .env("NUM_THREADS", threads),
        );
        for (name, logits) in files {
            let bytes = read(&format!("../keras-preprocess/tests/golden/pictures/{name}"));
            let ours = scores(&mut function, &image(&bytes));
            for ((label, ours), theirs) in ours.iter().zip(logits.as_array().unwrap()) {
                let theirs = theirs.as_f64().unwrap() as f32;
                assert!(
                    (ours - theirs).abs() <= TOLERANCE,
                    "{name} {label}: {ours}, not {theirs}"
                );
            }
        }
    }
}

/// The same through the runtime as in-process: an HTTP event has an HTTP answer, also to a mistake,
/// and a batch of messages names those that failed.
#[test]
fn events_of_other_services_have_answers_in_their_form() {
    let Some(model) = model() else { return };
    let mut function = Function::start(bootstrap().env("MODEL_PATH", model));
    let mut ask = |event: Value| match function.invoke(event.to_string()) {
        Outcome::Response(text) => serde_json::from_str::<Value>(&text).unwrap(),
        other => panic!("{other:?}"),
    };
    let event = |name: &str| {
        let text = read(&format!("tests/events/{name}.json"));
        serde_json::from_slice::<Value>(&text).unwrap()
    };
    let picture = read("../keras-preprocess/tests/golden/pictures/rgb.png");
    let mut url = event("function-url-image");
    url["body"] = json!(STANDARD.encode(picture));
    let answer = ask(url.clone());
    assert_eq!(answer["statusCode"], 200);
    // As the invocation is called in the log.
    let id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
    assert_eq!(answer["headers"]["x-request-id"], id);
    let scores: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(scores.as_object().unwrap().len(), LABELS.len());

    url["body"] = json!("AAAA");
    let answer = ask(url);
    assert_eq!(answer["statusCode"], 415);

    let mut messages = event("sqs");
    messages["Records"].as_array_mut().unwrap().drain(3..);
    messages["Records"][0]["body"] = event("direct-image").to_string().into();
    messages["Records"][1]["body"] = json!("{\"url\": \"ftp://example.com/\"}");
    let failures = json!([{"itemIdentifier": "message-2"}, {"itemIdentifier": "message-3"}]);
    assert_eq!(ask(messages)["batchItemFailures"], failures);
}
