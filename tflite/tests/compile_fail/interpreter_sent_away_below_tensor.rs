//! An interpreter stays where it is while a tensor is looked at.

use std::thread;

use tflite::{Interpreter, Result};

fn case(interpreter: Interpreter) -> Result<()> {
    let output: &[f32] = interpreter.output(0)?.data()?;
    thread::spawn(move || drop(interpreter));
    println!("{output:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
