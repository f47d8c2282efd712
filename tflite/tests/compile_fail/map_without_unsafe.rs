//! A mapped file that changes kills the process: that nobody does it is a promise.

use tflite::{Model, Result};

fn case() -> Result<()> {
    Model::from_mmap("model.tflite")?;
    Ok(())
}

fn main() {
    let _ = case;
}
