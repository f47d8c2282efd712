//! Padding between fields is never initialised.

use tflite::{Result, Tensor};

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Padded(u8, u32);

fn case_0<'a>(tensor: &Tensor<'a>) -> Result<&'a [Padded]> {
    tensor.data::<Padded>()
}

fn main() {}
