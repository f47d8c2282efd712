//! A runner is part of its interpreter.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let mut runner = interpreter.signature_runner("double")?;
    drop(interpreter);
    runner.invoke()?;
    Ok(())
}

fn main() {
    let _ = case;
}
