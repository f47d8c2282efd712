//! A slice is kept longer than the interpreter.

use tflite::{Interpreter, Result};

fn case(interpreter: Interpreter) -> Result<()> {
    let output: &[f32] = interpreter.output(0)?.data()?;
    drop(interpreter);
    println!("{output:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
