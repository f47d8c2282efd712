//! States move between threads with their interpreter.

fn main() {
    let _ = tflite::Operator::builder("Mine").init(|_| std::rc::Rc::new(1));
}
