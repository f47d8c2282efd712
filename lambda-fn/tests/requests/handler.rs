//! Whole requests through the handler. After each bad one, a good one must work.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use keras_preprocess::Limits;
use lambda_fn::{
    Error, Event, Handler, Invocation,
    fetch::{AllowAll, Fetcher, Options},
};
use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    model::{FAIL, Means, PANIC, SLEEP},
    server::{Server, picture},
};

pub(crate) fn handler(model: &Means) -> Handler {
    let timeout = Duration::from_millis(500);
    let fetcher = Fetcher::new(Options {
        timeout,
        guard: Arc::new(AllowAll),
        ..Options::default()
    })
    .unwrap();
    Handler::new(fetcher, model.classifier(), Limits::default()).with_log(drop_line)
}

fn drop_line(_: &str) {}

async fn ask(handler: &Handler, event: impl Into<Event>) -> Result<Value, Error> {
    let answer = handler.handle(event.into(), &Invocation::default()).await?;
    Ok(serde_json::to_value(answer).unwrap())
}

/// A good request, which must be answered.
async fn assert_works(handler: &Handler) {
    let image = STANDARD.encode(picture("rgb.png"));
    let answer = ask(handler, json!({ "image": image })).await.unwrap();
    let labels: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(labels.len(), 3);
}

#[tokio::test]
async fn both_ways_to_name_a_picture_give_the_same_answer() {
    let (server, model) = (Server::start(), Means::default());
    let handler = handler(&model);
    let by_url = ask(&handler, json!({ "url": server.url("/rgb.png") }))
        .await
        .unwrap();
    let image = STANDARD.encode(picture("rgb.png"));
    let by_image = ask(&handler, json!({ "image": image })).await.unwrap();
    let data_url = format!("data:image/png;base64,{image}");
    let by_data_url = ask(&handler, json!({ "image": data_url })).await.unwrap();
    assert_eq!(by_url, by_image);
    assert_eq!(by_url, by_data_url);
    assert!(by_url["red"].is_f64(), "{by_url}");
    assert_eq!(model.made.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn every_bad_request_has_its_type_and_the_next_one_works() {
    let (server, model) = (Server::start(), Means::default());
    let handler = handler(&model);
    let url = |path: &str| json!({ "url": server.url(path) });
    let image = |bytes: &[u8]| json!({ "image": STANDARD.encode(bytes) });
    let jpeg = picture("420.jpg");
    let cases = [
        (json!(null), "InvalidRequest"),
        (json!([]), "InvalidRequest"),
        (json!("https://host/a.jpg"), "InvalidRequest"),
        (json!({}), "InvalidRequest"),
        (json!({ "uri": "https://host/a.jpg" }), "InvalidRequest"),
        (json!({ "url": 5 }), "InvalidRequest"),
        (
            json!({ "url": "https://host/a.jpg", "image": "" }),
            "InvalidRequest",
        ),
        (json!({ "image": "***" }), "InvalidBase64"),
        (json!({ "url": "no url" }), "InvalidUrl"),
        (json!({ "url": "file:///etc/passwd" }), "InvalidUrl"),
        (url("/to-file"), "InvalidUrl"),
        (url("/hang-up"), "FetchFailed"),
        (url("/missing.png"), "HttpStatus"),
        (url("/loop"), "TooManyRedirects"),
        (url("/endless"), "TooLarge"),
        (url("/says-1-gb"), "TooLarge"),
        (url("/hang"), "Timeout"),
        (url("/html"), "UnsupportedImage"),
        (url("/empty"), "UnsupportedImage"),
        (json!({ "image": "" }), "UnsupportedImage"),
        (url("/truncated.jpg"), "InvalidImage"),
        (image(&jpeg[..jpeg.len() / 2]), "InvalidImage"),
    ];
    for (event, expected) in cases {
        let error = ask(&handler, event.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), expected, "{event}: {error}");
        assert_eq!(Diagnostic::from(error).error_type, expected);
        assert_works(&handler).await;
    }
    assert_eq!(
        model.made.load(Ordering::SeqCst),
        1,
        "none of them is the interpreter's fault"
    );
}

#[tokio::test]
async fn malformed_json_is_an_invalid_request() {
    let handler = handler(&Means::default());
    for text in ["", "{", "{\"url\": \"a\"", "{'url': 'a'}", "\u{0}"] {
        let event = Event::deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
        let error = handler
            .handle(event, &Invocation::default())
            .await
            .unwrap_err();
        assert_eq!(error.error_type(), "InvalidRequest");
    }
    assert_works(&handler).await;
}

#[tokio::test]
async fn a_failing_or_panicking_model_costs_one_request() {
    let model = Means::default();
    let handler = handler(&model);
    let event = json!({ "image": STANDARD.encode(picture("rgb.png")) });
    for (behaviour, expected) in [(FAIL, "ModelError"), (PANIC, "Internal")] {
        let before = model.made.load(Ordering::SeqCst);
        model.next.store(behaviour, Ordering::SeqCst);
        let error = ask(&handler, event.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), expected);
        assert!(
            error.to_string().contains("as the test asked for"),
            "{error}"
        );
        assert_works(&handler).await;
        assert_eq!(model.made.load(Ordering::SeqCst), before + 1);
    }
}

#[tokio::test]
async fn a_slow_model_is_a_timeout_before_the_invocation_ends() {
    let model = Means::default();
    let handler = handler(&model);
    model.next.store(SLEEP, Ordering::SeqCst);
    let invocation = Invocation {
        deadline: Some(Instant::now() + Duration::from_millis(100)),
        ..Invocation::default()
    };
    let event = json!({ "image": STANDARD.encode(picture("rgb.png")) });
    let start = Instant::now();
    let error = handler.handle(event.into(), &invocation).await.unwrap_err();
    assert_eq!(error.error_type(), "Timeout");
    let said = error.to_string();
    for part in [
        "classifying the picture (done: ",
        "decoding",
        "preprocessing",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(start.elapsed() < Duration::from_millis(400));
    assert_works(&handler).await;
}

#[tokio::test]
async fn requests_at_the_same_time_wait_for_each_other() {
    let (server, model) = (Server::start(), Means::default());
    let handler = Arc::new(handler(&model));
    let expected = ask(&handler, json!({ "url": server.url("/rgb.png") }))
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (handler, url) = (handler.clone(), server.url("/rgb.png"));
            tokio::spawn(async move { ask(&handler, json!({ "url": url })).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), expected);
    }
    assert_eq!(model.made.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_log_has_one_line_a_request_and_no_secrets() {
    let (server, lines) = (Server::start(), Arc::new(Mutex::new(Vec::new())));
    let sink = Arc::clone(&lines);
    let handler =
        handler(&Means::default()).with_log(move |line| sink.lock().unwrap().push(line.to_owned()));
    for (path, id) in [("rgb.png", "first"), ("missing.png", "second")] {
        let url = format!(
            "http://user:hunter2@{}/{path}?token=hunter2",
            server.address()
        );
        let invocation = Invocation {
            request_id: id.to_owned(),
            ..Invocation::default()
        };
        let _ = handler
            .handle(json!({ "url": url }).into(), &invocation)
            .await;
    }

    let lines = lines.lock().unwrap();
    assert!(!lines.concat().contains("hunter2"), "{lines:?}");
    let parsed: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(parsed.len(), 2);
    assert_eq!(
        (&parsed[0]["requestId"], &parsed[0]["coldStart"]),
        (&json!("first"), &json!(true))
    );
    assert_eq!(
        (&parsed[0]["format"], &parsed[0]["width"]),
        (&json!("PNG"), &json!(61))
    );
    assert_eq!(
        (&parsed[1]["coldStart"], &parsed[1]["level"]),
        (&json!(false), &json!("ERROR"))
    );
    assert_eq!(parsed[1]["errorType"], "HttpStatus");
}
