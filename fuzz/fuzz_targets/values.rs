//! Sound models with any input: other shapes, any values, with the runtime's kernels and XNNPACK's.
//!
//! The input says which model, which shapes, and holds the values.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tflite::{Error, Interpreter};
use tflite_fuzz::bytes::Bytes;
use tflite_fuzz::{models, run};

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes::new(data);
    let models = models::sound();
    let (_, model) = &models[bytes.below(models.len())];
    let fill = run::Fill::pick(bytes.byte());
    for xnnpack in [true, false] {
        let mut bytes = bytes.clone();
        let Ok(mut interpreter) = Interpreter::new(model, run::options(xnnpack)) else {
            continue;
        };
        let _ = resize(&mut interpreter, &mut bytes);
        let values = bytes.clone();
        let _ = run::once(&mut interpreter, fill, &mut bytes);
        // Other values in the same memory.
        let _ = run::once(&mut interpreter, fill, &mut bytes);
        run::signatures(&mut interpreter, fill, &values);
    }
});

/// Shapes with up to eight of each dimension. Most stay as they are.
fn resize(interpreter: &mut Interpreter, bytes: &mut Bytes<'_>) -> Result<(), Error> {
    let asked = bytes.byte();
    for index in 0..interpreter.input_count().min(8) {
        if asked & (1 << index) == 0 {
            continue;
        }
        let Ok(input) = interpreter.input(index) else {
            continue;
        };
        let signature = input.shape_signature();
        let shape: Vec<usize> = input
            .shape()
            .iter()
            .zip(signature.iter().chain(std::iter::repeat(&None)))
            .map(|(&dim, known)| match (bytes.byte(), known) {
                (byte, None) => usize::from(byte % 9),
                (byte @ 224.., Some(_)) => usize::from(byte % 9),
                _ => dim,
            })
            .collect();
        interpreter.resize_input(index, &shape)?;
    }
    Ok(())
}
