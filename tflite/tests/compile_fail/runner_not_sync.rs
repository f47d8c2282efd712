//! A runner is no more to be shared than its interpreter.

use tflite::SignatureRunner;

fn share<T: Sync>() {}

fn main() {
    share::<SignatureRunner<'_>>();
}
