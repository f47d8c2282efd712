//! Invokes a model with a deadline.
//!
//! ```console
//! $ cargo run --package tflite-native --example cancel [MILLISECONDS [NUMBER]]
//! ```
//!
//! The model counts to a number, one by one: 2,000,000,000 if none is given, which takes hours. A
//! second thread cancels the invocation when the time is up, 100 milliseconds by default.

use std::env;
use std::error::Error;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use tflite::{Interpreter, InterpreterOptions, Model};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let limit = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let number = (arguments.next()).map_or(Ok(2_000_000_000), |text| text.parse())?;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/count.tflite");
    let mut interpreter = Interpreter::new(&Model::from_file(path)?, InterpreterOptions::new())?;

    let start = Instant::now();
    let result = count(&mut interpreter, number, Duration::from_millis(limit));
    let elapsed = start.elapsed();
    match result {
        Ok(number) => println!("counted to {number}"),
        Err(tflite::Error::Cancelled) => println!("cancelled"),
        Err(error) => return Err(error.into()),
    }
    eprintln!("{elapsed:.1?}");

    // A cancelled interpreter is as good as new.
    let number = count(&mut interpreter, 3, Duration::from_secs(60))?;
    println!("counted to {number}");
    Ok(())
}

/// Counts, until the time is up.
fn count(interpreter: &mut Interpreter, number: i32, limit: Duration) -> tflite::Result<i32> {
    interpreter.input_mut(0)?.copy_from_slice(&[number])?;
    let token = interpreter.cancellation_token();
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            // An end of the channel that is gone wakes this thread at once.
            if is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                token.cancel();
            }
        });
        let result = interpreter.invoke();
        drop(done);
        result
    })?;
    Ok(interpreter.output(0)?.data::<i32>()?[0])
}
