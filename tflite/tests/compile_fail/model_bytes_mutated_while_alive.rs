//! Bytes that are not copied can neither be written nor freed.

use tflite::{Model, Result};

fn case(bytes: &'static mut [u8]) -> Result<()> {
    let model = Model::from_static(bytes)?;
    bytes[0] ^= 1;
    println!("{model:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
