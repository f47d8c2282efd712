use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Barrier, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use super::*;
use keras_preprocess::picture::Samples;

/// What the next run of a fake does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    /// Puts out the red, green and blue of the first pixel.
    Work,
    Fail,
    Panic,
    PutOut(f32),
    PutOutTooFew,
    /// Runs until it is cancelled.
    Hang,
    /// Runs until as many do as the barrier wants.
    Meet,
}

/// A model whose interpreters are counted and misbehave on request.
#[derive(Clone)]
struct Fake(Arc<State>);

struct State {
    made: AtomicUsize,
    reads_environment: AtomicBool,
    next: Mutex<Behaviour>,
    cancelled: Mutex<bool>,
    meeting: Barrier,
}

impl Fake {
    fn new() -> Self {
        Self(Arc::new(State {
            made: AtomicUsize::new(0),
            reads_environment: AtomicBool::new(true),
            next: Mutex::new(Behaviour::Work),
            cancelled: Mutex::new(false),
            meeting: Barrier::new(2),
        }))
    }

    fn made(&self) -> usize {
        self.0.made.load(Ordering::SeqCst)
    }

    fn next(&self, behaviour: Behaviour) {
        *self.0.next.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    fn take(&self) -> Behaviour {
        let mut next = self.0.next.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut next, Behaviour::Work)
    }
}

impl Model for Fake {
    fn network(&self) -> Result<Box<dyn Network>, NetworkError> {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        let input = vec![f32::NAN; 12];
        Ok(Box::new(FakeNetwork {
            fake: self.clone(),
            input,
            output: Vec::new(),
        }))
    }
}

struct FakeNetwork {
    fake: Fake,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Network for FakeNetwork {
    fn shape(&self) -> Shape {
        Shape {
            height: 2,
            width: 2,
            classes: 3,
        }
    }

    fn backend(&self) -> String {
        "fake".to_owned()
    }

    fn write_input(&mut self, fill: &mut dyn FnMut(&mut [f32])) -> Result<(), NetworkError> {
        fill(&mut self.input);
        Ok(())
    }

    fn reads_environment(&self) -> bool {
        self.fake.0.reads_environment.load(Ordering::SeqCst)
    }

    fn canceller(&self) -> Option<Canceller> {
        let fake = self.fake.clone();
        Some(Box::new(move || *fake.0.cancelled.lock().unwrap() = true))
    }

    fn invoke(&mut self) -> Result<(), NetworkError> {
        self.output = match self.fake.take() {
            Behaviour::Work => self.input[..3].to_vec(),
            Behaviour::Fail => return Err("no such kernel".into()),
            Behaviour::Panic => panic!("as the test asked for"),
            Behaviour::PutOut(value) => vec![0.0, value, 0.0],
            Behaviour::PutOutTooFew => vec![0.0],
            Behaviour::Hang => {
                while !std::mem::take(&mut *self.fake.0.cancelled.lock().unwrap()) {
                    thread::sleep(Duration::from_millis(1));
                }
                return Err("cancelled".into());
            }
            Behaviour::Meet => {
                // The other one does the same.
                self.fake.next(Behaviour::Meet);
                self.fake.0.meeting.wait();
                self.fake.next(Behaviour::Work);
                self.input[..3].to_vec()
            }
        };
        Ok(())
    }

    fn read_output(&self) -> Result<Vec<f32>, NetworkError> {
        Ok(self.output.clone())
    }
}

fn labels(text: &str) -> Labels {
    Labels::parse(text, Path::new("labels")).unwrap()
}

fn classifier(fake: &Fake) -> Classifier {
    Classifier::new(Box::new(fake.clone()), labels("r\ng\nb"), Mode::Tf).unwrap()
}

fn picture() -> Picture {
    Picture::new(1, 1, Samples::Rgb8, vec![255, 0, 255]).unwrap()
}

fn assert_works(classifier: &Classifier) {
    let (answer, _) = classifier.classify(&picture()).unwrap();
    assert!(
        answer.iter().eq([("r", 1.0), ("g", -1.0), ("b", 1.0)]),
        "{answer:?}"
    );
}

#[test]
fn one_interpreter_serves_all_requests() {
    let fake = Fake::new();
    let classifier = classifier(&fake);
    for _ in 0..3 {
        assert_works(&classifier);
    }
    assert_eq!(fake.made(), 1);
}

#[test]
fn an_error_costs_one_request_and_the_interpreter() {
    let fake = Fake::new();
    let classifier = classifier(&fake);
    for (behaviour, message) in [
        (Behaviour::Fail, "the model failed: no such kernel"),
        (
            Behaviour::PutOut(f32::NAN),
            "the model failed: output 1 is NaN",
        ),
        (
            Behaviour::PutOut(f32::INFINITY),
            "the model failed: output 1 is inf",
        ),
        (
            Behaviour::PutOutTooFew,
            "the model failed: it put out 1 numbers instead of 3",
        ),
    ] {
        let before = fake.made();
        fake.next(behaviour);
        let error = classifier.classify(&picture()).unwrap_err();
        assert_eq!(
            (error.error_type(), error.to_string().as_str()),
            ("ModelError", message)
        );
        assert_works(&classifier);
        assert_eq!(fake.made(), before + 1);
    }
}

#[test]
fn a_panic_costs_one_request_and_the_interpreter() {
    let fake = Fake::new();
    let classifier = classifier(&fake);
    fake.next(Behaviour::Panic);
    let panicked = catch_unwind(AssertUnwindSafe(|| classifier.classify(&picture())));
    assert!(panicked.is_err());
    assert_works(&classifier);
    assert_eq!(fake.made(), 2);
}

#[test]
fn labels_and_outputs_must_match() {
    let fake = Fake::new();
    let error = Classifier::new(Box::new(fake), labels("r\ng"), Mode::Tf).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are 2 labels, but the model has 3 outputs"
    );
}

#[test]
fn a_failing_warm_up_is_a_start_up_error() {
    let fake = Fake::new();
    fake.next(Behaviour::Fail);
    let error = Classifier::new(Box::new(fake), labels("r\ng\nb"), Mode::Tf).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model's first run failed: the model failed: no such kernel"
    );
}

#[test]
fn without_a_warm_up_the_first_run_is_a_request() {
    let fake = Fake::new();
    fake.0.reads_environment.store(false, Ordering::SeqCst);
    fake.next(Behaviour::Fail);
    let make = || {
        let model = Box::new(fake.clone());
        Classifier::without_warm_up(model, labels("r\ng\nb"), Mode::Tf)
    };
    let classifier = make().unwrap().with_interpreters(2).unwrap();
    assert!(classifier.classify(&picture()).is_err());
    assert_works(&classifier);
    // It cannot be left out where the first run reads the environment.
    fake.0.reads_environment.store(true, Ordering::SeqCst);
    fake.next(Behaviour::Fail);
    assert!(matches!(make(), Err(SetupError::WarmUp(_))));
}

#[test]
fn as_many_pictures_at_a_time_as_interpreters() {
    let fake = Fake::new();
    let classifier = classifier(&fake).with_interpreters(2).unwrap();
    assert_eq!((classifier.interpreters(), fake.made()), (2, 2));
    fake.next(Behaviour::Meet);
    // With one interpreter neither of them would end.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_works(&classifier));
        }
    });
    for behaviour in [Behaviour::Fail, Behaviour::Fail] {
        fake.next(behaviour);
        classifier.classify(&picture()).unwrap_err();
    }
    assert_works(&classifier);
    assert_eq!(classifier.interpreters(), 2);
}

#[test]
fn a_stopped_inference_says_what_was_done_and_its_interpreter_stays() {
    let fake = Fake::new();
    let classifier = classifier(&fake);
    fake.next(Behaviour::Hang);
    let watch = Watch::default();
    let error = thread::scope(|scope| {
        let work = scope.spawn(|| classifier.classify_watched(&picture(), None, &watch));
        while !work.is_finished() {
            thread::sleep(Duration::from_millis(5));
            watch.stop();
        }
        work.join().unwrap().unwrap_err()
    });
    assert_eq!(error.error_type(), "Timeout", "{error}");
    assert!(watch.timings().unwrap().invoke > Duration::ZERO);
    *fake.0.cancelled.lock().unwrap() = false;
    assert_works(&classifier);
    assert_eq!(fake.made(), 1);

    // What is stopped before it starts does not start.
    fake.next(Behaviour::Panic);
    let error = classifier
        .classify_watched(&picture(), None, &watch)
        .unwrap_err();
    assert_eq!(error.error_type(), "Timeout");
    assert_eq!(fake.take(), Behaviour::Panic);
}

#[test]
fn nobody_waits_for_an_interpreter_longer_than_to_the_deadline() {
    let fake = Fake::new();
    let classifier = classifier(&fake);
    fake.next(Behaviour::Hang);
    let watch = Watch::default();
    thread::scope(|scope| {
        let busy = scope.spawn(|| classifier.classify_watched(&picture(), None, &watch));
        while fake.0.next.lock().unwrap().eq(&Behaviour::Hang) {
            thread::yield_now();
        }
        let deadline = Instant::now() + Duration::from_millis(30);
        let error = classifier
            .classify_watched(&picture(), Some(deadline), &Watch::default())
            .unwrap_err();
        assert!(
            error.to_string().starts_with("waiting for an interpreter"),
            "{error}"
        );
        while !busy.is_finished() {
            watch.stop();
            thread::yield_now();
        }
    });
}
