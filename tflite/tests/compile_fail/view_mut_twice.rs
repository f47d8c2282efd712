//! Two mutable arrays of one tensor.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let mut input = interpreter.input_mut(0)?;
    let mut first = input.view_mut::<f32>()?;
    let mut second = input.view_mut::<f32>()?;
    first.fill(1.0);
    second.fill(2.0);
    Ok(())
}

fn main() {
    let _ = case;
}
