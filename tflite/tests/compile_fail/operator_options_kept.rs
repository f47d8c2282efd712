//! A node's options are lent to `init`, which cannot make them its state.

fn main() {
    let _ = tflite::Operator::builder("Mine").init(|options: &[u8]| options);
}
