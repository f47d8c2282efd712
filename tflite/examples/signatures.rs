//! Lists a model's signatures, and runs each: inputs of floats are all 1, others are all 0.
//!
//! ```console
//! $ cargo run --package tflite-native --example signatures [MODEL]
//! ```
//!
//! Without an argument it takes a model of the tests, with the functions `double` and `sum`.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tflite::{Interpreter, InterpreterOptions, Model, Signature, Tensor, TensorType};

fn main() -> Result<(), Box<dyn Error>> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/signatures.tflite");
    let path = env::args_os().nth(1).map_or_else(default, PathBuf::from);
    let model = Model::from_file(path)?;
    let mut interpreter = Interpreter::new(&model, InterpreterOptions::new())?;
    if model.signatures().is_empty() {
        println!("no signatures; an interpreter can still be invoked");
    }
    for signature in model.signatures() {
        run(&mut interpreter, signature)?;
    }
    Ok(())
}

/// Runs one signature. The interpreter is borrowed as long as its runner lives.
fn run(interpreter: &mut Interpreter, signature: &Arc<Signature>) -> tflite::Result<()> {
    println!("{}", signature.key());
    let mut runner = interpreter.signature_runner(signature.key())?;
    for name in signature.input_names() {
        let mut input = runner.input_mut(name)?;
        // They are 0 from the start.
        if input.dtype() == TensorType::Float32 {
            input.data_mut::<f32>()?.fill(1.0);
        }
        describe("  input ", name, &input.as_tensor());
    }
    runner.invoke()?;
    for name in signature.output_names() {
        let output = runner.output(name)?;
        describe("  output", name, &output);
        if output.dtype() == TensorType::Float32 {
            println!("         {:?}", output.data::<f32>()?);
        }
    }
    Ok(())
}

fn describe(what: &str, name: &str, tensor: &Tensor<'_>) {
    // -1 is a dimension that can be resized.
    let shape: Vec<String> = tensor
        .shape_signature()
        .iter()
        .map(|dim| dim.map_or("-1".to_owned(), |dim| dim.to_string()))
        .collect();
    println!("{what} {name}: {} [{}]", tensor.dtype(), shape.join(", "));
}
