//! Bytes of a tensor may be any; these types have values that must not be.

use tflite::{Result, Tensor};

fn case_0<'a>(tensor: &Tensor<'a>) -> Result<&'a [bool]> {
    tensor.data::<bool>()
}

fn case_1<'a>(tensor: &Tensor<'a>) -> Result<&'a [char]> {
    tensor.data::<char>()
}

fn case_2<'a>(tensor: &Tensor<'a>) -> Result<&'a [std::num::NonZeroU8]> {
    tensor.data::<std::num::NonZeroU8>()
}

fn main() {}
