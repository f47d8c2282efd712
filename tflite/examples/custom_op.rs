//! A custom operator, and how long it takes.
//!
//! ```text
//! cargo run --package tflite-native --example custom_op [-- 0.25 1 -3 10]
//! ```
//!
//! `tf.atan` has no operator in TensorFlow Lite. A converter with `allow_custom_ops` leaves a node
//! named `Atan` in the model, which the program that runs it has to compute. The model here is
//! `atan(x + bias)` for rows of four; `tests/models/custom.py` makes it.

use std::error::Error;
use std::time::Instant;

use tflite::{Interpreter, InterpreterOptions, Model, Operator, Profiler};

const MODEL: &[u8] = include_bytes!("../tests/models/custom/atan.tflite");
const BIAS: [f32; 4] = [0.5, -0.5, 0.0, 2.0];

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<f32> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse())
        .collect::<Result<_, _>>()?;
    let rows = match numbers.len() {
        0 => vec![0.0, 1.0, -1.0, 100.0],
        length if length % 4 == 0 => numbers,
        length => return Err(format!("{length} numbers are no rows of four").into()),
    };

    let model = Model::from_bytes(MODEL)?;
    // Without the operator, there is nobody to compute the node.
    if let Err(error) = Interpreter::new(&model, InterpreterOptions::new()) {
        println!("without the operator: {error}\n");
    }

    let profiler = Profiler::new();
    let options = InterpreterOptions::new()
        .operator(atan()?)
        .profiler(profiler.clone());
    let mut interpreter = Interpreter::new(&model, options)?;
    interpreter.resize_input(0, &[rows.len() / 4, 4])?;
    interpreter.input_mut(0)?.copy_from_slice(&rows)?;
    let start = Instant::now();
    interpreter.invoke()?;
    let took = start.elapsed();

    let output = interpreter.output(0)?;
    for (row, results) in rows.chunks(4).zip(output.data::<f32>()?.chunks(4)) {
        println!("atan({row:?} + {BIAS:?}) = {results:.4?}");
    }
    println!("\n{took:?}, of which in operators:\n{}", profiler.summary());
    Ok(())
}

fn atan() -> tflite::Result<Operator> {
    Operator::builder("Atan")
        .prepare(|ctx| {
            let shape = ctx.input(0)?.shape();
            Ok(ctx.resize_output(0, &shape)?)
        })
        .invoke(|ctx| {
            let input = ctx.input(0)?.data::<f32>()?;
            let mut output = ctx.output_mut(0)?;
            for (y, x) in output.data_mut::<f32>()?.iter_mut().zip(input) {
                *y = x.atan();
            }
            Ok(())
        })
        .build()
}
