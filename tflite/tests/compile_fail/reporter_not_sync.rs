//! Messages come from any thread.

use std::cell::Cell;
use std::rc::Rc;

use tflite::{InterpreterOptions, Result};

fn case(options: InterpreterOptions) -> Result<()> {
    let count = Rc::new(Cell::new(0));
    let _ = options.error_reporter(move |_| count.set(count.get() + 1));
    Ok(())
}

fn main() {
    let _ = case;
}
