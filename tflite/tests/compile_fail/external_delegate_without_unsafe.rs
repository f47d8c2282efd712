//! Loading a library runs code that nobody has checked.

use tflite::{ExternalDelegate, Result};

fn case() -> Result<()> {
    ExternalDelegate::load("libdelegate.so")?;
    Ok(())
}

fn main() {
    let _ = case;
}
