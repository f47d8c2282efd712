//! Who lives how long, and on which thread.

use std::sync::mpsc;
use std::thread;

use tflite::{
    Interpreter, InterpreterOptions, Model, SharedWeightCache, WeightCache, WeightCacheStatus,
    XnnpackOptions,
};

use super::{bytes, double, interpreter, model, orders_of_four};

#[test]
fn an_interpreter_outlives_all_it_was_made_from() {
    let mut interpreter = {
        let bytes = bytes("add");
        let model = Model::from_bytes(&bytes).expect("valid");
        let options = InterpreterOptions::new().threads(2);
        Interpreter::new(&model, options).expect("valid")
    };
    // Memory that was freed too early may now be something else.
    let noise: Vec<Vec<u8>> = (0..100).map(|_| vec![0xaa; 784]).collect();
    assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
    drop(noise);
    let model = interpreter.model().clone();
    drop(interpreter);
    let mut another = Interpreter::new(&model, Default::default()).expect("valid");
    drop(model);
    assert_eq!(double(&mut another, [0.5, 0.0, -1.0]), [1.0, 0.0, -2.0]);
}

#[test]
fn any_order_of_drops() {
    // Two models and two interpreters of them.
    for order in orders_of_four() {
        let model = model("conv");
        let clone = model.clone();
        let first = Interpreter::new(&model, Default::default()).expect("valid");
        let second = Interpreter::new(&clone, Default::default()).expect("valid");
        let mut models = [Some(model), Some(clone)];
        let mut interpreters = [Some(first), Some(second)];
        for item in order {
            if item < 2 {
                models[item] = None;
            } else {
                interpreters[item - 2] = None;
            }
            for interpreter in interpreters.iter_mut().flatten() {
                interpreter.invoke().expect("still valid");
            }
        }
    }
}

#[test]
fn any_order_of_drops_with_a_weight_cache() {
    let convolve = |interpreter: &mut Interpreter| {
        let mut input = interpreter.input_mut(0).expect("one");
        input.data_mut::<f32>().expect("f32").fill(0.25);
        interpreter.invoke().expect("still valid");
        let output = interpreter.output(0).expect("one");
        output.data::<f32>().expect("f32").to_vec()
    };
    let expected = convolve(&mut interpreter("conv"));
    // A model, two interpreters, each with an XNNPACK delegate, and what these share.
    for order in orders_of_four() {
        let mut model = Some(model("conv"));
        let mut cache = Some(SharedWeightCache::new());
        let mut interpreters = [0, 1].map(|_| {
            let weights = WeightCache::Shared(cache.clone().expect("not dropped yet"));
            let xnnpack = XnnpackOptions::new().weight_cache(weights);
            let options = InterpreterOptions::new().xnnpack(xnnpack);
            let made = Interpreter::new(model.as_ref().expect("not dropped yet"), options);
            Some(made.expect("valid"))
        });
        for interpreter in interpreters.iter().flatten() {
            let status = interpreter.delegate_report().weight_cache;
            assert_eq!(status, WeightCacheStatus::Shared);
        }
        for item in order {
            match item {
                0 => drop(model.take()),
                1 => drop(cache.take()),
                other => drop(interpreters[other - 2].take()),
            }
            for interpreter in interpreters.iter_mut().flatten() {
                assert_eq!(convolve(interpreter), expected);
            }
        }
    }
}

#[test]
fn an_interpreter_moves_between_threads() {
    let (sender, receiver) = mpsc::channel::<(Interpreter, f32)>();
    let (back, results) = mpsc::channel();
    let worker = thread::spawn(move || {
        for (mut interpreter, number) in receiver {
            let output = double(&mut interpreter, [number; 3]);
            back.send((interpreter, output)).expect("the test waits");
        }
    });
    let mut interpreter = interpreter("add");
    for number in 0..20 {
        let number = number as f32;
        assert_eq!(double(&mut interpreter, [number; 3]), [2.0 * number; 3]);
        sender
            .send((interpreter, number + 0.5))
            .expect("the worker waits");
        let (returned, output) = results.recv().expect("the worker answers");
        assert_eq!(output, [2.0 * number + 1.0; 3]);
        interpreter = returned;
    }
    drop(sender);
    worker.join().expect("no panic");
}

#[test]
fn a_model_is_shared_between_threads() {
    let model = model("conv");
    let sums: Vec<f32> = thread::scope(|scope| {
        let run = |_| {
            scope.spawn(|| {
                let options = InterpreterOptions::new().threads(2);
                let mut interpreter = Interpreter::new(&model, options).expect("valid");
                interpreter
                    .input_mut(0)
                    .expect("one")
                    .data_mut::<f32>()
                    .expect("f32")
                    .fill(0.25);
                for _ in 0..20 {
                    interpreter.invoke().expect("valid");
                }
                interpreter
                    .output(0)
                    .expect("one")
                    .data::<f32>()
                    .expect("f32")
                    .iter()
                    .sum::<f32>()
            })
        };
        let threads: Vec<_> = (0..4).map(run).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert!(
        sums.iter().all(|&sum| sum == sums[0] && sum != 0.0),
        "{sums:?}"
    );
}

#[test]
fn a_panic_elsewhere_does_not_break_an_interpreter() {
    let mut interpreter = interpreter("add");
    let result = thread::scope(|scope| {
        let interpreter = &mut interpreter;
        scope
            .spawn(move || {
                interpreter
                    .input_mut(0)
                    .expect("one")
                    .data_mut::<f32>()
                    .expect("f32")[0] = 1.0;
                panic!("on purpose");
            })
            .join()
    });
    assert!(result.is_err());
    assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
}
