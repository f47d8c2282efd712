//! What no safe function shows: memory that nobody has written yet.

use super::*;
use crate::options::{InterpreterOptions, Xnnpack};
use crate::report::tests::send;

fn interpreter(xnnpack: Xnnpack) -> Interpreter {
    let model = include_bytes!("../../../tests/models/dynamic_signatures.tflite");
    let model = Model::from_bytes(model).expect("valid");
    Interpreter::new(&model, InterpreterOptions::new().xnnpack(xnnpack)).expect("valid")
}

/// The bytes of an output, whether or not there has been an invocation.
fn output(runner: &SignatureRunner<'_>) -> Vec<u8> {
    let tensor = runner.raw.output(c"y").expect("an output");
    let data = tensor.data().expect("allocated");
    // SAFETY: the tensor has been allocated, and is not changed meanwhile.
    unsafe { std::slice::from_raw_parts(data.as_ptr(), tensor.byte_size()) }.to_vec()
}

fn is_zero(runner: &SignatureRunner<'_>) -> bool {
    output(runner).iter().all(|&byte| byte == 0)
}

#[test]
fn outputs_are_zero_after_each_allocation() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = interpreter(xnnpack);
        // The second one has a subgraph of its own.
        for (key, shapes) in [("double", &["x"][..]), ("join", &["a", "b"])] {
            for rows in [1, 40, 2, 40, 3] {
                let mut runner = interpreter.signature_runner(key).expect("there");
                assert!(is_zero(&runner), "{key}, {rows}: a new runner");
                let widths = [2, 3];
                let shapes: Vec<(&str, [usize; 2])> = shapes
                    .iter()
                    .zip(widths)
                    .map(|(name, width)| (*name, [rows, width]))
                    .collect();
                let shapes: Vec<(&str, &[usize])> = shapes
                    .iter()
                    .map(|(name, shape)| (*name, &shape[..]))
                    .collect();
                runner.resize_inputs(&shapes).expect("any rows");
                assert!(is_zero(&runner), "{key}, {rows}: resized");
                for (name, _) in shapes {
                    let mut input = runner.input_mut(name).expect("there");
                    input.data_mut::<f32>().expect("f32").fill(3.0);
                }
                runner.invoke().expect("valid");
                assert!(!is_zero(&runner), "{key}, {rows}");
            }
        }
    }
}

#[test]
fn what_was_said_along_with_a_success_is_forgotten() {
    let mut interpreter = interpreter(Xnnpack::Auto);
    let mut runner = interpreter.signature_runner("double").expect("there");
    send(runner.reporter, c"of an earlier call");
    runner.invoke().expect("valid");
    let error = runner.call(Operation::Resize, |raw| raw.resize_input(c"x", &[1, 9]));
    let Err(Error::Runtime { log, .. }) = error else {
        panic!("columns are fixed")
    };
    assert!(log.contains("unknown dimensions"), "{log}");
    assert!(!log.contains("earlier"), "{log}");
}
