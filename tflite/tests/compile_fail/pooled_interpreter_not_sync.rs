//! A checked out interpreter is no more to be shared than any other.

use tflite::PooledInterpreter;

fn share<T: Sync>() {}

fn main() {
    share::<PooledInterpreter>();
}
