//! Tensors of every type.

use serde::Deserialize;
use tflite::{Error, Interpreter, TensorRole, TensorType, Xnnpack};

use super::{interpreter, with};

#[derive(Deserialize)]
struct Golden {
    models: Vec<GoldenModel>,
}

#[derive(Deserialize)]
struct GoldenModel {
    model: String,
    invocations: Vec<Invocation>,
}

#[derive(Deserialize)]
struct Invocation {
    /// Bytes, in hexadecimal digits.
    inputs: Vec<String>,
    outputs: Vec<Vec<Number>>,
}

#[derive(Deserialize, Clone, Copy, Debug, PartialEq)]
#[serde(untagged)]
enum Number {
    Real(f64),
    Complex(f64, f64),
}

fn golden(name: &str) -> Vec<Invocation> {
    let golden: Golden =
        serde_json::from_str(include_str!("../models/dtypes.json")).expect("made by dtypes.py");
    let found = golden
        .models
        .into_iter()
        .find(|golden| golden.model == name);
    found.expect("in dtypes.py").invocations
}

fn bytes(digits: &str) -> Vec<u8> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16);
    pairs
        .iter()
        .map(|pair| byte(pair).expect("digits"))
        .collect()
}

fn numbers(tensor: &tflite::Tensor<'_>) -> Vec<Number> {
    let reals = |reals: Vec<f64>| reals.into_iter().map(Number::Real).collect();
    let data = |bytes: &[u8]| -> Vec<f64> {
        let (floats, _) = bytes.as_chunks::<4>();
        let float = |bytes: &[u8; 4]| f32::from_ne_bytes(*bytes).into();
        floats.iter().map(float).collect()
    };
    match tensor.dtype() {
        TensorType::Float32 => reals(data(tensor.bytes().expect("plain"))),
        TensorType::Float64 => reals(tensor.to_vec::<f64>().expect("float64")),
        TensorType::Complex64 => {
            let parts = data(tensor.bytes().expect("plain"));
            let (pairs, _) = parts.as_chunks::<2>();
            pairs
                .iter()
                .map(|&[re, im]| Number::Complex(re, im))
                .collect()
        }
        _ => {
            let integers = tensor.to_vec::<i8>().expect("packed");
            reals(integers.into_iter().map(f64::from).collect())
        }
    }
}

fn run(interpreter: &mut Interpreter, invocation: &Invocation) {
    for (index, input) in invocation.inputs.iter().enumerate() {
        let mut tensor = interpreter.input_mut(index).expect("an input");
        tensor.copy_from_bytes(&bytes(input)).expect("its size");
    }
    interpreter.invoke().expect("as Python did");
}

#[test]
fn every_type_has_the_numbers_that_python_sees() {
    for name in ["packed", "int4", "narrow", "complex"] {
        for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
            let mut interpreter = with(name, xnnpack);
            for invocation in golden(name) {
                run(&mut interpreter, &invocation);
                for (index, expected) in invocation.outputs.iter().enumerate() {
                    let output = interpreter.output(index).expect("an output");
                    let what = format!("{name}, {output:?}");
                    assert_eq!(numbers(&output), *expected, "{what}");
                }
            }
        }
    }
}

#[test]
fn what_narrow_numbers_stand_for_is_what_the_runtime_says() {
    let mut interpreter = interpreter("narrow");
    let invocation = &golden("narrow")[0];
    run(&mut interpreter, invocation);
    let expected = [
        TensorType::UInt4,
        TensorType::Int2,
        TensorType::Int4,
        TensorType::Int16,
        TensorType::Float16,
        TensorType::BFloat16,
    ];
    assert_eq!(interpreter.input_count(), expected.len());
    for (index, dtype) in expected.into_iter().enumerate() {
        let input = interpreter.input(index).expect("an input");
        assert_eq!(input.dtype(), dtype);
        let ours = input.dequantize().expect("it stands for something");
        let output = interpreter.output(index).expect("an output");
        assert_eq!(ours, output.data::<f32>().expect("float32"), "{dtype}");
        assert_eq!(
            input
                .dequantize_array()
                .expect("the same")
                .into_raw_vec_and_offset()
                .0,
            ours
        );
        // And back.
        let before = input.bytes().expect("plain").to_vec();
        let mut input = interpreter.input_mut(index).expect("an input");
        input
            .copy_from_bytes(&vec![0; before.len()])
            .expect("its size");
        input.quantize_from(&ours).expect("as many");
        let input = interpreter.input(index).expect("an input");
        assert_eq!(input.bytes().expect("plain"), before, "{dtype}");
    }
}

#[test]
fn packed_integers_are_rounded_as_the_runtime_rounds() {
    let mut interpreter = with("packed", Xnnpack::Off);
    for start in [-30_i16, -9, -3, 0, 4, 25] {
        let reals: Vec<f32> = (0..5).map(|i| f32::from(start + i) * 0.125).collect();
        let mut input = interpreter.input_mut(0).expect("one");
        input.copy_from_slice(&reals).expect("five");
        interpreter.invoke().expect("valid");
        for (index, range) in [(0, -8..=7), (1, 0..=15)] {
            let output = interpreter.output(index).expect("two");
            let quantization = output.quantization().expect("a scale");
            let ours: Vec<i8> = reals
                .iter()
                .map(|&real| quantization.quantize(real, range.clone()) as i8)
                .collect();
            assert_eq!(ours, output.unpack().expect("packed"));
        }
    }
}

#[test]
fn integers_must_be_in_range() {
    let mut narrow = interpreter("narrow");
    // Of uint4, int2 and int4.
    for (index, good, low, high) in [(0, 15, -1, 16), (1, -2, -3, 2), (2, -8, -9, 8)] {
        let mut input = narrow.input_mut(index).expect("an input");
        input.pack_from(&[good; 9]).expect("in range");
        for bad in [low, high, i8::MIN, i8::MAX] {
            let mut integers = [0; 9];
            integers[7] = bad;
            let error = input.pack_from(&integers).expect_err("out of range");
            let Error::ValueOutOfRange {
                index: 7, value, ..
            } = error
            else {
                panic!("{error}")
            };
            assert_eq!(value, bad);
        }
        let error = input.pack_from(&[0; 10]).expect_err("nine are wanted");
        assert!(
            matches!(
                error,
                Error::LengthMismatch {
                    expected: 9,
                    actual: 10,
                    ..
                }
            ),
            "{error}"
        );
        // Nothing was written.
        let input = input.as_tensor();
        assert_eq!(input.unpack().expect("packed"), [good; 9]);
        assert_eq!(input.to_array::<i8>().expect("packed").shape(), [3, 3]);
        // What belongs to no element is 0.
        let last = *input.bytes().expect("plain").last().expect("some");
        assert_eq!(last >> if index == 1 { 2 } else { 4 }, 0);
    }
    let mut int16 = narrow.input_mut(3).expect("an input");
    let mismatch = |error: Error| assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
    mismatch(int16.pack_from(&[0; 9]).expect_err("int16"));
    mismatch(int16.as_tensor().unpack().expect_err("int16"));
    mismatch(int16.as_tensor().to_vec::<i8>().expect_err("int16"));
    let packed = narrow.input(0).expect("uint4");
    mismatch(packed.data::<i8>().map(drop).expect_err("uint4"));
    mismatch(packed.data::<u8>().map(drop).expect_err("uint4"));
}

#[test]
fn booleans_and_strings_are_copied_with_their_shape() {
    let mut interpreter = interpreter("strings");
    interpreter
        .input_mut(0)
        .expect("one")
        .write_strings(&["yes", "", "no"])
        .expect("three");
    interpreter.invoke().expect("valid");
    let equal = interpreter.output(0).expect("two");
    assert_eq!(equal.to_vec::<bool>().expect("bool"), [true, false, false]);
    assert_eq!(equal.to_array::<bool>().expect("bool").shape(), [3]);
    let column = interpreter.output(1).expect("two");
    let array = column.to_array::<Vec<u8>>().expect("strings");
    assert_eq!(array.shape(), [3, 1]);
    assert_eq!(array[[0, 0]], b"yes");
    let mismatch = |error: Error| assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
    mismatch(column.to_vec::<bool>().expect_err("strings"));
    mismatch(equal.to_array::<u8>().expect_err("bool"));
    mismatch(equal.to_vec::<Vec<u8>>().expect_err("bool"));
}

#[test]
fn handles_are_seen_but_have_no_bytes() {
    let mut interpreter = interpreter("resource_output");
    interpreter.invoke().expect("valid");
    let handle = interpreter.output(0).expect("two");
    assert_eq!(handle.dtype(), TensorType::Resource);
    let opaque = |error: Error| {
        let Error::OpaqueType { dtype, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(dtype, TensorType::Resource);
    };
    opaque(handle.bytes().map(drop).expect_err("a handle"));
    assert!(handle.data::<i32>().is_err());
    assert!(handle.to_vec::<u8>().is_err());
    assert!(handle.strings().is_err());
    assert!(handle.dequantize().is_err());
    assert_eq!(handle.name(), "handle");
    assert_eq!(interpreter.output_index("handle"), Some(0));
    let missing = interpreter.output(2).map(drop).expect_err("two");
    assert!(
        matches!(
            missing,
            Error::NoSuchTensor {
                role: TensorRole::Output,
                ..
            }
        ),
        "{missing}"
    );
}

#[cfg(feature = "half")]
#[test]
fn half_precision_numbers_are_elements() {
    use tflite::half::{bf16, f16};

    let mut interpreter = interpreter("narrow");
    let halves = [1.5, -0.25, 65504.0, 6e-8, 0.1, 0.0, -0.0, 3.0, 7.0].map(f16::from_f32);
    let mut input = interpreter.input_mut(4).expect("float16");
    input.copy_from_slice(&halves).expect("nine");
    assert!(input.data_mut::<bf16>().is_err());
    assert!(input.data_mut::<u16>().is_err());
    let brains = [1.5, -0.25, 3e38, 1e-40, 0.1, 0.0, -0.0, 3.0, 7.0].map(bf16::from_f32);
    let mut input = interpreter.input_mut(5).expect("bfloat16");
    input.copy_from_slice(&brains).expect("nine");
    interpreter.invoke().expect("valid");
    assert_eq!(
        interpreter
            .output(4)
            .expect("one")
            .data::<f32>()
            .expect("f32"),
        halves.map(f16::to_f32)
    );
    assert_eq!(
        interpreter
            .output(5)
            .expect("one")
            .data::<f32>()
            .expect("f32"),
        brains.map(bf16::to_f32)
    );
    let array = interpreter.input(4).expect("one").to_array::<f16>();
    assert_eq!(array.expect("float16")[[0, 1]], f16::from_f32(-0.25));
}

#[cfg(feature = "num-complex")]
#[test]
fn complex_numbers_are_elements() {
    use tflite::num_complex::Complex;

    let mut interpreter = interpreter("complex");
    let numbers = [
        Complex::new(1.0, -2.0),
        Complex::new(0.5, 1e300),
        Complex::I,
    ];
    let mut input = interpreter.input_mut(1).expect("complex128");
    input.copy_from_slice(&numbers).expect("three");
    assert!(input.data_mut::<Complex<f32>>().is_err());
    assert!(input.data_mut::<f64>().is_err());
    interpreter.invoke().expect("valid");
    let parts = [1, 2].map(|index| interpreter.output(index).expect("one").to_vec::<f64>());
    let [re, im] = parts.map(|part| part.expect("f64"));
    assert_eq!(re, numbers.map(|number| number.re));
    assert_eq!(im, numbers.map(|number| number.im));
    let spectrum = interpreter.output(0).expect("one");
    assert_eq!(
        spectrum.to_array::<Complex<f32>>().expect("complex64")[[0, 4]],
        Complex::ZERO
    );
}

#[test]
fn what_cannot_be_read_is_described() {
    let mut interpreter = interpreter("resource_output");
    let text = |interpreter: &Interpreter, index| {
        interpreter.output(index).expect("an output").to_string()
    };
    let before = text(&interpreter, 1);
    assert!(before.starts_with("<float32 [3]: output 1"), "{before}");
    interpreter.invoke().expect("valid");
    assert_eq!(text(&interpreter, 1), "[0. 0. 0.]");
    let handle = text(&interpreter, 0);
    assert!(handle.starts_with("<resource []: output 0"), "{handle}");
    let mut input = interpreter.input_mut(0).expect("one");
    input.copy_from_slice(&[1.0_f32, 0.5, -2.0]).expect("three");
    assert_eq!(input.to_string(), "[ 1.   0.5 -2. ]");
}
