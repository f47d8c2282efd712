//! An output of an interpreter that has gone back to the pool.

use tflite::{InterpreterPool, Result};

fn case(pool: &InterpreterPool) -> Result<()> {
    let output: &[f32] = {
        let interpreter = pool.checkout();
        interpreter.output(0)?.data()?
    };
    println!("{output:?}");
    Ok(())
}

fn main() {
    let _ = case;
}
