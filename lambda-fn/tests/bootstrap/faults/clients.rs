//! Clients that go away, are slow, or too many.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::server::{Answer, Served, head, picture, respond, server};
use crate::table;

/// A server whose pictures come when they are let go.
pub(super) struct Gate {
    pub(super) address: SocketAddr,
    state: Arc<(Mutex<(usize, bool)>, Condvar)>,
}

impl Gate {
    pub(super) fn new() -> Self {
        let state = Arc::new((Mutex::new((0, false)), Condvar::new()));
        let shared = Arc::clone(&state);
        let address = server(move |_, stream| {
            let (state, changed) = &*shared;
            let mut state = state.lock().unwrap();
            state.0 += 1;
            changed.notify_all();
            drop(changed.wait_while(state, |state| !state.1).unwrap());
            respond(stream, "", &picture("rgb.png"))
        });
        Self { address, state }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Waits until so many ask for a picture.
    pub(super) fn wait_for(&self, count: usize) {
        let (state, changed) = &*self.state;
        let state = state.lock().unwrap();
        let wait = Duration::from_secs(20);
        let (state, waited) = changed
            .wait_timeout_while(state, wait, |state| state.0 < count)
            .unwrap();
        assert!(!waited.timed_out(), "only {} of {count} came", state.0);
    }

    pub(super) fn open(&self) {
        self.state.0.lock().unwrap().1 = true;
        self.state.1.notify_all();
    }
}

/// Sends the head and some of the body, and no more.
fn part(served: &Served, bytes: usize) -> TcpStream {
    let body = picture("rgb.png");
    let mut stream = served.connect();
    let head = head("image/png", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..bytes]).unwrap();
    stream
}

#[test]
fn a_client_that_goes_away_is_not_missed() {
    // There is one place, which must be free again.
    let served = Served::start(&["--concurrency", "1"]);
    let expected = served.good();
    for _ in 0..20 {
        drop(part(&served, 50));
        assert_eq!(served.good(), expected);
    }
    let next = served.good().told(served.address);
    table::row(
        "the client goes away in the middle of its picture",
        "nothing",
        &next,
    );

    let gate = Gate::new();
    let body = format!("{{\"url\": \"{}\"}}", gate.url());
    for count in 1..=5 {
        let mut stream = served.connect();
        let head = head("application/json", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        gate.wait_for(count);
        drop(stream);
        // The server learns it a moment later; before, the place is still taken.
        let start = Instant::now();
        while served.upload(&picture("rgb.png")).status == 429 {
            assert!(
                start.elapsed() < Duration::from_millis(900),
                "the fetch goes on"
            );
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(served.good(), expected);
    }
    let next = served.good().told(served.address);
    table::row("the client goes away before its answer", "nothing", &next);
}

#[test]
fn slow_clients_keep_nobody_else_waiting() {
    let served = Served::start(&["--concurrency", "2"]);
    let expected = served.good();
    // Ten times as many as there are places.
    let mut slow: Vec<_> = (0..20).map(|_| part(&served, 10)).collect();
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(served.good(), expected);
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    // A byte now and then is not enough.
    let mut last = slow.pop().unwrap();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        if last.write_all(&[0]).is_err() || ended(&last) {
            break;
        }
        thread::sleep(Duration::from_millis(200));
    }
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    let answers: Vec<_> = slow.into_iter().map(Answer::read).collect();
    for answer in &answers {
        let answer = answer.as_ref().unwrap();
        assert_eq!(answer.status, 408, "{answer:?}");
        assert_eq!(answer.json()["errorType"], "RequestTimeout");
    }
    let answer = answers[0].as_ref().unwrap().told(served.address);
    let next = served.good().told(served.address);
    table::row("the client sends its picture too slowly", &answer, &next);
    let fault = "ten times as many of them as `--concurrency`";
    table::row(fault, &answer, &format!("{next}, also meanwhile"));
}

/// Whether there is an answer, or the end of the connection.
fn ended(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let ended = stream.peek(&mut [0]).is_ok();
    stream.set_nonblocking(false).unwrap();
    ended
}

#[test]
fn who_is_too_many_is_told_to_come_back_and_nobody_else() {
    let served = Served::with(&["--concurrency", "4"], &[("FETCH_TIMEOUT_SECONDS", "20")]);
    let expected = served.good();
    let gate = Gate::new();
    thread::scope(|scope| {
        let ask = || served.ask(&gate.url());
        let first: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        gate.wait_for(4);
        let rest: Vec<_> = (0..60).map(|_| scope.spawn(ask)).collect();
        let rest: Vec<_> = rest.into_iter().map(|it| it.join().unwrap()).collect();
        for answer in &rest {
            assert_eq!(answer.status, 429, "{answer:?}");
        }
        gate.open();
        for answer in first {
            assert_eq!(answer.join().unwrap(), expected);
        }
        let got = rest[0].told(gate.address);
        let next = served.good().told(gate.address);
        table::row("more requests than `--concurrency`", &got, &next);
    });
}
