//! Cancelling invocations.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tflite::{CancellationToken, Error, Interpreter};

use super::{interpreter, output};

/// Cancels until it is told to stop: the first time may be before the invocation has started.
fn keep_cancelling(token: &CancellationToken, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        token.cancel();
        thread::sleep(Duration::from_millis(1));
    }
}

fn count_to(interpreter: &mut Interpreter, number: i32) -> tflite::Result<i32> {
    interpreter.input_mut(0)?.copy_from_slice(&[number])?;
    interpreter.invoke()?;
    Ok(interpreter.output(0)?.data::<i32>()?[0])
}

fn counting_is_cancelled(interpreter: &mut Interpreter) {
    let (token, stop) = (interpreter.cancellation_token(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| keep_cancelling(&token, &stop));
        // Hours, without a cancellation.
        let result = count_to(interpreter, i32::MAX);
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    });
}

#[test]
fn a_cancelled_interpreter_can_be_used_again() {
    let mut interpreter = interpreter("count");
    for number in [3, 0, 100] {
        counting_is_cancelled(&mut interpreter);
        // What was computed half way is not shown.
        let output = interpreter.output(0).expect("one");
        assert!(matches!(
            output.data::<i32>(),
            Err(Error::NotInvoked { .. })
        ));
        assert_eq!(
            count_to(&mut interpreter, number).expect("not cancelled"),
            number
        );
    }
}

#[test]
fn tokens_are_still_good_after_a_reset() {
    let mut interpreter = interpreter("count");
    let token = interpreter.cancellation_token();
    interpreter.reset().expect("made anew");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| keep_cancelling(&token, &stop));
        let result = count_to(&mut interpreter, i32::MAX);
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    });
}

#[test]
fn a_cancellation_beforehand_is_of_no_effect() {
    let mut interpreter = interpreter("count");
    let token = interpreter.cancellation_token();
    token.cancel();
    assert_eq!(count_to(&mut interpreter, 7).expect("not cancelled"), 7);
    token.cancel();
    assert_eq!(output::<i32>(&interpreter, 0), [7]);
}

#[test]
fn a_token_may_outlive_its_interpreter() {
    let token = interpreter("count").cancellation_token();
    token.cancel();
    token.clone().cancel();
}

#[test]
fn cancelling_while_the_interpreter_goes() {
    for _ in 0..50 {
        let interpreter = interpreter("count");
        let (token, stop) = (interpreter.cancellation_token(), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        token.cancel();
                    }
                });
            }
            drop(interpreter);
            stop.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn signatures_are_cancelled_too() {
    let mut interpreter = interpreter("count");
    let (token, stop) = (interpreter.cancellation_token(), AtomicBool::new(false));
    let mut runner = interpreter.default_signature_runner().expect("there");
    let name = runner
        .signature()
        .input_names()
        .next()
        .expect("one")
        .to_owned();
    runner
        .input_mut(&name)
        .expect("n")
        .copy_from_slice(&[i32::MAX])
        .expect("one number");
    thread::scope(|scope| {
        scope.spawn(|| keep_cancelling(&token, &stop));
        let result = runner.invoke();
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    });
    runner
        .input_mut(&name)
        .expect("n")
        .copy_from_slice(&[5])
        .expect("one number");
    runner.invoke().expect("not cancelled");
}
