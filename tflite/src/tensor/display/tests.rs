//! The same text as NumPy's.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    dtype: String,
    shape: Vec<usize>,
    /// In hexadecimal digits; repeated until the tensor is full.
    bytes: Option<String>,
    /// As many as there are, each in hexadecimal digits.
    strings: Option<Vec<String>>,
    text: String,
}

fn bytes(digits: &str) -> Vec<u8> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16);
    pairs
        .iter()
        .map(|pair| byte(pair).expect("digits"))
        .collect()
}

fn dtype(name: &str) -> TensorType {
    let types = (0..=tflite_sys::kTfLiteUInt4).map(TensorType::from_raw);
    types
        .into_iter()
        .find(|dtype| dtype.name() == name)
        .expect("a type")
}

#[test]
fn arrays_look_as_numpy_prints_them() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../../tests/models/display.json")).expect("valid");
    assert!(golden.cases.len() > 250, "a case is missing");
    let mut different = Vec::new();
    for case in &golden.cases {
        let strings: Vec<Vec<u8>> = case
            .strings
            .iter()
            .flatten()
            .map(|digits| bytes(digits))
            .collect();
        let pattern = bytes(case.bytes.as_deref().unwrap_or_default());
        let full: Vec<u8> = match Packing::of(dtype(&case.dtype)) {
            // The pattern has all elements, or a multiple of 8 bits of them.
            Some(_) => pattern.repeat(700),
            None => pattern.iter().copied().cycle().take(16 * 20_000).collect(),
        };
        let elements = match &case.strings {
            Some(_) => Elements::Strings(strings.iter().map(Vec::as_slice).collect()),
            None => Elements::Bytes(&full),
        };
        let actual = text(dtype(&case.dtype), &case.shape, &elements);
        if actual != case.text {
            different.push(format!(
                "{} {:?}:\n{actual}\nbut NumPy has\n{}\n",
                case.dtype, case.shape, case.text
            ));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {}:\n{}",
        different.len(),
        golden.cases.len(),
        different.join("\n")
    );
}
