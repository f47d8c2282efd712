//! What can be done when.

use tflite::{Error, Interpreter, Operation, Xnnpack};

use super::{double, input, interpreter, output, with, write};

/// `gather` with an index that is out of range.
fn failed() -> Interpreter {
    let mut interpreter = interpreter("gather");
    write(&mut interpreter, 0, &[0, 5, 0]);
    let error = interpreter.invoke().expect_err("5 is out of range");
    let Error::Runtime {
        operation, ref log, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(operation, Operation::Invoke);
    assert!(log.to_lowercase().contains("gather"), "{log}");
    interpreter
}

#[test]
fn inputs_are_zero_at_first() {
    for name in ["add", "conv", "int8_dense", "bools", "gather"] {
        let interpreter = interpreter(name);
        let input = interpreter.input(0).expect("one").bytes().expect("plain");
        assert!(
            !input.is_empty() && input.iter().all(|&byte| byte == 0),
            "{name}: {input:?}"
        );
    }
}

#[test]
fn outputs_are_seen_but_not_read_before_the_first_invocation() {
    let interpreter = interpreter("add");
    let output = interpreter.output(0).expect("one");
    assert_eq!(output.shape(), [3]);
    let not_invoked = |error: Error| {
        let Error::NotInvoked { ref tensor } = error else {
            panic!("{error}")
        };
        assert!(tensor.starts_with("output 0"), "{tensor}");
    };
    not_invoked(output.data::<f32>().expect_err("nothing there"));
    not_invoked(output.bytes().expect_err("nothing there"));
    not_invoked(output.view::<f32>().expect_err("nothing there"));
    not_invoked(output.to_array::<f32>().expect_err("nothing there"));
}

#[test]
fn inputs_keep_their_values() {
    let mut interpreter = interpreter("add");
    assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
    assert_eq!(input::<f32>(&interpreter, 0), [1.0, 2.0, 3.0]);
    interpreter.invoke().expect("again");
    assert_eq!(output::<f32>(&interpreter, 0), [2.0, 4.0, 6.0]);
}

#[test]
fn a_failed_invocation_poisons_until_a_reset() {
    let mut interpreter = failed();
    let poisoned = |error: Error| {
        let Error::Poisoned {
            operation: Operation::Invoke,
        } = error
        else {
            panic!("{error}")
        };
    };
    poisoned(interpreter.invoke().expect_err("poisoned"));
    poisoned(interpreter.input(0).expect_err("poisoned"));
    poisoned(interpreter.input_mut(0).expect_err("poisoned"));
    poisoned(interpreter.output(0).expect_err("poisoned"));
    // What does not touch tensors still works.
    assert_eq!(
        (interpreter.input_count(), interpreter.output_count()),
        (1, 1)
    );

    interpreter.reset().expect("made anew");
    assert_eq!(input::<i32>(&interpreter, 0), [0; 3]);
    write(&mut interpreter, 0, &[4, 4, 4]);
    interpreter.invoke().expect("4 is in range");
    assert_eq!(
        interpreter
            .output(0)
            .expect("one")
            .data::<f32>()
            .expect("f32")
            .len(),
        6
    );
}

#[test]
fn a_resize_also_heals() {
    let mut interpreter = failed();
    // SAFETY: the operator takes any number of indices.
    unsafe { interpreter.resize_inputs_relaxed(&[(0, &[2])]) }.expect("made anew");
    interpreter.invoke().expect("0 is in range");
    assert_eq!(interpreter.output(0).expect("one").shape(), [2, 2]);
}

#[test]
fn a_reset_keeps_shapes_and_options() {
    let mut interpreter = with("gather", Xnnpack::Off);
    let report = interpreter.delegate_report();
    // SAFETY: the operator takes any number of indices.
    unsafe { interpreter.resize_inputs_relaxed(&[(0, &[5])]) }.expect("any length");
    write(&mut interpreter, 0, &[9; 5]);
    interpreter.invoke().expect_err("9 is out of range");
    interpreter.reset().expect("made anew");
    assert_eq!(interpreter.input(0).expect("one").shape(), [5]);
    assert_eq!(interpreter.delegate_report(), report);
}

#[test]
fn each_failure_has_its_own_log() {
    let mut interpreter = failed();
    interpreter.reset().expect("made anew");
    write(&mut interpreter, 0, &[-1, 0, 0]);
    let error = interpreter.invoke().expect_err("-1 is out of range");
    let Error::Runtime { log, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(log.matches("failed to invoke").count(), 1, "{log}");
}

#[test]
fn variables_live_until_the_reset() {
    let mut interpreter = interpreter("counter");
    let add = |interpreter: &mut Interpreter, number: f32| {
        write(interpreter, 0, &[number]);
        interpreter.invoke().expect("valid");
        output::<f32>(interpreter, 0)[0]
    };
    assert_eq!(add(&mut interpreter, 1.0), 1.0);
    assert_eq!(add(&mut interpreter, 2.5), 3.5);
    interpreter.reset().expect("made anew");
    assert_eq!(add(&mut interpreter, 1.0), 1.0);
}
