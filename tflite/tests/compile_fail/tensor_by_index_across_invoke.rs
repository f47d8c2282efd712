//! Any tensor of the graph may move in an invocation.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let before: &[f32] = interpreter.tensor(0)?.data()?;
    interpreter.invoke()?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
