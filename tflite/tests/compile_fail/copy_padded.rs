//! The other way: padding would be read into a tensor.

use tflite::{Interpreter, Result};

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Padded(u8, u32);

fn case(mut interpreter: Interpreter) -> Result<()> {
    interpreter
        .input_mut(0)?
        .copy_from_slice(&[Padded(1, 2); 24])?;
    Ok(())
}

fn main() {
    let _ = case;
}
