//! As for the interpreter.

use tflite::{Result, SignatureRunner};

fn case(mut runner: SignatureRunner<'_>) -> Result<()> {
    let before: &[f32] = runner.input("x")?.data()?;
    runner.resize_input("x", &[4096])?;
    println!("{before:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
