//! Floats are no pointers.

use tflite::{Result, Tensor};

fn case_0<'a>(tensor: &Tensor<'a>) -> Result<&'a [&'static str]> {
    tensor.data::<&'static str>()
}

fn case_1<'a>(tensor: &Tensor<'a>) -> Result<&'a [&'static u8]> {
    tensor.data::<&'static u8>()
}

fn case_2<'a>(tensor: &Tensor<'a>) -> Result<&'a [Box<u8>]> {
    tensor.data::<Box<u8>>()
}

fn case_3<'a>(tensor: &Tensor<'a>) -> Result<&'a [fn()]> {
    tensor.data::<fn()>()
}

fn main() {}
