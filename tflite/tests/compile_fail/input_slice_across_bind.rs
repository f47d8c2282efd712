//! A slice of an input in the buffer that is given back.

use tflite::{Interpreter, Result};

fn case(interpreter: &mut Interpreter) -> Result<()> {
    let input: &[f32] = interpreter.input(0)?.data()?;
    drop(interpreter.take_input(0)?);
    println!("{input:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
