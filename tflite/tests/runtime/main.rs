//! The safe API against the real runtime, on small models.
//!
//! `tests/models/make.py` makes the models, and the golden values with the Python runtime.

mod binding;
mod calling;
mod cancelling;
mod delegates;
mod dtypes;
mod external;
mod files;
mod graph;
mod holes;
mod invalid;
mod operators;
mod operators_failing;
mod operators_nested;
mod operators_owned;
mod ownership;
mod parity;
mod pools;
mod profiling;
mod quantized;
mod reporting;
mod resizing;
mod shapes;
mod signatures;
mod states;
mod tensors;
mod weight_caches;

use std::path::PathBuf;

use tflite::{Interpreter, InterpreterOptions, Model};

/// Where a model of the tests is.
fn path(name: &str) -> PathBuf {
    [
        env!("CARGO_MANIFEST_DIR"),
        "tests/models",
        &format!("{name}.tflite"),
    ]
    .iter()
    .collect()
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("a model of the tests")
}

fn model(name: &str) -> Model {
    Model::from_file(path(name)).expect("a valid model")
}

fn interpreter(name: &str) -> Interpreter {
    Interpreter::new(&model(name), InterpreterOptions::new()).expect("a valid model")
}

/// Runs `add`, which doubles three numbers.
fn double(interpreter: &mut Interpreter, input: [f32; 3]) -> Vec<f32> {
    interpreter
        .input_mut(0)
        .expect("input")
        .copy_from_slice(&input)
        .expect("three floats");
    interpreter.invoke().expect("no error");
    interpreter
        .output(0)
        .expect("output")
        .data::<f32>()
        .expect("floats")
        .to_vec()
}
