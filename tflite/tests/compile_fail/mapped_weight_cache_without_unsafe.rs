//! As for a mapped model.

use tflite::{MappedWeightCache, Result};

fn case() -> Result<()> {
    let _ = MappedWeightCache::new("weights");
    Ok(())
}

fn main() {
    let _ = case;
}
