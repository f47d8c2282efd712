//! A view, without a slice yet: it knows the shape from before the invocation.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let output = interpreter.output(0)?;
    interpreter.invoke()?;
    println!("{:?}", output.data::<f32>()?);
    Ok(())
}

fn main() {
    let _ = case;
}
