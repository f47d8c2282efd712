//! Tensors are allocated anew by a reset, which frees the memory that a slice shows.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let before: &[f32] = interpreter.output(0)?.data()?;
    interpreter.reset()?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
