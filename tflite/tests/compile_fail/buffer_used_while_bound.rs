//! A buffer that is bound belongs to the interpreter.

use tflite::{AlignedBuffer, Interpreter, Result};

fn case(interpreter: &mut Interpreter, mut buffer: AlignedBuffer) -> Result<()> {
    interpreter.bind_input(0, buffer)?;
    buffer.as_bytes_mut().fill(1);
    Ok(())
}

fn main() {
    let _ = case;
}
