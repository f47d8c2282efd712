//! The server of the model fails while a new one is loaded.

use std::{
    fs,
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::server::{MODEL, Served, read_head, repository, respond, server};
use crate::table;

/// What the server does.
const WORK: u8 = 0;
const CUT_OFF: u8 = 1;
const HANG_UP: u8 = 2;
const STOP: u8 = 3;

/// Half of the new model, and then whatever the fault is.
fn half(stream: &mut TcpStream, model: &[u8], fault: u8) {
    read_head(stream);
    if fault == HANG_UP {
        return;
    }
    let length = model.len();
    let head = format!("HTTP/1.1 200 OK\r\nETag: \"new\"\r\nContent-Length: {length}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&model[..length / 2]);
    if fault == STOP {
        // Longer than it is waited for.
        thread::sleep(Duration::from_secs(6));
    }
}

fn labels(answer: &Value) -> String {
    let names = answer.as_object().unwrap().keys().map(String::as_str);
    names.collect::<Vec<_>>().concat()
}

#[test]
fn the_old_model_serves_until_the_new_one_is_there_as_a_whole() {
    for (fault, what) in [
        (CUT_OFF, "S3 breaks off in the middle of a new model"),
        (HANG_UP, "S3 is gone when a new model is looked for"),
        (STOP, "S3 stops in the middle of a new model"),
    ] {
        let old = fs::read(repository(MODEL)).unwrap();
        // The same with a byte behind it, which no reader looks at.
        let new = [&old[..], &[0]].concat();
        let state = Arc::new((AtomicU8::new(WORK), AtomicUsize::new(0)));
        let shared = Arc::clone(&state);
        let replaced = Arc::new(AtomicU8::new(0));
        let is_new = Arc::clone(&replaced);
        let s3 = server(move |path, stream| {
            let is_new = is_new.load(Ordering::SeqCst) == 1;
            if path.ends_with(".txt") {
                let text: &[u8] = if is_new {
                    b"v\nw\nx\ny\nz\n"
                } else {
                    b"a\nb\nc\nd\ne\n"
                };
                let tag = if is_new {
                    "ETag: \"new\"\r\n"
                } else {
                    "ETag: \"old\"\r\n"
                };
                return drop(respond(stream, tag, text));
            }
            shared.1.fetch_add(1, Ordering::SeqCst);
            match shared.0.load(Ordering::SeqCst) {
                WORK if is_new => drop(respond(stream, "ETag: \"new\"\r\n", &new)),
                WORK => drop(respond(stream, "ETag: \"old\"\r\n", &old)),
                fault => half(stream, &new, fault),
            }
        });
        let endpoint = format!("http://{s3}");
        let served = Served::with(
            &[],
            &[
                ("MODEL_URI", "s3://models/m.tflite"),
                ("LABELS_URI", "s3://models/m.txt"),
                ("MODEL_REFRESH_SECONDS", "1"),
                ("AWS_ENDPOINT_URL", &endpoint),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "i"),
                ("AWS_SECRET_ACCESS_KEY", "s"),
            ],
        );
        let first = served.good();
        assert_eq!(labels(&first.json()), "abcde");

        state.0.store(fault, Ordering::SeqCst);
        replaced.store(1, Ordering::SeqCst);
        let before = state.1.load(Ordering::SeqCst);
        let start = Instant::now();
        // It has been asked for the model in vain, and for a second time, and meanwhile all is as before.
        while state.1.load(Ordering::SeqCst) < before + 2 {
            assert!(start.elapsed() < Duration::from_secs(20));
            assert_eq!(served.good(), first);
        }
        state.0.store(WORK, Ordering::SeqCst);
        let start = Instant::now();
        let last = loop {
            let answer = served.good();
            if answer != first {
                break answer;
            }
            assert!(start.elapsed() < Duration::from_secs(20));
        };
        assert_eq!(labels(&last.json()), "vwxyz");
        table::row(
            what,
            "200, from the old model, for as long as that lasts",
            "200; from the new one when S3 is back",
        );
    }
}
