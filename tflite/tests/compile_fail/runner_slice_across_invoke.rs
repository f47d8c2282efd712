//! As for the interpreter.

use tflite::{Result, SignatureRunner};

fn case(mut runner: SignatureRunner<'_>) -> Result<()> {
    let before: &[f32] = runner.output("y")?.data()?;
    runner.invoke()?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
