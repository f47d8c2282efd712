//! Runs a model once, and looks at all that comes of it.

use tflite::{
    Error, Interpreter, InterpreterOptions, Model, Tensor, TensorMut, TensorType, Xnnpack,
};

use crate::bytes::Bytes;
use crate::watchdog::within_limit;

/// How many elements a model's tensors may have together: more only show how much memory there is.
const MAX_ELEMENTS: u64 = 1 << 20;

/// How the inputs are made of bytes.
#[derive(Clone, Copy)]
pub enum Fill {
    /// They stay zero.
    Zero,
    /// Bit patterns.
    Raw,
    /// Small numbers, one from each byte, so that indices are often in range.
    Small,
}

impl Fill {
    /// One of them.
    pub fn pick(byte: u8) -> Self {
        match byte % 4 {
            0 => Self::Zero,
            1 => Self::Raw,
            _ => Self::Small,
        }
    }
}

/// With or without XNNPACK, on one thread.
pub fn options(xnnpack: bool) -> InterpreterOptions {
    let xnnpack = if xnnpack { Xnnpack::Auto } else { Xnnpack::Off };
    InterpreterOptions::new().threads(1).xnnpack(xnnpack)
}

/// Whether the model says of itself that it needs little memory.
pub fn is_small(model: &Model) -> bool {
    let Ok(info) = model.info() else {
        return false;
    };
    let tensors = info.subgraphs.iter().flat_map(|graph| &graph.tensors);
    let elements = tensors.map(|tensor| {
        let dims = tensor
            .shape
            .iter()
            .map(|&dim| u64::from(dim.unsigned_abs()));
        dims.product::<u64>()
    });
    elements.sum::<u64>() < MAX_ELEMENTS
}

/// Fills all inputs, invokes once, and reads all outputs.
///
/// # Errors
///
/// Whatever the runtime refuses: that is no crash.
pub fn once(interpreter: &mut Interpreter, fill: Fill, bytes: &mut Bytes<'_>) -> Result<(), Error> {
    for index in 0..interpreter.input_count() {
        if let Ok(mut input) = interpreter.input_mut(index) {
            fill_tensor(&mut input, fill, bytes);
        }
    }
    let token = interpreter.cancellation_token();
    within_limit(token, || interpreter.invoke())?;
    for index in 0..interpreter.output_count() {
        if let Ok(output) = interpreter.output(index) {
            look_at(&output);
        }
    }
    Ok(())
}

/// The same for each signature.
pub fn signatures(interpreter: &mut Interpreter, fill: Fill, bytes: &Bytes<'_>) {
    let signatures = interpreter.model().signatures().to_vec();
    // A damaged model may have thousands.
    for signature in signatures.iter().take(4) {
        let token = interpreter.cancellation_token();
        let Ok(mut runner) = interpreter.signature_runner(signature.key()) else {
            continue;
        };
        let mut bytes = bytes.clone();
        for name in signature.input_names() {
            if let Ok(mut input) = runner.input_mut(name) {
                fill_tensor(&mut input, fill, &mut bytes);
            }
        }
        if within_limit(token, || runner.invoke()).is_err() {
            continue;
        }
        for name in signature.output_names() {
            if let Ok(output) = runner.output(name) {
                look_at(&output);
            }
        }
    }
}

fn fill_tensor(tensor: &mut TensorMut<'_>, fill: Fill, bytes: &mut Bytes<'_>) {
    let dtype = tensor.dtype();
    if dtype == TensorType::String {
        let count = tensor.shape().elements().unwrap_or(0).min(1 << 12);
        let strings: Vec<Vec<u8>> = (0..count)
            .map(|_| (0..bytes.byte() % 9).map(|_| bytes.byte()).collect())
            .collect();
        let _ = tensor.write_strings(&strings);
        return;
    }
    let length = tensor.byte_len();
    let mut memory = vec![0; length];
    let mut next = || match dtype {
        TensorType::Bool => bytes.byte() & 1,
        _ => bytes.byte(),
    };
    match fill {
        Fill::Zero => return,
        Fill::Raw => memory.fill_with(next),
        Fill::Small => {
            let elements = tensor.shape().elements().unwrap_or(0).max(1);
            for element in memory.chunks_mut((length / elements).max(1)) {
                let number = next().cast_signed();
                write_number(element, dtype, number);
            }
        }
    }
    let _ = tensor.copy_from_bytes(&memory);
}

/// Writes a small number in the type's own form, as far as that matters.
fn write_number(element: &mut [u8], dtype: TensorType, number: i8) {
    let long = match dtype {
        TensorType::Float32 => return copy(element, &(f32::from(number) / 4.0).to_le_bytes()),
        TensorType::Float64 => return copy(element, &(f64::from(number) / 4.0).to_le_bytes()),
        TensorType::Bool => i64::from(number & 1),
        _ => i64::from(number),
    };
    copy(element, &long.to_le_bytes());
}

fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Reads all that can be read of a tensor.
fn look_at(tensor: &Tensor<'_>) {
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
    let mut all = 0;
    match tensor.dtype() {
        TensorType::String => {
            for string in tensor.strings().unwrap_or_default() {
                all ^= sum(string);
            }
        }
        TensorType::Bool => {
            all = u8::from(tensor.to_bools().is_ok_and(|bools| bools.contains(&true)))
        }
        _ => all = tensor.bytes().map(sum).unwrap_or_default(),
    }
    let _ = tensor.dequantize();
    let shape = tensor.shape();
    // Keeps the reading from being optimised away.
    std::hint::black_box((all, shape, tensor.name(), tensor.shape_signature()));
}
