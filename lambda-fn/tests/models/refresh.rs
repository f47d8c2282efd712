//! A model is replaced while it serves.

use std::{
    thread,
    time::{Duration, Instant},
};

use lambda_fn::Handler;

use crate::{
    function::{FIVE_LABELS, THREE_LABELS, ask, five, image, labels, start, three},
    server::{Page, Server},
};

const MODEL: &str = "/models/m.tflite";
const LABELS: &str = "/models/m.txt";

fn serve() -> (Server, Handler) {
    let server = Server::start([
        (MODEL, Page::File(five(), "\"five\"")),
        (LABELS, Page::File(FIVE_LABELS.into(), "\"five labels\"")),
    ]);
    let handler = start(&[
        ("MODEL_URI", "s3://models/m.tflite"),
        ("LABELS_URI", "s3://models/m.txt"),
        ("MODEL_REFRESH_SECONDS", "1"),
        ("AWS_ENDPOINT_URL", &server.url("")),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "i"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ])
    .unwrap();
    (server, handler)
}

/// Asks again and again, which must work each time, until the labels are these.
fn ask_until(handler: &Handler, expected: &str, time: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < time {
        if labels(handler) == expected {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn the_new_model_serves_without_a_failed_request() {
    let (server, handler) = serve();
    assert_eq!(labels(&handler), "abcde");
    assert_eq!(server.requests().len(), 2);
    // Each on its own would not fit the other: they come together or not at all.
    server.set(LABELS, Page::File(THREE_LABELS.into(), "\"three labels\""));
    assert!(!ask_until(&handler, "xyz", Duration::from_millis(1500)));
    server.set(MODEL, Page::File(three(), "\"three\""));
    assert!(ask_until(&handler, "xyz", Duration::from_secs(10)));
}

#[test]
fn what_has_not_changed_does_not_come_again() {
    let (server, handler) = serve();
    assert!(!ask_until(&handler, "", Duration::from_millis(2600)));
    let requests = server.requests();
    assert!(requests.len() >= 4, "{}", requests.len());
    // Two a second at most, whatever the number of requests.
    assert!(requests.len() <= 8, "{}", requests.len());
    for request in &requests[2..] {
        assert!(request.headers.contains_key("if-none-match"));
    }
}

#[test]
fn the_old_model_serves_on_when_the_new_one_is_of_no_use() {
    let (server, handler) = serve();
    for page in [
        Page::File(b"no model".to_vec(), "\"x\""),
        Page::File(three(), "\"does not fit the labels\""),
        Page::Status(404, ""),
        // The server dies in the middle.
        Page::CutOff(three()),
    ] {
        let before = server.requests().len();
        server.set(MODEL, page);
        assert!(!ask_until(&handler, "xyz", Duration::from_millis(1500)));
        assert!(server.requests().len() > before);
        assert_eq!(
            ask(&handler, image()).unwrap().as_object().unwrap().len(),
            5
        );
    }
    server.set(LABELS, Page::File(THREE_LABELS.into(), "\"three labels\""));
    server.set(MODEL, Page::File(three(), "\"three\""));
    assert!(ask_until(&handler, "xyz", Duration::from_secs(10)));
}
