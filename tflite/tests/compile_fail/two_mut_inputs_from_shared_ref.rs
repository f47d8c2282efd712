//! Nothing can be written through a shared reference.

use tflite::{Interpreter, Result};

fn case(interpreter: &Interpreter) -> Result<()> {
    interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32])?;
    Ok(())
}

fn main() {
    let _ = case;
}
