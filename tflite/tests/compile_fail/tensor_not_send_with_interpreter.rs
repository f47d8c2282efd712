//! A tensor stays on the thread of its interpreter.

use std::thread;

use tflite::{Interpreter, Result};

fn case(interpreter: Interpreter) -> Result<()> {
    let output = interpreter.output(0)?;
    thread::scope(|scope| {
        scope.spawn(|| println!("{:?}", output.data::<f32>()));
    });
    Ok(())
}

fn main() {
    let _ = case;
}
