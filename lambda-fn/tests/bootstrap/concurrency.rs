//! Several events at a time, as on Lambda's managed instances.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    process::{bootstrap, model, signal},
    runtime_api::{Function, Outcome},
};

/// Who asks for a picture that never comes waits alone.
#[test]
fn a_slow_event_does_not_hold_up_the_next_one() {
    let Some(model) = model() else { return };
    let trousers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/sample/trousers.jpg");
    let quick = json!({ "image": STANDARD.encode(fs::read(trousers).unwrap()) }).to_string();
    // Accepts connections, in the kernel, and says nothing.
    let silence = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silence.local_addr().unwrap());
    let slow = json!({ "url": url }).to_string();
    for (limit, slow_first) in [("1", true), ("4", false)] {
        let mut function = Function::start(
            bootstrap()
                .env("MODEL_PATH", &model)
                .env("ALLOW_PRIVATE_URLS", "1")
                .env("FETCH_TIMEOUT_SECONDS", "2")
                .env("AWS_LAMBDA_MAX_CONCURRENCY", limit),
        );
        function.send(&slow);
        function.send(&quick);
        let outcomes = [function.next(), function.next()];
        let timed_out = outcomes
            .each_ref()
            .map(|outcome| matches!(outcome, Outcome::Error(kind, _) if kind == "Timeout"));
        assert_eq!(timed_out, [slow_first, !slow_first], "{outcomes:?}");
        assert!(matches!(
            function.invoke(&quick),
            Outcome::Response(text) if text.contains("\"pants\":")
        ));
    }
}

/// What was asked before the signal is answered after it, and then the process ends well.
#[test]
fn the_events_at_hand_are_answered_before_the_process_ends() {
    let Some(model) = model() else { return };
    let silence = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silence.local_addr().unwrap());
    for (limit, events) in [("1", 1), ("3", 2)] {
        let mut function = Function::start(
            bootstrap()
                .env("MODEL_PATH", &model)
                .env("ALLOW_PRIVATE_URLS", "1")
                .env("FETCH_TIMEOUT_SECONDS", "1")
                .env("AWS_LAMBDA_MAX_CONCURRENCY", limit),
        );
        for _ in 0..events {
            function.send(json!({ "url": url }).to_string());
        }
        // The requests are at work.
        let connections: Vec<_> = (0..events).map(|_| silence.accept().unwrap()).collect();
        signal(function.process_id(), "TERM");
        for _ in 0..events {
            assert!(matches!(
                function.next(),
                Outcome::Error(kind, _) if kind == "Timeout"
            ));
        }
        let start = Instant::now();
        while function.is_running() {
            assert!(start.elapsed() < Duration::from_secs(5));
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(function.exit_code(), Some(0));
        drop(connections);
    }
}
