//! An interpreter is used by one thread at a time; even reading is not safe beside an invocation.

use tflite::Interpreter;

fn share<T: Sync>() {}

fn main() {
    share::<Interpreter>();
}
