//! Flags with which XNNPACK checks less, or that it does not know.

use tflite::{Result, XnnpackFlags, XnnpackRuntimeFlags};

fn case() -> Result<()> {
    let _ = XnnpackFlags::dynamic_fully_connected();
    let _ = XnnpackRuntimeFlags::from_bits(1 << 31);
    Ok(())
}

fn main() {
    let _ = case;
}
