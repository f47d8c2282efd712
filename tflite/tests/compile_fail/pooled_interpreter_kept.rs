//! An interpreter that is only lent.

use tflite::{Interpreter, InterpreterPool, Result};

fn case(pool: &InterpreterPool) -> Result<()> {
    let mut kept: Option<&mut Interpreter> = None;
    pool.with(|interpreter| kept = Some(interpreter));
    drop(kept);
    Ok(())
}

fn main() {
    let _ = case;
}
