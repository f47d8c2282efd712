//! Two mutable slices of one tensor.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let mut input = interpreter.input_mut(0)?;
    let first = input.data_mut::<f32>()?;
    let second = input.data_mut::<f32>()?;
    first[0] = 1.0;
    second[0] = 2.0;
    Ok(())
}

fn main() {
    let _ = case;
}
