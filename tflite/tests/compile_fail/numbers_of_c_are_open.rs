//! A newer library has more of them: a match needs a case for the rest.

use tflite::{Error, Status, TensorType};

fn dtype(dtype: TensorType) -> bool {
    match dtype {
        TensorType::Float32 => true,
    }
}

fn status(status: Status) -> bool {
    match status {
        Status::Error => true,
    }
}

fn error(error: Error) -> bool {
    match error {
        Error::Cancelled => true,
    }
}

fn main() {
    let _ = (dtype, status, error);
}
