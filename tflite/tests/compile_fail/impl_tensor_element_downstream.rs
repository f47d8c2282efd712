//! The trait is sealed: nobody else can say that a type is an element.

use tflite::{TensorElement, TensorType};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Text(&'static str);

// SAFETY: none. That is the point.
unsafe impl TensorElement for Text {
    const TYPE: TensorType = TensorType::Float32;
}

fn main() {}
