//! Custom operators that fail, panic, or do not do what they should.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tflite::{
    Error, Interpreter, InterpreterOptions, InvokeContext, Operation, Operator, OperatorBuilder,
    OperatorResult, PrepareContext, Status, Xnnpack, XnnpackStatus,
};

use super::model;
use super::operators::{scale, with};

fn options(operator: Operator, xnnpack: Xnnpack) -> InterpreterOptions {
    InterpreterOptions::new()
        .operator(operator)
        .xnnpack(xnnpack)
}

fn new(name: &str, operator: OperatorBuilder) -> tflite::Result<Interpreter> {
    let operator = operator.build().expect("valid");
    let model = model(&format!("custom/{name}"));
    // Both ways must fail alike: what XNNPACK cannot be asked about is tried without it.
    let with_xnnpack = Interpreter::new(&model, options(operator.clone(), Xnnpack::Auto));
    let without = Interpreter::new(&model, options(operator, Xnnpack::Off));
    assert_eq!(
        with_xnnpack.as_ref().map_err(Error::to_string).err(),
        without.as_ref().map_err(Error::to_string).err()
    );
    without
}

/// The log of a failure.
fn log(result: tflite::Result<impl Sized>, expected: Operation) -> String {
    match result {
        Err(Error::Runtime {
            operation,
            status,
            log,
        }) => {
            assert_eq!((operation, status), (expected, Status::Error));
            log
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it works"),
    }
}

fn good(ctx: &mut PrepareContext<'_>) -> OperatorResult {
    let shape = ctx.input(0)?.shape();
    Ok(ctx.resize_output(0, &shape)?)
}

fn nothing(_: &mut InvokeContext<'_>) -> OperatorResult {
    Ok(())
}

#[test]
fn the_version_must_be_the_very_same() {
    for (name, version) in [("scale", 2), ("scale_version_2", 1)] {
        let operator = Operator::builder("Scale").version(version).invoke(nothing);
        let Err(Error::Runtime { status, log, .. }) = new(name, operator) else {
            panic!("another version serves")
        };
        assert_eq!(status, Status::UnresolvedOps);
        assert!(log.contains("Scale"), "{log}");
    }
    let right = Operator::builder("Scale").version(2).invoke(nothing);
    new("scale_version_2", right).expect("the right version");
}

#[test]
fn another_name_serves_nobody() {
    let operator = Operator::builder("scale").invoke(nothing);
    let Err(Error::Runtime { status, .. }) = new("scale", operator) else {
        panic!("another name serves")
    };
    assert_eq!(status, Status::UnresolvedOps);
}

#[test]
fn the_last_of_a_name_counts() {
    let useless = Operator::builder("Scale")
        .invoke(nothing)
        .build()
        .expect("valid");
    let options = InterpreterOptions::new()
        .operator(useless)
        .operator(scale());
    let mut interpreter = Interpreter::new(&model("custom/scale"), options).expect("valid");
    interpreter
        .input_mut(0)
        .expect("one")
        .copy_from_slice(&[2.0_f32; 3])
        .expect("three");
    interpreter.invoke().expect("valid");
    assert_eq!(
        interpreter
            .output(0)
            .expect("one")
            .data::<f32>()
            .expect("floats"),
        [5.0; 3]
    );
}

#[test]
fn errors_get_into_the_log() {
    let prepare = Operator::builder("Scale")
        .prepare(|_| Err("that is no shape of mine".into()))
        .invoke(nothing);
    let text = log(new("scale", prepare), Operation::Allocate);
    assert!(
        text.contains("Scale cannot prepare: that is no shape of mine"),
        "{text}"
    );

    let invoke = Operator::builder("Scale").prepare(good).invoke(|ctx| {
        ctx.input(0)?.data::<i32>()?;
        Ok(())
    });
    let mut interpreter = new("scale", invoke).expect("valid");
    let text = log(interpreter.invoke(), Operation::Invoke);
    assert!(
        text.contains("Scale cannot invoke: input 0 (\"x\") holds float32, not int32"),
        "{text}"
    );
    assert!(matches!(interpreter.invoke(), Err(Error::Poisoned { .. })));

    let odd = Operator::builder("Scale")
        .prepare(good)
        .invoke(|_| Err("a\0b %s %n".into()));
    let text = log(
        new("scale", odd).expect("valid").invoke(),
        Operation::Invoke,
    );
    assert!(text.contains("a\u{fffd}b %s %n"), "{text}");

    let long = Operator::builder("Scale")
        .prepare(good)
        .invoke(|_| Err("x".repeat(5000).into()));
    let text = log(
        new("scale", long).expect("valid").invoke(),
        Operation::Invoke,
    );
    assert!(text.contains(&"x".repeat(5000)), "{text}");
}

#[test]
fn options_may_be_refused() {
    let operator = Operator::builder("Scale")
        .try_init(|options| {
            let number = String::from_utf8(options.to_vec())?.trim().parse::<u32>()?;
            Ok(number)
        })
        .invoke(|_, _| Ok(()))
        .build()
        .expect("valid");
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let result = Interpreter::new(&model("custom/scale"), options(operator.clone(), xnnpack));
        let text = log(result, Operation::Allocate);
        assert!(
            text.contains("Scale cannot prepare: invalid digit found in string"),
            "{text}"
        );
    }
}

#[test]
fn panics_become_errors() {
    let init = Operator::builder("Scale")
        .init(|_| -> u8 { panic!("no state today") })
        .invoke(|_, _| Ok(()))
        .build()
        .expect("valid");
    let result = Interpreter::new(&model("custom/scale"), options(init, Xnnpack::Auto));
    let text = log(result, Operation::Allocate);
    assert!(
        text.contains("Scale cannot prepare: a panic: no state today"),
        "{text}"
    );

    let prepare = Operator::builder("Scale")
        .prepare(|_| panic!("number {}", 7))
        .invoke(nothing);
    let text = log(new("scale", prepare), Operation::Allocate);
    assert!(
        text.contains("Scale cannot prepare: a panic: number 7"),
        "{text}"
    );

    let invoke = Operator::builder("Scale").prepare(good).invoke(|ctx| {
        let input = ctx.input(0)?.data::<f32>()?;
        let _ = input[input.len()];
        Ok(())
    });
    let mut interpreter = new("scale", invoke).expect("valid");
    let text = log(interpreter.invoke(), Operation::Invoke);
    assert!(text.contains("a panic: index out of bounds"), "{text}");
    assert!(matches!(interpreter.invoke(), Err(Error::Poisoned { .. })));
    interpreter.reset().expect("made anew");
    let text = log(interpreter.invoke(), Operation::Invoke);
    assert!(text.contains("a panic: index out of bounds"), "{text}");
}

#[test]
fn a_panic_on_the_way_leaves_other_interpreters_alone() {
    let operator = Operator::builder("Scale")
        .prepare(good)
        .invoke(|ctx| {
            let input = ctx.input(0)?.data::<f32>()?;
            assert!(input[0] >= 0.0, "not below zero");
            Ok(ctx.output_mut(0)?.copy_from_slice(input)?)
        })
        .build()
        .expect("valid");
    let mut bad = with("scale", operator.clone(), Xnnpack::Off);
    let mut good = with("scale", operator, Xnnpack::Off);
    bad.input_mut(0)
        .expect("one")
        .copy_from_slice(&[-1.0_f32; 3])
        .expect("three");
    let text = log(bad.invoke(), Operation::Invoke);
    assert!(text.contains("not below zero"), "{text}");
    good.invoke().expect("it has no part in that");
    bad.reset().expect("made anew");
    bad.invoke().expect("zero is not below zero");
}

#[test]
fn a_state_cannot_be_used_after_a_panic() {
    let operator = Operator::builder("Scale")
        .init(|_| 0)
        .prepare(|runs, ctx| {
            *runs += 1;
            assert!(ctx.input(0)?.shape()[0] != 5, "five");
            good(ctx)
        })
        .invoke(|_, _| Ok(()))
        .build()
        .expect("valid");
    let mut interpreter = with("scale", operator, Xnnpack::Off);
    // The shape is tried twice, before the interpreter itself gets it.
    let text = log(interpreter.resize_input(0, &[5]), Operation::Allocate);
    assert!(
        text.contains("it cannot go on after a panic: five"),
        "{text}"
    );
    interpreter.resize_input(0, &[4]).expect("not five");
    interpreter.invoke().expect("another state");
}

#[test]
fn an_output_that_is_an_input_too_is_refused() {
    let operator = Operator::builder("HandOn").invoke(nothing);
    let text = log(new("handed_on", operator), Operation::Allocate);
    assert!(
        text.contains("HandOn cannot prepare: output 0 is one of the inputs, too"),
        "{text}"
    );
}

#[test]
fn handles_cannot_be_made() {
    let operator = Operator::builder("Handle").invoke(nothing);
    let text = log(new("resource", operator), Operation::Allocate);
    assert!(
        text.contains("output 0 is of a type that only the runtime can write"),
        "{text}"
    );
}

#[test]
fn shapes_that_no_tensor_can_have() {
    for shape in [
        vec![usize::MAX],
        vec![1 << 40],
        vec![1 << 31, 1 << 31, 8],
        vec![1; 65],
    ] {
        let expected = tflite::Shape::new(&shape).to_string();
        let operator = Operator::builder("Scale")
            .prepare(move |ctx| Ok(ctx.resize_output(0, &shape)?))
            .invoke(nothing);
        let text = log(new("scale", operator), Operation::Allocate);
        let message = format!("output 0 cannot have the shape {expected}");
        assert!(text.contains(&message), "{text}");
    }
    let operator = Operator::builder("Scale")
        .prepare(|ctx| Ok(ctx.resize_output(1, &[1])?))
        .invoke(nothing);
    let text = log(new("scale", operator), Operation::Allocate);
    assert!(text.contains("there is no output 1, only 1"), "{text}");
}

#[test]
fn memory_that_there_is_not() {
    let operator = Operator::builder("Positive")
        .prepare(|ctx| Ok(ctx.set_dynamic_output(0)?))
        .invoke(|ctx| {
            // 2^60 bytes
            let result = ctx.resize_output(0, &[1 << 29, 1 << 29]);
            assert!(result.is_err());
            assert!(ctx.output_mut(0).is_err(), "there is nothing to be written");
            result.map_err(Into::into)
        });
    let text = log(
        new("dynamic", operator).expect("valid").invoke(),
        Operation::Invoke,
    );
    assert!(text.contains("output 0"), "{text}");
}

#[test]
fn a_fixed_shape_stays_while_it_is_computed() {
    let operator = Operator::builder("Scale").prepare(good).invoke(|ctx| {
        let result = ctx.resize_output(0, &[100]);
        assert!(
            matches!(result, Err(Error::OperatorOutput { index: 0, .. })),
            "{result:?}"
        );
        assert_eq!(ctx.output_mut(0)?.shape(), [3]);
        Ok(())
    });
    let mut interpreter = new("scale", operator).expect("valid");
    interpreter.invoke().expect("nothing has happened");
    assert_eq!(
        interpreter
            .output(0)
            .expect("one")
            .data::<f32>()
            .expect("floats"),
        [0.0; 3]
    );
}

#[test]
fn a_dynamic_output_must_get_a_shape() {
    let runs = AtomicUsize::new(0);
    let operator = Operator::builder("Positive")
        .prepare(|ctx| Ok(ctx.set_dynamic_output(0)?))
        .invoke(move |ctx| {
            if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                ctx.resize_output(0, &[2])?;
            }
            Ok(())
        });
    let mut interpreter = new("dynamic", operator).expect("valid");
    interpreter.invoke().expect("it has a shape");
    assert_eq!(
        interpreter
            .output(0)
            .expect("one")
            .data::<f32>()
            .expect("floats"),
        [0.0; 2]
    );
    let text = log(interpreter.invoke(), Operation::Invoke);
    assert!(
        text.contains("output 0 is dynamic and got no shape"),
        "{text}"
    );
}

#[test]
fn without_prepare_the_shapes_are_those_of_the_file() {
    let mut interpreter = new("scale", Operator::builder("Scale").invoke(nothing)).expect("valid");
    assert_eq!(interpreter.output(0).expect("one").shape(), [3]);
    interpreter.resize_input(0, &[9]).expect("any length");
    interpreter.invoke().expect("valid");
    assert_eq!(
        interpreter
            .output(0)
            .expect("one")
            .data::<f32>()
            .expect("floats"),
        [0.0; 3]
    );
}

/// Gives its output a length that is another one each time.
fn fickle() -> Operator {
    let length = AtomicUsize::new(1);
    Operator::builder("Scale")
        .prepare(move |ctx| Ok(ctx.resize_output(0, &[length.fetch_add(1, Ordering::Relaxed), 4])?))
        .invoke(nothing)
        .build()
        .expect("valid")
}

#[test]
fn other_shapes_for_the_same_inputs_are_refused() {
    // With XNNPACK, each allocation prepares twice.
    let interpreter = with("chain", fickle(), Xnnpack::Auto);
    let XnnpackStatus::Refused { reason } = interpreter.delegate_report().xnnpack else {
        panic!("XNNPACK serves shapes that nobody knows")
    };
    assert!(
        reason.contains("Scale cannot prepare: it came to other shapes"),
        "{reason}"
    );
}

#[test]
fn a_condition_that_changes_its_shape_is_refused() {
    let lengths = Mutex::new(vec![0, 0, 0, 0, 1, 1]);
    let below = Operator::builder("Below")
        .prepare(move |ctx| {
            let length = lengths.lock().expect("no panic").pop().unwrap_or(0);
            Ok(ctx.resize_output(0, &[length])?)
        })
        .invoke(nothing)
        .build()
        .expect("valid");
    let next = Operator::builder("Next")
        .prepare(good)
        .invoke(nothing)
        .build()
        .expect("valid");
    let options = options(below, Xnnpack::Off).operator(next);
    let mut interpreter = Interpreter::new(&model("custom/loop"), options).expect("valid");
    // Subgraphs are prepared anew in each invocation but the first.
    let result = (0..8).try_for_each(|_| interpreter.invoke());
    let text = log(result, Operation::Invoke);
    assert!(
        text.contains("Below cannot prepare: it came to other shapes"),
        "{text}"
    );
}

#[test]
fn a_cancelled_invocation_can_be_repeated() {
    let token = Arc::new(Mutex::new(None::<tflite::CancellationToken>));
    let inner = Arc::clone(&token);
    let operator = Operator::builder("Scale")
        .prepare(good)
        .invoke(move |_| {
            // Takes effect behind this operator.
            if let Some(token) = inner.lock().expect("no panic").take() {
                token.cancel();
            }
            Ok(())
        })
        .build()
        .expect("valid");
    let mut interpreter = with("chain", operator, Xnnpack::Off);
    *token.lock().expect("no panic") = Some(interpreter.cancellation_token());
    assert!(matches!(interpreter.invoke(), Err(Error::Cancelled)));
    interpreter.invoke().expect("nobody cancels");
}
