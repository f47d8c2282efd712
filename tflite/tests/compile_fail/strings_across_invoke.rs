//! Strings are slices of the same memory.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let before: Vec<&[u8]> = interpreter.output(0)?.strings()?;
    interpreter.invoke()?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
