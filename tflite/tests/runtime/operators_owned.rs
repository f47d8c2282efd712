//! How long custom operators live, and who drops what.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tflite::{Interpreter, InterpreterOptions, Operator, PrepareContext, Xnnpack};

use super::model;
use super::operators::{scale, with};

/// How many of something there are, and how many there were.
#[derive(Clone, Default)]
struct Counter(Arc<(AtomicUsize, AtomicUsize)>);

/// One of them.
struct Counted(Counter);

impl Counter {
    fn one(&self) -> Counted {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        self.0.1.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    fn alive(&self) -> usize {
        self.0.0.load(Ordering::Relaxed)
    }

    fn ever(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // It would wrap if something was dropped twice.
        let before = self.0.0.0.fetch_sub(1, Ordering::Relaxed);
        assert!((1..1 << 20).contains(&before), "dropped twice");
    }
}

fn like_input(ctx: &mut PrepareContext<'_>) -> tflite::OperatorResult {
    let shape = ctx.input(0)?.shape();
    Ok(ctx.resize_output(0, &shape)?)
}

/// An operator whose closure and whose states are counted.
fn counted(closures: &Counter, states: &Counter) -> Operator {
    let (closure, states) = (closures.one(), states.clone());
    Operator::builder("Scale")
        .init(move |_| states.one())
        .prepare(|_, ctx| like_input(ctx))
        .invoke(move |_, ctx| {
            assert_eq!(closure.0.alive(), 1);
            let input = ctx.input(0)?.data::<f32>()?;
            Ok(ctx.output_mut(0)?.copy_from_slice(input)?)
        })
        .build()
        .expect("valid")
}

#[test]
fn any_order_of_drops() {
    for order in [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [1, 3, 0, 2],
        [2, 0, 3, 1],
        [1, 0, 2, 3],
    ] {
        for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
            let (closures, states) = (Counter::default(), Counter::default());
            let operator = counted(&closures, &states);
            let options = InterpreterOptions::new()
                .operator(operator.clone())
                .xnnpack(xnnpack.clone());
            let model = model("custom/chain");
            let mut interpreter = Interpreter::new(&model, options.clone()).expect("valid");
            interpreter.invoke().expect("valid");
            // A probe had a pair of its own.
            let probes = usize::from(xnnpack == Xnnpack::Auto);
            assert_eq!((states.alive(), states.ever()), (2, 2 + 2 * probes));

            let mut operator = Some(operator);
            let mut options = Some(options);
            let mut model = Some(model);
            let mut interpreter = Some(interpreter);
            for what in order {
                match what {
                    0 => drop(operator.take()),
                    1 => drop(options.take()),
                    2 => drop(model.take()),
                    _ => drop(interpreter.take()),
                }
                if let Some(interpreter) = &mut interpreter {
                    interpreter.invoke().expect("it owns what it needs");
                    assert_eq!((closures.alive(), states.alive()), (1, 2));
                } else {
                    assert_eq!(states.alive(), 0);
                }
            }
            assert_eq!((closures.alive(), closures.ever()), (0, 1));
        }
    }
}

#[test]
fn a_reset_begins_with_new_states() {
    let (closures, states) = (Counter::default(), Counter::default());
    let mut interpreter = with("chain", counted(&closures, &states), Xnnpack::Off);
    for resets in 1..4 {
        interpreter.reset().expect("made anew");
        assert_eq!((states.alive(), states.ever()), (2, 2 + 2 * resets));
        interpreter.invoke().expect("valid");
    }
    drop(interpreter);
    assert_eq!((closures.alive(), states.alive()), (0, 0));
}

#[test]
fn states_go_when_an_interpreter_cannot_be_made() {
    let (closures, states) = (Counter::default(), Counter::default());
    let (closure, made) = (closures.one(), states.clone());
    let operator = Operator::builder("Scale")
        .init(move |_| made.one())
        .prepare(move |_, _| {
            assert_eq!(closure.0.alive(), 1);
            Err("never".into())
        })
        .invoke(|_, _| Ok(()))
        .build()
        .expect("valid");
    let options = InterpreterOptions::new().operator(operator);
    assert!(Interpreter::new(&model("custom/chain"), options).is_err());
    // Two in the probe, two in the attempt without XNNPACK.
    assert_eq!((states.alive(), states.ever()), (0, 4));
    assert_eq!(closures.alive(), 0);
}

#[test]
fn states_change_from_one_invocation_to_the_next() {
    let operator = Operator::builder("Scale")
        .init(|_| [0.0_f32; 3])
        .prepare(|_, ctx| like_input(ctx))
        .invoke(|sums, ctx| {
            for (sum, x) in sums.iter_mut().zip(ctx.input(0)?.data::<f32>()?) {
                *sum += x;
            }
            Ok(ctx.output_mut(0)?.copy_from_slice(&sums[..])?)
        })
        .build()
        .expect("valid");
    let mut one = with("scale", operator.clone(), Xnnpack::Auto);
    let mut other = with("scale", operator, Xnnpack::Auto);
    let add = |interpreter: &mut Interpreter, x: f32| {
        let mut input = interpreter.input_mut(0).expect("one");
        input.copy_from_slice(&[x; 3]).expect("three");
        interpreter.invoke().expect("valid");
        interpreter
            .output(0)
            .expect("one")
            .data::<f32>()
            .expect("floats")[0]
    };
    assert_eq!(add(&mut one, 1.0), 1.0);
    assert_eq!(add(&mut one, 2.0), 3.0);
    assert_eq!(add(&mut other, 5.0), 5.0);
    assert_eq!(add(&mut one, 4.0), 7.0);
    one.reset().expect("made anew");
    assert_eq!(add(&mut one, 1.0), 1.0);
}

#[test]
fn a_state_that_panics_when_it_is_dropped() {
    struct Bomb(#[expect(dead_code, reason = "dropped behind the panic")] Counted);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("while being dropped");
        }
    }
    let states = Counter::default();
    let made = states.clone();
    let operator = Operator::builder("Scale")
        .init(move |_| Bomb(made.one()))
        .invoke(|_, _| Ok(()))
        .build()
        .expect("valid");
    let mut interpreter = with("chain", operator.clone(), Xnnpack::Off);
    interpreter.reset().expect("the old states are gone");
    assert_eq!((states.alive(), states.ever()), (2, 4));
    drop(interpreter);
    assert_eq!(states.alive(), 0);
    drop(operator);
}

#[test]
fn a_state_may_be_bound_to_one_thread_at_a_time() {
    // `Send`, but not `Sync`.
    let operator = Operator::builder("Scale")
        .init(|_| std::cell::Cell::new(0))
        .prepare(|_, ctx| like_input(ctx))
        .invoke(|runs, ctx| {
            runs.set(runs.get() + 1);
            ctx.output_mut(0)?
                .data_mut::<f32>()?
                .fill(runs.get() as f32);
            Ok(())
        })
        .build()
        .expect("valid");
    let mut interpreter = with("scale", operator, Xnnpack::Off);
    for run in 1..4 {
        interpreter = thread::spawn(move || {
            interpreter.invoke().expect("valid");
            interpreter
        })
        .join()
        .expect("no panic");
        let output = interpreter
            .output(0)
            .expect("one")
            .data::<f32>()
            .expect("floats");
        assert_eq!(output, [run as f32; 3]);
    }
}

#[test]
fn interpreters_in_many_threads_share_one_operator() {
    let (closures, states) = (Counter::default(), Counter::default());
    let operator = counted(&closures, &states);
    let options = InterpreterOptions::new().operator(operator);
    let model = model("custom/chain");
    thread::scope(|scope| {
        for worker in 0..4 {
            let (options, model) = (options.clone(), &model);
            scope.spawn(move || {
                for round in 0..5 {
                    let mut interpreter = Interpreter::new(model, options.clone()).expect("valid");
                    for _ in 0..20 {
                        let x = (worker * 100 + round) as f32;
                        let mut input = interpreter.input_mut(0).expect("one");
                        input.copy_from_slice(&[x; 4]).expect("four");
                        interpreter.invoke().expect("valid");
                        let output = interpreter.output(0).expect("one");
                        assert_eq!(output.data::<f32>().expect("floats"), [x + x + x; 4]);
                    }
                }
            });
        }
    });
    assert_eq!((closures.alive(), states.alive()), (1, 0));
    drop(options);
    assert_eq!(closures.alive(), 0);
}

#[test]
fn one_operator_may_run_another_interpreter() {
    let inner = std::sync::Mutex::new(with("scale", scale(), Xnnpack::Auto));
    let operator = Operator::builder("Scale")
        .prepare(like_input)
        .invoke(move |ctx| {
            let mut inner = inner.lock().map_err(|_| "a panic")?;
            inner
                .input_mut(0)?
                .copy_from_slice(ctx.input(0)?.data::<f32>()?)?;
            inner.invoke()?;
            Ok(ctx
                .output_mut(0)?
                .copy_from_slice(inner.output(0)?.data::<f32>()?)?)
        })
        .build()
        .expect("valid");
    let mut interpreter = with("scale", operator, Xnnpack::Auto);
    interpreter
        .input_mut(0)
        .expect("one")
        .copy_from_slice(&[1.0_f32; 3])
        .expect("three");
    interpreter.invoke().expect("valid");
    let output = interpreter
        .output(0)
        .expect("one")
        .data::<f32>()
        .expect("floats");
    assert_eq!(output, [2.5; 3]);
}
