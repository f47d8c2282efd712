//! Bytes to model, to interpreter, to one invocation, and one of each signature.
//!
//! The input is the model. Its last bytes, which a FlatBuffer does not use, or which belong to its
//! last part, also say how it is run and what the inputs are.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tflite::{Interpreter, Model};
use tflite_fuzz::bytes::Bytes;
use tflite_fuzz::damage::{Random, change_fields};
use tflite_fuzz::run;

/// How many bytes at the end are for the inputs, too.
const TAIL: usize = 256;

fuzz_target!(|data: &[u8]| {
    let Ok(model) = Model::from_bytes(data) else {
        return;
    };
    if !run::is_small(&model) {
        return;
    }
    let mut tail: Vec<u8> = data.iter().rev().take(TAIL).copied().collect();
    // Models often end in zeros.
    let first = tail.first().copied().unwrap_or(0);
    tail.retain(|&byte| byte != 0);
    let mut bytes = Bytes::new(&tail);
    let fill = run::Fill::pick(first >> 1);
    let Ok(mut interpreter) = Interpreter::new(&model, run::options(first & 1 == 1)) else {
        return;
    };
    let _ = run::once(&mut interpreter, fill, &mut bytes);
    run::signatures(&mut interpreter, fill, &bytes);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    if random.below(16) == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    // How it is run, and what its inputs are.
    if random.below(4) == 0 && size > TAIL {
        let position = size - 1 - random.below(TAIL.min(8));
        data[position] = u8::try_from(random.below(256)).unwrap_or(0);
        if random.below(2) == 0 {
            return size;
        }
    }
    if change_fields(&mut data[..size], &mut random) {
        size
    } else {
        fuzzer_mutate(data, size, max_size)
    }
});
