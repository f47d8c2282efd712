//! A resize frees the memory that a slice shows.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let before: &[f32] = interpreter.input(0)?.data()?;
    interpreter.resize_input(0, &[4096, 8, 8, 3])?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
