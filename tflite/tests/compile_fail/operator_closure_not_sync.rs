//! Interpreters in several threads run one operator.

fn main() {
    let runs = std::cell::Cell::new(0);
    let _ = tflite::Operator::builder("Mine").invoke(move |_| {
        runs.set(runs.get() + 1);
        Ok(())
    });
}
