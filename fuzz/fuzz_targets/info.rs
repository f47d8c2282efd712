//! Descriptions: metadata, the ZIP archive behind a model, labels.
//!
//! The first byte says whether the rest is a model, what follows a model, or is the metadata of
//! one.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tflite::{Model, ModelInfo};
use tflite_fuzz::damage::{Random, change_fields};

/// Has metadata, and files behind it.
const MODEL: &[u8] = include_bytes!("../../tflite/tests/models/described.tflite");
/// Has nothing behind it.
const PLAIN: &[u8] = include_bytes!("../../tflite/tests/models/add.tflite");

/// Where a model is in the input.
const START: usize = 8;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        0 => read(data.get(START..).unwrap_or_default()),
        1 => read(&[PLAIN, rest].concat()),
        _ => {
            // The archive begins at its first local header.
            let archive = MODEL.windows(4).position(|four| four == b"PK\x03\x04");
            let (model, archive) = MODEL.split_at(archive.expect("there"));
            let mut archive = archive.to_vec();
            for change in rest.as_chunks::<4>().0 {
                let [low, high, value, how] = *change;
                let at = usize::from(u16::from_le_bytes([low, high])) % archive.len();
                archive[at] = if how & 1 == 0 {
                    value
                } else {
                    archive[at] ^ value
                };
            }
            read(&[model, &archive].concat());
        }
    }
});

fn read(bytes: &[u8]) {
    if let Ok(info) = ModelInfo::from_bytes(bytes) {
        std::hint::black_box(format!("{info:?}"));
    }
    if let Ok(model) = Model::from_bytes(bytes) {
        // What is accepted can be described.
        let info = model.info().expect("read before");
        assert!(!info.subgraphs.is_empty());
    }
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    if size > START && data[0].is_multiple_of(3) && random.below(3) != 0 {
        let (_, model) = data[..size].split_at_mut(START);
        if change_fields(model, &mut random) {
            return size;
        }
    }
    fuzzer_mutate(data, size, max_size)
});
