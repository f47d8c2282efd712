//! A slice to read beside one to write.

use tflite::{Interpreter, Result};

fn case(mut interpreter: Interpreter) -> Result<()> {
    let mut input = interpreter.input_mut(0)?;
    let read: &[f32] = input.as_tensor().data()?;
    let write = input.data_mut::<f32>()?;
    write[0] = read[0] + 1.0;
    println!("{read:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
