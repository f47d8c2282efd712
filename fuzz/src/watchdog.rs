//! Cancels what takes too long, such as a loop that has lost its end.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use tflite::CancellationToken;

/// How long an invocation may take.
const LIMIT: Duration = Duration::from_millis(200);

/// Runs `work`, and cancels it after a fraction of a second.
pub fn within_limit<T>(token: CancellationToken, work: impl FnOnce() -> T) -> T {
    let (done, is_done) = channel::<()>();
    // One thread for all cases: starting one for each would take longer than most cases.
    static WATCHER: OnceLock<Mutex<Sender<(CancellationToken, Receiver<()>)>>> = OnceLock::new();
    let watcher = WATCHER.get_or_init(|| {
        let (jobs, next) = channel::<(CancellationToken, Receiver<()>)>();
        thread::spawn(move || {
            for (token, is_done) in next {
                if is_done.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                    token.cancel();
                }
            }
        });
        Mutex::new(jobs)
    });
    let sent = watcher
        .lock()
        .expect("nobody panics with it")
        .send((token, is_done));
    sent.expect("the thread never ends");
    let result = work();
    drop(done);
    result
}
