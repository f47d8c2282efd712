//! All tensors of a model, and variables among them.

use tflite::{Error, Interpreter, InterpreterOptions, Model, TensorRole, TensorType, Xnnpack};

use super::{interpreter, model};

fn with(model: &Model, xnnpack: Xnnpack) -> Interpreter {
    Interpreter::new(model, InterpreterOptions::new().xnnpack(xnnpack)).expect("valid")
}

#[test]
fn every_tensor_is_what_the_file_says() {
    for name in [
        "conv",
        "int8_conv",
        "strings",
        "count",
        "counter",
        "dynamic_output",
    ] {
        let model = model(name);
        let info = model.info().expect("valid");
        let graph = &info.subgraphs[0];
        for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
            let mut interpreter = with(&model, xnnpack.clone());
            // XNNPACK adds tensors of its own, and so do kernels.
            assert_eq!(interpreter.tensor_count(), graph.tensors.len(), "{name}");
            assert_eq!(interpreter.input_indices(), graph.inputs, "{name}");
            assert_eq!(interpreter.output_indices(), graph.outputs, "{name}");
            interpreter.invoke().expect("valid");
            for (index, expected) in graph.tensors.iter().enumerate() {
                let tensor = interpreter.tensor(index).expect("in the file");
                assert_eq!(tensor.name(), expected.name, "{name} {index}");
                assert_eq!(tensor.dtype(), expected.dtype, "{name} {index}");
                if expected.constant_bytes.is_some() {
                    let shape = expected.shape.iter().map(|&dim| dim as usize);
                    assert!(shape.eq(tensor.shape().iter().copied()), "{name} {index}");
                }
            }
            let missing = interpreter
                .tensor(graph.tensors.len())
                .expect_err("the last one is before");
            let Error::NoSuchTensor { role, count, .. } = missing else {
                panic!("{missing}")
            };
            assert_eq!((role, count), (TensorRole::Tensor, graph.tensors.len()));
        }
    }
}

/// What reading a tensor comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Read {
    Data,
    NotInvoked,
    NotReadable,
}

fn read(interpreter: &Interpreter, index: usize) -> Read {
    let tensor = interpreter.tensor(index).expect("there");
    let result = match tensor.dtype() {
        TensorType::String => tensor.strings().map(drop),
        _ => tensor.bytes().map(drop),
    };
    match result {
        Ok(()) => Read::Data,
        Err(Error::NotInvoked { .. }) => Read::NotInvoked,
        Err(Error::NotReadable { .. }) => Read::NotReadable,
        Err(error) => panic!("{index}: {error}"),
    }
}

#[test]
fn only_what_lasts_can_be_read() {
    let model = model("conv");
    let info = model.info().expect("valid");
    let graph = &info.subgraphs[0];
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with(&model, xnnpack.clone());
        let mut kinds = [0; 4];
        for invoked in [false, true] {
            if invoked {
                interpreter.invoke().expect("valid");
            }
            for (index, tensor) in graph.tensors.iter().enumerate() {
                let (kind, expected) = if graph.inputs.contains(&Some(index)) {
                    (0, Read::Data)
                } else if graph.outputs.contains(&Some(index)) {
                    let output = [Read::NotInvoked, Read::Data];
                    (1, output[usize::from(invoked)])
                } else if tensor.constant_bytes.is_some() {
                    (2, Read::Data)
                } else {
                    (3, Read::NotReadable)
                };
                kinds[kind] += 1;
                assert_eq!(read(&interpreter, index), expected, "{tensor:?}");
            }
        }
        assert!(kinds.iter().all(|&count| count >= 2), "{kinds:?}");
    }
}

#[test]
fn constants_are_those_in_the_file() {
    let interpreter = interpreter("constant_input");
    let constant = interpreter.input_indices()[1].expect("not left out");
    let tensor = interpreter.tensor(constant).expect("there");
    assert_eq!(tensor.data::<f32>().expect("float32"), [1.0, 2.0, 3.0]);
    assert_eq!(interpreter.tensor_index(&tensor.name()), Some(constant));
    assert_eq!(interpreter.tensor_index("nonesuch\0"), None);
}

#[test]
fn what_is_left_out_has_no_index() {
    let interpreter = interpreter("optional_input");
    let indices = interpreter.input_indices();
    assert_eq!((indices.len(), indices[0]), (2, None));
    let tensor = interpreter.tensor(indices[1].expect("there"));
    let input = interpreter.input(1).expect("there");
    assert_eq!(tensor.expect("there").name(), input.name());
    assert!(super::interpreter("no_input").input_indices().is_empty());
}

#[test]
fn nothing_can_be_seen_after_a_failure() {
    let mut interpreter = interpreter("gather");
    let mut input = interpreter.input_mut(0).expect("one");
    input.copy_from_slice(&[0, 5, 0]).expect("three");
    interpreter.invoke().expect_err("5 is out of range");
    let poisoned = |error: Error| assert!(matches!(error, Error::Poisoned { .. }), "{error}");
    poisoned(interpreter.tensor(0).map(drop).expect_err("poisoned"));
    poisoned(interpreter.variable(0).map(drop).expect_err("poisoned"));
    poisoned(interpreter.reset_variables().expect_err("poisoned"));
}

/// Adds two numbers to what the operator remembers.
fn add(interpreter: &mut Interpreter, numbers: [f32; 2]) -> Vec<f32> {
    let mut input = interpreter.input_mut(0).expect("one");
    input.copy_from_slice(&numbers).expect("two numbers");
    interpreter.invoke().expect("valid");
    let output = interpreter.output(0).expect("one");
    output.to_vec().expect("float32")
}

fn add_second(interpreter: &mut Interpreter, numbers: [f32; 2]) -> Vec<f32> {
    let mut runner = interpreter.signature_runner("second").expect("there");
    let mut input = runner.input_mut("x").expect("one");
    input.copy_from_slice(&numbers).expect("two numbers");
    runner.invoke().expect("valid");
    runner.output("y").expect("one").to_vec().expect("float32")
}

#[test]
fn variables_are_seen_and_reset_in_all_subgraphs() {
    let model = model("states");
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        for second_runs in [false, true] {
            let mut interpreter = with(&model, xnnpack.clone());
            assert_eq!(interpreter.variable_count(), 1);
            let variable = interpreter.variable(0).expect("one");
            assert_eq!(variable.shape(), [1, 2]);
            assert_eq!(variable.name(), "total");
            assert_eq!(variable.data::<f32>().expect("float32"), [0.0; 2]);
            assert_eq!(add(&mut interpreter, [1.0, 2.0]), [1.0, 2.0]);
            assert_eq!(add(&mut interpreter, [1.0, 0.5]), [2.0, 2.5]);
            let variable = interpreter.variable(0).expect("one");
            assert_eq!(variable.data::<f32>().expect("float32"), [2.0, 2.5]);
            let index = interpreter.tensor_index("total").expect("there");
            let same = interpreter.tensor(index).expect("there");
            assert_eq!(same.data::<f32>().expect("float32"), [2.0, 2.5]);
            if second_runs {
                assert_eq!(add_second(&mut interpreter, [3.0, 4.0]), [3.0, 4.0]);
                assert_eq!(add_second(&mut interpreter, [3.0, 4.0]), [6.0, 8.0]);
            }

            // C refuses as long as the second subgraph has not been prepared.
            interpreter.reset_variables().expect("prepared if needed");
            let variable = interpreter.variable(0).expect("one");
            assert_eq!(variable.data::<f32>().expect("float32"), [0.0; 2]);
            assert_eq!(add_second(&mut interpreter, [5.0, 0.0]), [5.0, 0.0]);
            assert_eq!(add(&mut interpreter, [7.0, 0.0]), [7.0, 0.0]);
            let missing = interpreter.variable(1).map(drop).expect_err("one");
            assert!(
                matches!(
                    missing,
                    Error::NoSuchTensor {
                        role: TensorRole::Variable,
                        index: 1,
                        count: 1
                    }
                ),
                "{missing}"
            );
        }
    }
}

#[test]
fn a_reset_of_variables_gives_what_a_new_interpreter_gives() {
    for name in ["lstm_fused.float32", "lstm_fused.int8"] {
        let path = format!(
            "{}/tests/parity/data/{name}.tflite",
            env!("CARGO_MANIFEST_DIR")
        );
        let model = Model::from_file(path).expect("of the parity tests");
        for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
            let mut interpreter = with(&model, xnnpack.clone());
            assert!(interpreter.variable_count() >= 2, "{name}");
            let run = |interpreter: &mut Interpreter| -> Vec<u8> {
                let mut input = interpreter.input_mut(0).expect("one");
                let bytes = (0..input.byte_len()).map(|index| (index * 37 % 60) as u8);
                let bytes: Vec<u8> = bytes.collect();
                input.copy_from_bytes(&bytes).expect("its size");
                interpreter.invoke().expect("valid");
                let output = interpreter.output(0).expect("one");
                output.bytes().expect("plain").to_vec()
            };
            let variables = |interpreter: &Interpreter| -> Vec<Vec<u8>> {
                (0..interpreter.variable_count())
                    .map(|index| {
                        let variable = interpreter.variable(index).expect("there");
                        variable.bytes().expect("plain").to_vec()
                    })
                    .collect()
            };
            let fresh = variables(&interpreter);
            let first = run(&mut interpreter);
            assert_ne!(variables(&interpreter), fresh, "{name} remembers nothing");
            interpreter.reset_variables().expect("allocated");
            assert_eq!(variables(&interpreter), fresh, "{name}");
            assert_eq!(run(&mut interpreter), first, "{name}");
        }
    }
}

#[test]
fn variables_behind_a_handle_are_none() {
    let mut interpreter = interpreter("counter");
    assert_eq!(interpreter.variable_count(), 0);
    let add = |interpreter: &mut Interpreter| {
        let mut input = interpreter.input_mut(0).expect("one");
        input.copy_from_slice(&[1.0_f32]).expect("one number");
        interpreter.invoke().expect("valid");
        interpreter.output(0).expect("one").to_vec::<f32>()
    };
    assert_eq!(add(&mut interpreter).expect("float32"), [1.0]);
    interpreter.reset_variables().expect("there are none");
    assert_eq!(add(&mut interpreter).expect("float32"), [2.0]);
    interpreter.reset().expect("made anew");
    assert_eq!(add(&mut interpreter).expect("float32"), [1.0]);
}
