//! An output may be the same tensor as an input.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let output: &[f32] = interpreter.output(0)?.data()?;
    interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32])?;
    println!("{output:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
