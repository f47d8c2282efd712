//! Both work on the same memory.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let mut runner = interpreter.signature_runner("double")?;
    interpreter.invoke()?;
    runner.invoke()?;
    Ok(())
}

fn main() {
    let _ = case;
}
