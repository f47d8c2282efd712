//! What the runtime says, and who hears it.

use std::sync::{Arc, Mutex};

use tflite::{Error, Interpreter, InterpreterOptions, Status};

use super::model;

/// Runs `gather` with indices that are out of range.
fn fail(interpreter: &mut Interpreter) -> Error {
    let mut input = interpreter.input_mut(0).expect("input");
    let count = input.shape().iter().product();
    input
        .copy_from_slice(&vec![1000_i32; count])
        .expect("indices");
    interpreter.invoke().expect_err("out of range")
}

#[test]
fn the_reporter_hears_what_the_error_says() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let options = InterpreterOptions::new()
        .error_reporter(move |message| listener.lock().expect("one").push(message.to_owned()));
    let mut interpreter = Interpreter::new(&model("gather"), options).expect("valid");
    for round in 1..=2 {
        let Error::Runtime { log, status, .. } = fail(&mut interpreter) else {
            panic!("another error");
        };
        assert_eq!(status, Status::Error);
        let heard = heard.lock().expect("one").split_off(0);
        assert_eq!(heard.join("\n"), log.trim_end(), "{round}");
        assert!(!heard.is_empty());
        interpreter
            .reset()
            .expect("made anew, with the same reporter");
    }
}

#[test]
fn a_reporter_that_panics_changes_nothing() {
    let options = InterpreterOptions::new().error_reporter(|_| panic!("on purpose"));
    let mut interpreter = Interpreter::new(&model("gather"), options).expect("valid");
    let Error::Runtime { log, .. } = fail(&mut interpreter) else {
        panic!("another error");
    };
    assert!(log.contains("GATHER"), "{log}");
    interpreter.reset().expect("made anew");
}

#[test]
fn interpreters_that_cannot_be_made_are_heard_too() {
    let heard = Arc::new(Mutex::new(String::new()));
    let listener = Arc::clone(&heard);
    let options = InterpreterOptions::new()
        .error_reporter(move |message| listener.lock().expect("one").push_str(message));
    let error = Interpreter::new(&model("unknown_operator"), options).expect_err("unknown");
    let heard = heard.lock().expect("one");
    assert!(
        heard.contains("NoSuchOperator") || !heard.is_empty(),
        "{heard}"
    );
    assert!(!error.to_string().is_empty());
}

#[test]
fn a_reporter_lives_as_long_as_whoever_may_call_it() {
    let owner = Arc::new(());
    let weak = Arc::downgrade(&owner);
    let options = InterpreterOptions::new().error_reporter(move |_| drop(Arc::clone(&owner)));
    let mut interpreter = Interpreter::new(&model("gather"), options).expect("valid");
    assert!(
        weak.upgrade().is_some(),
        "the interpreter keeps the options"
    );
    fail(&mut interpreter);
    drop(interpreter);
    assert!(weak.upgrade().is_none());
}

#[cfg(feature = "log")]
mod records {
    use std::cell::RefCell;
    use std::sync::Once;

    use log::{Level, LevelFilter, Log, Metadata, Record};
    use tflite::{WeightCache, XnnpackOptions};

    use super::*;

    /// Keeps the records of each thread apart: the runtime calls back in the caller's.
    struct Recorder;

    thread_local! {
        static RECORDS: RefCell<Vec<(Level, String, String)>> = const { RefCell::new(Vec::new()) };
        static PANICS: RefCell<bool> = const { RefCell::new(false) };
    }

    impl Log for Recorder {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &Record<'_>) {
            let target = record.target().to_owned();
            let message = record.args().to_string();
            RECORDS.with_borrow_mut(|records| records.push((record.level(), target, message)));
            assert!(!PANICS.with_borrow(|panics| *panics), "the logger panics");
        }

        fn flush(&self) {}
    }

    fn records() -> Vec<(Level, String, String)> {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            log::set_logger(&Recorder).expect("the only logger");
            log::set_max_level(LevelFilter::Trace);
        });
        RECORDS.with_borrow_mut(std::mem::take)
    }

    #[test]
    fn messages_have_their_severity() {
        records();
        let cache = WeightCache::InMemory;
        let options = InterpreterOptions::new().xnnpack(XnnpackOptions::new().weight_cache(cache));
        let mut interpreter = Interpreter::new(&model("conv"), options).expect("valid");
        interpreter.invoke().expect("valid");
        let records = records();
        let found = records
            .iter()
            .find(|(_, _, text)| text.contains("weight cache"));
        let (level, target, _) = found.expect("XNNPACK tells that it builds one");
        assert_eq!((*level, &**target), (Level::Debug, "tflite"));
    }

    #[test]
    fn messages_of_interpreters_are_records_too() {
        records();
        let options = InterpreterOptions::new();
        let mut interpreter = Interpreter::new(&model("gather"), options).expect("valid");
        records();
        let Error::Runtime { log, .. } = fail(&mut interpreter) else {
            panic!("another error");
        };
        let texts: Vec<_> = records()
            .into_iter()
            .filter(|(level, target, _)| *level == Level::Debug && target == "tflite")
            .map(|(_, _, text)| text)
            .collect();
        assert_eq!(texts.join("\n"), log.trim_end());
    }

    #[test]
    fn a_logger_that_panics_changes_nothing() {
        records();
        let mut interpreter =
            Interpreter::new(&model("gather"), InterpreterOptions::new()).expect("valid");
        PANICS.set(true);
        let error = fail(&mut interpreter);
        PANICS.set(false);
        assert!(matches!(error, Error::Runtime { .. }));
        assert!(!records().is_empty());
    }
}
