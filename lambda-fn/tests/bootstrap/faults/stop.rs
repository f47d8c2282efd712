//! SIGTERM while there is something to do.

use std::{
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    clients::Gate,
    server::{Answer, MODEL, Served, head, picture, repository},
};
use crate::{
    process::{bootstrap, file, signal},
    runtime_api::{Function, Outcome},
    table,
};

#[test]
fn the_requests_at_hand_are_answered_and_then_it_ends() {
    let mut served = Served::with(&[], &[("FETCH_TIMEOUT_SECONDS", "20")]);
    let expected = served.good();
    let gate = Gate::new();
    let answers = thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| served.ask(&gate.url())))
            .collect();
        gate.wait_for(8);
        served.terminate();
        // Until new ones are refused.
        let start = Instant::now();
        while TcpStream::connect(served.address).is_ok() {
            assert!(start.elapsed() < Duration::from_secs(10));
            thread::sleep(Duration::from_millis(5));
        }
        gate.open();
        asked
            .into_iter()
            .map(|it| it.join().unwrap())
            .collect::<Vec<_>>()
    });
    for answer in &answers {
        assert_eq!(*answer, expected);
    }
    assert_eq!(served.exit_code(), Some(0));
    let got = answers[0].told(gate.address);
    let next = "is refused by the system; the process ends with exit code 0";
    table::row("SIGTERM to the server, with requests at hand", &got, next);
}

#[test]
fn nothing_is_half_done_under_load() {
    let mut served = Served::start(&["--concurrency", "64"]);
    let expected = served.good();
    let (done, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let refused = thread::scope(|scope| {
        let client = || {
            let mut refused = 0;
            // A whole answer, or none and no connection.
            loop {
                let after = stopped.load(Ordering::SeqCst);
                match send(&served) {
                    Some(answer) => {
                        assert_eq!(answer, expected);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                    None => {
                        assert!(stopped.load(Ordering::SeqCst), "refused before the signal");
                        refused += 1;
                        if after {
                            return refused;
                        }
                    }
                }
            }
        };
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(client)).collect();
        while done.load(Ordering::SeqCst) < 100 {
            thread::sleep(Duration::from_millis(5));
        }
        stopped.store(true, Ordering::SeqCst);
        served.terminate();
        clients
            .into_iter()
            .map(|it| it.join().unwrap())
            .sum::<usize>()
    });
    assert!(refused >= 8);
    assert_eq!(served.exit_code(), Some(0));
    table::row(
        "SIGTERM to the server, under load",
        "200, or no connection",
        "is refused by the system; the process ends with exit code 0",
    );
}

/// `None` if the connection was refused, or closed before anything came.
fn send(served: &Served) -> Option<Answer> {
    let mut stream = TcpStream::connect(served.address).ok()?;
    let body = picture("rgb.png");
    let text = [head("image/png", body.len()).as_bytes(), &body].concat();
    stream.write_all(&text).ok()?;
    let begun = stream.peek(&mut [0]).is_ok_and(|bytes| bytes == 1);
    begun.then(|| Answer::read(stream).expect("half an answer"))
}

#[test]
fn the_events_of_lambda_are_answered_and_then_it_ends() {
    let gate = Gate::new();
    let labels = file("stop.labels.txt", b"a\nb\nc\nd\ne\n");
    let mut function = Function::start(
        bootstrap()
            .env("MODEL_PATH", repository(MODEL))
            .env("LABELS_PATH", labels)
            .env("ALLOW_PRIVATE_URLS", "1")
            .env("AWS_LAMBDA_MAX_CONCURRENCY", "4"),
    );
    for _ in 0..3 {
        function.send(json!({ "url": gate.url() }).to_string());
    }
    gate.wait_for(3);
    signal(function.process_id(), "TERM");
    thread::sleep(Duration::from_millis(100));
    assert!(function.is_running());
    gate.open();
    for _ in 0..3 {
        let outcome = function.next();
        assert!(
            matches!(&outcome, Outcome::Response(text) if text.starts_with("{\"a\":")),
            "{outcome:?}"
        );
    }
    let start = Instant::now();
    while function.is_running() {
        assert!(start.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(function.exit_code(), Some(0));
    table::row(
        "SIGTERM in Lambda, with events at hand",
        "the scores",
        "goes to another environment; the process ends with exit code 0",
    );
}
