//! Tensors of strings: any memory is read without harm, and what is written is read again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tflite::fuzzing::{parse_strings, write_strings};
use tflite::{Interpreter, Model, Xnnpack};

/// Gives its input back, among others.
const MODEL: &[u8] = include_bytes!("../../tflite/tests/models/strings.tflite");

/// More only takes longer.
const MAX_STRINGS: usize = 64;

fuzz_target!(|data: &[u8]| {
    if let Some(strings) = parse_strings(data) {
        let memory = write_strings(&strings);
        assert_eq!(parse_strings(&memory), Some(strings));
    }
    let strings: Vec<&[u8]> = data.split(|&byte| byte == b'|').take(MAX_STRINGS).collect();
    through_a_model(&strings);
});

fn through_a_model(strings: &[&[u8]]) {
    static MODEL_OF_STRINGS: LazyLock<Model> =
        LazyLock::new(|| Model::from_bytes(MODEL).expect("sound"));
    let options = tflite::InterpreterOptions::new().xnnpack(Xnnpack::Off);
    let mut interpreter = Interpreter::new(&MODEL_OF_STRINGS, options).expect("sound");
    let resized = interpreter.resize_input(0, &[strings.len()]);
    let shape = interpreter.input(0).expect("there").shape();
    let count = shape.elements().expect("few");
    assert!(resized.is_err() || count == strings.len());
    let mut given = strings.to_vec();
    given.resize(count, b"");
    let mut input = interpreter.input_mut(0).expect("there");
    input.write_strings(&given).expect("as many as there are");
    let input = interpreter.input(0).expect("there");
    assert_eq!(input.strings().expect("just written"), given);
    interpreter.invoke().expect("any strings will do");
    let mut found = false;
    for index in 0..interpreter.output_count() {
        let output = interpreter.output(index).expect("there");
        found |= output.strings().is_ok_and(|strings| strings == given);
    }
    assert!(found, "{given:?}");
}
