//! What the build script reads for the feature `selected-ops`: names, and models.

#[path = "../build/selected/model.rs"]
mod model;

use std::fs;
use std::path::Path;

use model::{Code, operator_codes};
use tflite_sys::OPERATOR_NAMES;

fn file(path: &str) -> Vec<u8> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tflite/tests");
    fs::read(tests.join(path)).expect("it is in the repository")
}

fn names(path: &str) -> Vec<String> {
    let name = |code| match code {
        Code::Builtin(number) => OPERATOR_NAMES
            [usize::try_from(number).expect("codes of operators are not negative")]
        .to_owned(),
        Code::Custom(name) => name,
    };
    let codes = operator_codes(&file(path)).expect("it is sound");
    codes.into_iter().map(name).collect()
}

/// `kTfLiteBuiltinConv2d` has the place of `CONV_2D`.
#[test]
fn the_names_have_the_numbers_of_the_header() {
    let mut count = 0;
    for line in include_str!("../src/bindings.rs").lines() {
        let Some(rest) = line.strip_prefix("pub const kTfLiteBuiltin") else {
            continue;
        };
        let (name, value) = rest.split_once(": TfLiteBuiltinOperator = ").unwrap();
        let number: usize = value.trim_end_matches(';').parse().unwrap();
        assert_eq!(
            OPERATOR_NAMES[number].replace('_', ""),
            name.to_ascii_uppercase()
        );
        count += 1;
    }
    assert_eq!(count, OPERATOR_NAMES.len());
}

#[test]
fn models_tell_the_operators_of_all_their_subgraphs() {
    assert_eq!(names("models/add.tflite"), ["ADD"]);
    assert_eq!(names("models/custom/scale.tflite"), ["Scale"]);
    // The loop's condition and body are subgraphs.
    let names = names("parity/data/lstm_loop.float32.tflite");
    for name in ["WHILE", "LESS", "TANH"] {
        assert!(names.iter().any(|own| own == name), "{names:?}");
    }
}

#[test]
fn damaged_models_are_refused_or_read_but_stop_nothing() {
    let whole = file("models/custom/scale.tflite");
    assert!(operator_codes(&whole[..7]).is_err());
    for length in 0..whole.len() {
        // What is cut off may be anything.
        let _ = operator_codes(&whole[..length]);
    }
    assert_eq!(
        operator_codes(&whole[..12]).err(),
        Some("it is damaged"),
        "the root is cut off"
    );
    for at in 8..whole.len() {
        for value in [0, 0x7f, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            let _ = operator_codes(&damaged);
        }
    }
}
