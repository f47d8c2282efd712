//! Faults of the model: it takes too long, puts out nonsense, or the runtime fails. As in
//! `tests/bootstrap/faults`, each has its row in `docs/faults.md`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, header};
use lambda_fn::{Config, Handler, Invocation};
use serde_json::Value;

use crate::{
    handler::handler,
    model::{FAIL, Means, PANIC},
    server::picture,
    table,
};

/// The real runtime, with one of the models of these tests.
fn start(model: &str, labels: usize) -> Handler {
    let model = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/networks")
        .join(model);
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{labels}.labels.txt"));
    let names: Vec<_> = (0..labels).map(|index| format!("l{index}")).collect();
    fs::write(&file, names.join("\n")).unwrap();
    let lookup = |name: &str| match name {
        "MODEL_PATH" => Some(model.display().to_string()),
        "LABELS_PATH" => Some(file.display().to_string()),
        "NUM_THREADS" => Some("1".to_owned()),
        _ => None,
    };
    let handler = Handler::start(&Config::from_lookup(lookup, Vec::new()).unwrap()).unwrap();
    handler.with_log(|_| {})
}

/// Status and body, and how long that took.
async fn ask(handler: &Handler, picture: &[u8], time: Option<Duration>) -> (u16, String, Duration) {
    let start = Instant::now();
    let request = Request::post("/predict").header(header::CONTENT_TYPE, "image/png");
    let request = request.body(Bytes::copy_from_slice(picture)).unwrap();
    let invocation = Invocation {
        deadline: time.map(|time| start + time),
        ..Invocation::default()
    };
    let answer = handler.http(request, &invocation).await;
    let body = String::from_utf8(answer.body().to_vec()).unwrap();
    (answer.status().as_u16(), body, start.elapsed())
}

fn told(status: u16, body: &str) -> String {
    table::told(status, body, "nobody")
}

/// What Lambda has in reserve behind the deadline is 250 ms.
const LATE: Duration = Duration::from_millis(240);

/// XNNPACK has all of the model, and cannot be ended in the middle. The answer comes in time all the
/// same, and the interpreter is used again when it is done.
#[tokio::test]
async fn an_inference_that_cannot_be_ended_holds_up_no_answer() {
    let handler = start("slow.tflite", 16);
    let good = picture("rgb.png");
    let (status, expected, whole) = ask(&handler, &good, None).await;
    assert_eq!(status, 200, "{expected}");
    assert!(whole > Duration::from_millis(300), "{whole:?} is not slow");

    let short = whole / 8;
    let (status, body, took) = ask(&handler, &good, Some(short)).await;
    assert_eq!(status, 504, "{body}");
    assert!(
        took >= short && took < short + LATE,
        "{took:?} of {short:?}"
    );
    let first = told(status, &body);
    let answer: Value = serde_json::from_str(&body).unwrap();
    for step in ["decode_ms", "preprocess_ms"] {
        assert!(answer["timings"][step].is_f64(), "{answer}");
    }

    // The interpreter is still at it.
    let short = Duration::from_millis(50);
    let (status, body, took) = ask(&handler, &good, Some(short)).await;
    assert_eq!(status, 504, "{body}");
    assert!(took < short + LATE, "{took:?}");
    let second = told(status, &body);

    // Who has more time has an answer: it waits for the interpreter, and then for its own inference.
    let (status, body, took) = ask(&handler, &good, Some(Duration::from_secs(60))).await;
    assert_eq!((status, &body), (200, &expected));
    assert!(took > whole / 2, "{took:?}");
    let next = format!(
        "{}, when the interpreter is free again",
        told(status, &body)
    );
    table::row(
        "the time is over in the middle of the inference",
        &first,
        &next,
    );
    table::row(
        "the time is over while the interpreter is still busy with that",
        &second,
        &next,
    );
}

/// The same with a client of `serve` that goes away.
#[tokio::test]
async fn nobody_waits_for_the_inference_of_who_has_gone() {
    let handler = start("slow.tflite", 16);
    let good = picture("rgb.png");
    let (_, expected, whole) = ask(&handler, &good, None).await;
    for _ in 0..3 {
        let gone = tokio::time::timeout(whole / 10, ask(&handler, &good, None)).await;
        assert!(gone.is_err());
    }
    let (status, body, took) = ask(&handler, &good, None).await;
    assert_eq!((status, body), (200, expected));
    // The first had begun; of the others nothing was done.
    assert!(took < whole * 3, "{took:?}, and {whole:?} alone");
}

/// A picture of one colour, as BMP.
fn of_colour(byte: u8) -> Vec<u8> {
    let pixels = vec![byte; 8 * 8 * 3];
    let size = 54 + pixels.len() as u32;
    let mut file = b"BM".to_vec();
    for number in [size, 0, 54, 40, 8, 8, 24 << 16 | 1, 0, 0, 0, 0, 0, 0] {
        file.extend(number.to_le_bytes());
    }
    file.extend(pixels);
    file
}

#[tokio::test]
async fn a_model_that_puts_out_no_number_costs_one_request() {
    let handler = start("root.tflite", 3);
    let (black, white) = (of_colour(0), of_colour(255));
    for _ in 0..3 {
        let (status, body, _) = ask(&handler, &black, None).await;
        assert_eq!(status, 500, "{body}");
        let (next, scores, _) = ask(&handler, &white, None).await;
        assert_eq!(scores, "{\"l0\":1.0,\"l1\":1.0,\"l2\":1.0}");
        table::row(
            "the model puts out no number",
            &told(status, &body),
            &told(next, &scores),
        );
    }
}

#[tokio::test]
async fn a_failure_and_a_panic_cost_one_request() {
    let model = Means::default();
    let handler = handler(&model);
    let good = picture("rgb.png");
    for (behaviour, fault) in [(FAIL, "the runtime fails"), (PANIC, "a panic")] {
        model.next.store(behaviour, Ordering::SeqCst);
        let (status, body, _) = ask(&handler, &good, None).await;
        assert_eq!(status, 500, "{body}");
        let (next, scores, _) = ask(&handler, &good, None).await;
        let next = format!("{}, from a new interpreter", told(next, &scores));
        table::row(fault, &told(status, &body), &next);
    }
    assert_eq!(model.made.load(Ordering::SeqCst), 3);
}
