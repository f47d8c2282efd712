//! A slice that consumed its view still borrows the interpreter.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let input: &mut [f32] = interpreter.input_mut(0)?.into_data_mut()?;
    interpreter.invoke()?;
    input.fill(0.5);
    Ok(())
}

fn main() {
    let _ = case;
}
