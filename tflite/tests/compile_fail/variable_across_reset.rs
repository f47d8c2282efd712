//! A variable is read while a reset overwrites it.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let before: &[f32] = interpreter.variable(0)?.data()?;
    interpreter.reset_variables()?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
