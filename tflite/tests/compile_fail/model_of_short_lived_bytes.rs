//! Bytes that are not copied must live forever.

use tflite::{Model, Result};

fn case() -> Result<()> {
    let bytes = std::fs::read("model.tflite").unwrap_or_default();
    let model = Model::from_static(&bytes)?;
    println!("{model:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
