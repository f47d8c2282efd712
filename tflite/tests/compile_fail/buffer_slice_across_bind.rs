//! A slice of a buffer, while an invocation writes to it.

use tflite::{AlignedBuffer, Interpreter, Result};

fn case(interpreter: &mut Interpreter, buffer: AlignedBuffer) -> Result<()> {
    let before: Option<&[f32]> = buffer.as_slice();
    interpreter.bind_output(0, buffer)?;
    interpreter.invoke()?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
