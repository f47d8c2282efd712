//! Runs a model as `make.py` did.

use tflite::{Interpreter, SignatureRunner, Tensor, TensorMut, TensorType};

use crate::set::{Golden, Invocation, Values};

/// The outputs of one invocation, in the order of the golden ones.
pub(crate) fn run(interpreter: &mut Interpreter, invocation: &Invocation) -> Vec<Golden> {
    match &invocation.signature {
        None => run_by_index(interpreter, invocation),
        Some(key) => {
            let runner = interpreter.signature_runner(key).expect("a signature");
            run_by_name(runner, invocation)
        }
    }
}

fn run_by_index(interpreter: &mut Interpreter, invocation: &Invocation) -> Vec<Golden> {
    let inputs = &invocation.inputs;
    assert_eq!(interpreter.input_count(), inputs.len());
    assert_eq!(interpreter.output_count(), invocation.plain.len());
    let shapes: Vec<_> = (inputs.iter().map(|input| &input.shape[..]))
        .enumerate()
        .filter(|&(index, shape)| interpreter.input(index).expect("input").shape() != *shape)
        .collect();
    if !shapes.is_empty() {
        interpreter.resize_inputs(&shapes).expect("as in Python");
    }
    for (index, input) in inputs.iter().enumerate() {
        write(interpreter.input_mut(index).expect("input"), input);
    }
    interpreter.invoke().expect("as in Python");
    (0..interpreter.output_count())
        .map(|index| read("", &interpreter.output(index).expect("output")))
        .collect()
}

fn run_by_name(mut runner: SignatureRunner<'_>, invocation: &Invocation) -> Vec<Golden> {
    let names = |golden: &[Golden]| -> Vec<_> { golden.iter().map(|g| g.name.clone()).collect() };
    let inputs: Vec<_> = runner.signature().input_names().collect();
    assert_eq!(inputs, names(&invocation.inputs));
    let outputs: Vec<_> = runner.signature().output_names().collect();
    assert_eq!(outputs, names(&invocation.plain));
    let shapes: Vec<_> = (invocation.inputs.iter())
        .filter(|input| runner.input(&input.name).expect("input").shape() != input.shape[..])
        .map(|input| (&input.name[..], &input.shape[..]))
        .collect();
    if !shapes.is_empty() {
        runner.resize_inputs(&shapes).expect("as in Python");
    }
    for input in &invocation.inputs {
        write(runner.input_mut(&input.name).expect("input"), input);
    }
    runner.invoke().expect("as in Python");
    (invocation.plain.iter())
        .map(|golden| read(&golden.name, &runner.output(&golden.name).expect("output")))
        .collect()
}

fn write(mut tensor: TensorMut<'_>, input: &Golden) {
    assert_eq!(tensor.dtype().name(), input.dtype);
    match &input.values {
        Values::Floats(values) => tensor.copy_from_slice(values),
        Values::Doubles(values) => tensor.copy_from_slice(values),
        Values::Integers(values, _) if tensor.dtype() == TensorType::Bool => {
            tensor.copy_from_bools(&values.iter().map(|&bit| bit != 0).collect::<Vec<_>>())
        }
        Values::Integers(_, bytes) => tensor.copy_from_bytes(bytes),
        Values::Strings(values) => tensor.write_strings(values),
    }
    .expect("the golden shape");
}

fn read(name: &str, tensor: &Tensor<'_>) -> Golden {
    let dtype = tensor.dtype().name();
    let values = match tensor.dtype() {
        TensorType::String => {
            let strings = tensor.strings().expect("strings");
            Values::Strings(strings.into_iter().map(<[u8]>::to_vec).collect())
        }
        _ => Values::decode(dtype, tensor.bytes().expect("numbers")),
    };
    Golden {
        name: name.to_owned(),
        dtype: dtype.to_owned(),
        shape: tensor.shape().to_vec(),
        values,
    }
}
