//! An output is read while an invocation overwrites it.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let before: &[f32] = interpreter.output(0)?.data()?;
    interpreter.invoke()?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
