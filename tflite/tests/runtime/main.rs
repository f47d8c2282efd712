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
mod memory;
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
mod values;
mod variables;
mod weight_caches;

use std::path::PathBuf;

use tflite::{Interpreter, InterpreterOptions, Model, TensorElement, Xnnpack};

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

fn with(name: &str, xnnpack: Xnnpack) -> Interpreter {
    Interpreter::new(&model(name), InterpreterOptions::new().xnnpack(xnnpack)).expect("valid")
}

/// The elements of an input.
#[track_caller]
fn input<T: TensorElement>(interpreter: &Interpreter, index: usize) -> Vec<T> {
    let input = interpreter.input(index).expect("an input");
    input.data::<T>().expect("of this type").to_vec()
}

/// The elements of an output.
#[track_caller]
fn output<T: TensorElement>(interpreter: &Interpreter, index: usize) -> Vec<T> {
    let output = interpreter.output(index).expect("an output");
    output.data::<T>().expect("of this type").to_vec()
}

/// Writes all elements of an input.
#[track_caller]
fn write<T: TensorElement>(interpreter: &mut Interpreter, index: usize, elements: &[T]) {
    let mut input = interpreter.input_mut(index).expect("an input");
    input.copy_from_slice(elements).expect("as many as it has");
}

/// All orders of four things: 0 to 3.
fn orders_of_four() -> Vec<Vec<usize>> {
    let orders: Vec<Vec<usize>> = (0..4_usize.pow(4))
        .map(|code| (0..4).map(|place| code / 4_usize.pow(place) % 4).collect())
        .filter(|order: &Vec<usize>| (0..4).all(|item| order.contains(&item)))
        .collect();
    assert_eq!(orders.len(), 24);
    orders
}

/// Runs `add`, which doubles three numbers.
fn double(interpreter: &mut Interpreter, input: [f32; 3]) -> Vec<f32> {
    write(interpreter, 0, &input);
    interpreter.invoke().expect("no error");
    output(interpreter, 0)
}
