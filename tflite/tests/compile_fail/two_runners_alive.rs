//! Two runners may be of one signature, or of two that share tensors.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let mut first = interpreter.signature_runner("double")?;
    let mut second = interpreter.signature_runner("double")?;
    second.resize_input("x", &[4096])?;
    first.invoke()?;
    Ok(())
}

fn main() {
    let _ = case;
}
