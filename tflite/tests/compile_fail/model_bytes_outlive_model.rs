//! The bytes of a model go with its last owner.

use tflite::{Model, Result};

fn case(model: Model) -> Result<()> {
    let bytes = model.as_bytes();
    drop(model);
    println!("{bytes:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
