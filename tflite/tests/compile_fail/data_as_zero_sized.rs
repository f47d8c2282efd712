//! Elements without a size: how many are there?

use tflite::{Result, Tensor};

fn case_0<'a>(tensor: &Tensor<'a>) -> Result<&'a [()]> {
    tensor.data::<()>()
}

fn main() {}
