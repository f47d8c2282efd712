//! Times of operators.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tflite::{
    Error, Interpreter, InterpreterOptions, Model, ModelInfo, OpEvent, Profiler, Xnnpack,
};

use super::{bytes, double, model};

/// An interpreter of this model, and its profiler.
fn profiled(name: &str, xnnpack: Xnnpack) -> (Interpreter, Profiler) {
    let profiler = Profiler::new();
    let options = InterpreterOptions::new()
        .xnnpack(xnnpack)
        .profiler(profiler.clone());
    let interpreter = Interpreter::new(&model(name), options).expect("valid");
    (interpreter, profiler)
}

/// Subgraph, node and name.
fn places(events: &[OpEvent]) -> Vec<(usize, usize, String)> {
    events
        .iter()
        .map(|event| (event.subgraph, event.node, event.name.to_string()))
        .collect()
}

/// The operators of a model's first subgraph, as the file has them.
fn operators(name: &str) -> Vec<(usize, usize, String)> {
    let info = ModelInfo::from_bytes(&bytes(name)).expect("a model");
    let operators = info.subgraphs[0].operators.iter().enumerate();
    operators
        .map(|(node, operator)| (0, node, operator.name.clone()))
        .collect()
}

#[test]
fn each_operator_of_the_model_shows_up_once_an_invocation() {
    for name in ["add", "conv", "int8_conv", "concat", "quantize", "strings"] {
        let (mut interpreter, profiler) = profiled(name, Xnnpack::Off);
        assert!(profiler.events().is_empty(), "allocating is no invocation");
        for _ in 0..3 {
            interpreter.invoke().expect("zeros are valid");
            let events = profiler.events();
            assert_eq!(places(&events), operators(name), "{name}");
            for event in events {
                assert_eq!((event.partition, event.own), (None, event.elapsed));
            }
            profiler.reset();
        }
    }
}

#[test]
fn times_are_those_of_a_clock() {
    // It counts to its input, one by one.
    let (mut interpreter, profiler) = profiled("count", Xnnpack::Off);
    let count = |interpreter: &mut Interpreter, to: i32| {
        let mut input = interpreter.input_mut(0).expect("one");
        input.copy_from_slice(&[to]).expect("a number");
        let start = Instant::now();
        interpreter.invoke().expect("valid");
        start.elapsed()
    };
    let took = count(&mut interpreter, 20_000);
    let summary = profiler.summary();
    assert!(summary.total <= took, "{:?} in {took:?}", summary.total);
    assert!(
        summary.total >= took / 20,
        "{:?} in {took:?}",
        summary.total
    );
    let own: Duration = profiler.events().iter().map(|event| event.own).sum();
    // The events are fewer than all that happened.
    assert!(own <= summary.total);

    let outermost = |events: &[OpEvent]| {
        let outer = events.iter().filter(|event| event.subgraph == 0);
        outer.map(|event| event.elapsed).sum::<Duration>()
    };
    assert!(outermost(&profiler.events()) <= took);
    profiler.reset();
    let shorter = count(&mut interpreter, 10);
    assert!(outermost(&profiler.events()) <= shorter);
    assert!(profiler.summary().total < summary.total);
}

#[test]
fn bodies_of_loops_are_subgraphs_of_their_own() {
    let (mut interpreter, profiler) = profiled("count", Xnnpack::Off);
    let mut input = interpreter.input_mut(0).expect("one");
    input.copy_from_slice(&[5_i32]).expect("a number");
    interpreter.invoke().expect("valid");

    let info = ModelInfo::from_bytes(&bytes("count")).expect("a model");
    let mut runs = BTreeMap::new();
    for event in profiler.events() {
        let operator = &info.subgraphs[event.subgraph].operators[event.node];
        assert_eq!(*event.name, *operator.name);
        *runs.entry((event.subgraph, event.node)).or_insert(0) += 1;
    }
    for (subgraph, graph) in info.subgraphs.iter().enumerate() {
        for node in 0..graph.operators.len() {
            let runs = runs.get(&(subgraph, node)).copied().unwrap_or(0);
            // The condition is asked once more than the body is run.
            assert!(
                if subgraph == 0 {
                    runs == 1
                } else {
                    runs == 5 || runs == 6
                },
                "{subgraph}:{node} ran {runs} times"
            );
        }
    }
    let summary = profiler.summary();
    assert_eq!(summary.invocations, 1);
    let events = profiler.events();
    let outer = events
        .iter()
        .find(|event| &*event.name == "WHILE")
        .expect("one");
    assert!(outer.own < outer.elapsed);
    let inner: Duration = events
        .iter()
        .filter(|event| event.subgraph != 0)
        .map(|event| event.elapsed)
        .sum();
    assert_eq!(outer.own, outer.elapsed - inner);
}

#[test]
fn xnnpack_reports_its_own_operators() {
    // Two convolutions, with a cumulative sum between them that XNNPACK does not have.
    let (mut interpreter, profiler) = profiled("conv", Xnnpack::Auto);
    for _ in 0..2 {
        interpreter.invoke().expect("valid");
    }
    let summary = profiler.summary();
    assert_eq!(summary.invocations, 2);
    assert!(summary.nodes.iter().all(|node| node.count == 2));
    let own: Vec<_> = summary
        .nodes
        .iter()
        .filter(|node| node.partition.is_none())
        .map(|node| (&*node.name, node.node))
        .collect();
    let place = operators("conv")
        .iter()
        .position(|(.., name)| name == "CUMSUM");
    assert_eq!(own, [("CUMSUM", place.expect("one"))]);
    for partition in [0, 1] {
        let inside = |node: &&tflite::NodeProfile| node.partition == Some(partition);
        let mut numbers: Vec<_> = summary
            .nodes
            .iter()
            .filter(inside)
            .map(|n| n.node)
            .collect();
        numbers.sort_unstable();
        assert!(!numbers.is_empty());
        assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>());
        let names = || {
            summary
                .nodes
                .iter()
                .filter(inside)
                .map(|n| n.name.to_lowercase())
        };
        assert!(
            names().any(|name| name.contains("conv")),
            "{:?}",
            names().collect::<Vec<_>>()
        );
    }
    assert!(
        summary
            .nodes
            .iter()
            .all(|node| node.partition.is_none_or(|p| p < 2))
    );
    let table = summary.to_string();
    assert_eq!(
        table.lines().filter(|line| line.contains("CUMSUM")).count(),
        2,
        "{table}"
    );
}

#[test]
fn signature_runners_and_resets_keep_the_profiler() {
    let (mut interpreter, profiler) = profiled("signatures", Xnnpack::Off);
    let keys: Vec<String> = interpreter
        .model()
        .signatures()
        .iter()
        .map(|signature| signature.key().to_owned())
        .collect();
    let mut subgraphs = Vec::new();
    for key in keys {
        interpreter
            .signature_runner(&key)
            .expect("known")
            .invoke()
            .expect("valid");
        subgraphs.extend(profiler.events().iter().map(|event| event.subgraph));
        assert_eq!(profiler.summary().invocations, 1);
        profiler.reset();
    }
    subgraphs.dedup();
    assert!(subgraphs.len() > 1, "{subgraphs:?}");

    interpreter.reset().expect("made anew");
    assert!(profiler.events().is_empty());
    interpreter.invoke().expect("valid");
    assert!(!profiler.events().is_empty());
}

#[test]
fn a_failed_invocation_leaves_nothing_open() {
    let (mut interpreter, profiler) = profiled("gather", Xnnpack::Off);
    let mut input = interpreter.input_mut(0).expect("one");
    input.copy_from_slice(&[99_i32; 3]).expect("indices");
    assert!(matches!(interpreter.invoke(), Err(Error::Runtime { .. })));
    let failed = profiler.events();
    assert_eq!(places(&failed), operators("gather"));
    assert_eq!(profiler.summary().invocations, 1);
    interpreter.reset().expect("made anew");
    interpreter.invoke().expect("zero is an index");
    assert_eq!(profiler.events()[1].own, profiler.events()[1].elapsed);
}

#[test]
fn it_lives_as_long_as_anybody_needs_it() {
    // Dropped first, while an interpreter and options still have it.
    let options = {
        let profiler = Profiler::new();
        InterpreterOptions::new().profiler(profiler)
    };
    let mut interpreter = Interpreter::new(&model("add"), options).expect("valid");
    assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);

    // Read when nothing else is left.
    let profiler = {
        let (mut interpreter, profiler) = profiled("add", Xnnpack::Off);
        interpreter.invoke().expect("valid");
        profiler
    };
    assert_eq!(places(&profiler.events()), operators("add"));
}

#[test]
fn events_have_a_limit_and_sums_have_not() {
    let profiler = Profiler::with_limit(4);
    let options = InterpreterOptions::new()
        .xnnpack(Xnnpack::Off)
        .profiler(profiler.clone());
    let mut interpreter = Interpreter::new(&model("add"), options).expect("valid");
    for _ in 0..10 {
        interpreter.invoke().expect("valid");
    }
    assert_eq!((profiler.events().len(), profiler.dropped()), (4, 6));
    let summary = profiler.summary();
    assert_eq!((summary.invocations, summary.nodes[0].count), (10, 10));
    profiler.reset();
    assert_eq!((profiler.events().len(), profiler.dropped()), (0, 0));
    assert_eq!(profiler.summary().invocations, 0);
}

#[test]
fn interpreters_share_one_while_others_read_it() {
    const ROUNDS: usize = 200;
    let profiler = Profiler::new();
    let options = InterpreterOptions::new()
        .xnnpack(Xnnpack::Off)
        .profiler(profiler.clone());
    let model: Model = model("count");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Acquire) {
                seen = seen.max(profiler.summary().invocations);
                assert!(
                    profiler
                        .events()
                        .iter()
                        .all(|event| event.own <= event.elapsed)
                );
            }
            seen
        });
        let workers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut interpreter = Interpreter::new(&model, options.clone()).expect("valid");
                    let mut input = interpreter.input_mut(0).expect("one");
                    input.copy_from_slice(&[3_i32]).expect("a number");
                    for _ in 0..ROUNDS {
                        interpreter.invoke().expect("valid");
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("no panic");
        }
        done.store(true, Ordering::Release);
        reader.join().expect("no panic");
    });
    let summary = profiler.summary();
    assert_eq!(summary.invocations, 3 * ROUNDS as u64);
    for node in &summary.nodes {
        let each = node.count / (3 * ROUNDS as u64);
        assert_eq!(node.count, each * 3 * ROUNDS as u64, "{node:?}");
    }
}
