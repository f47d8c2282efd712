//! Bytes of a buffer may be any.

use tflite::{AlignedBuffer, Result};

fn case(buffer: &AlignedBuffer) -> Result<()> {
    let bools: Option<&[bool]> = buffer.as_slice();
    println!("{bools:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
