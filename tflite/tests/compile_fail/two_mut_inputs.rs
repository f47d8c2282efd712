//! A model may name one tensor as two of its inputs.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let mut first = interpreter.input_mut(0)?;
    let mut second = interpreter.input_mut(1)?;
    first.copy_from_slice(&[1.0_f32])?;
    second.copy_from_slice(&[2.0_f32])?;
    Ok(())
}

fn main() {
    let _ = case;
}
