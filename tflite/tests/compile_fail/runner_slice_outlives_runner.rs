//! A slice of a runner borrows the runner, which may resize.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let output: &[f32] = {
        let runner = interpreter.signature_runner("double")?;
        runner.output("y")?.data()?
    };
    println!("{output:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
