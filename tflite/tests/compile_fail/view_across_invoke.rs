//! An array of an output is read while an invocation overwrites it.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let before = interpreter.output(0)?.view::<f32>()?;
    interpreter.invoke()?;
    println!("{before}");
    Ok(())
}

fn main() {
    let _ = case;
}
