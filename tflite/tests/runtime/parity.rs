//! The same numbers as the official Python runtime.

use serde::Deserialize;
use tflite::{Interpreter, InterpreterOptions, Tensor, TensorMut, TensorType, Xnnpack};

use super::model;

#[derive(Deserialize)]
struct Golden {
    models: Vec<GoldenModel>,
}

#[derive(Deserialize)]
struct GoldenModel {
    model: String,
    /// Of inputs and outputs: scale and zero point.
    quantization: [Vec<[f64; 2]>; 2],
    /// Of outputs, as far as there are any.
    channels: Vec<Channels>,
    invocations: Vec<Invocation>,
}

#[derive(Deserialize)]
struct Channels {
    scales: Vec<f64>,
    zero_points: Vec<i32>,
    dimension: usize,
}

#[derive(Deserialize)]
struct Invocation {
    inputs: Vec<GoldenTensor>,
    outputs: Vec<GoldenTensor>,
}

#[derive(Deserialize)]
struct GoldenTensor {
    dtype: String,
    shape: Vec<usize>,
    data: Vec<Number>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Bool(bool),
    Number(f64),
}

impl GoldenTensor {
    fn numbers(&self) -> Vec<f64> {
        let number = |number: &Number| match *number {
            Number::Bool(bit) => f64::from(u8::from(bit)),
            Number::Number(number) => number,
        };
        self.data.iter().map(number).collect()
    }
}

/// All types that the models have, as numbers that hold them exactly.
fn read(tensor: &Tensor<'_>) -> Vec<f64> {
    fn numbers<T: tflite::TensorElement + Into<f64>>(tensor: &Tensor<'_>) -> Vec<f64> {
        tensor
            .data::<T>()
            .expect("its type")
            .iter()
            .map(|&element| element.into())
            .collect()
    }
    match tensor.dtype() {
        TensorType::Float32 => numbers::<f32>(tensor),
        TensorType::Float64 => numbers::<f64>(tensor),
        TensorType::Int8 => numbers::<i8>(tensor),
        TensorType::Int16 => numbers::<i16>(tensor),
        TensorType::Int32 => numbers::<i32>(tensor),
        TensorType::UInt8 => numbers::<u8>(tensor),
        TensorType::UInt32 => numbers::<u32>(tensor),
        TensorType::Int64 => tensor
            .data::<i64>()
            .expect("its type")
            .iter()
            .map(|&element| element as f64)
            .collect(),
        TensorType::Bool => {
            let bools = tensor.to_bools().expect("its type");
            bools
                .into_iter()
                .map(|bit| f64::from(u8::from(bit)))
                .collect()
        }
        other => panic!("no model of the tests has {other}"),
    }
}

fn write(tensor: &mut TensorMut<'_>, numbers: &[f64]) {
    macro_rules! copy {
        ($element:ty) => {
            tensor.copy_from_slice(&numbers.iter().map(|&x| x as $element).collect::<Vec<_>>())
        };
    }
    match tensor.dtype() {
        TensorType::Float32 => copy!(f32),
        TensorType::Int8 => copy!(i8),
        TensorType::Int32 => copy!(i32),
        TensorType::Bool => {
            tensor.copy_from_bools(&numbers.iter().map(|&x| x != 0.0).collect::<Vec<_>>())
        }
        other => panic!("no model of the tests takes {other}"),
    }
    .expect("the golden shape");
}

fn check(golden: &GoldenModel, options: InterpreterOptions) -> usize {
    let what = format!("{} with {options:?}", golden.model);
    let mut interpreter = Interpreter::new(&model(&golden.model), options).expect("valid");
    let mut compared = 0;
    for invocation in &golden.invocations {
        let shapes: Vec<_> = (invocation.inputs.iter().map(|input| &input.shape[..]))
            .enumerate()
            .filter(|&(index, shape)| interpreter.input(index).expect("input").shape() != *shape)
            .collect();
        if !shapes.is_empty() && interpreter.resize_inputs(&shapes).is_err() {
            // SAFETY: Python did the same with these models.
            unsafe { interpreter.resize_inputs_relaxed(&shapes) }.expect("as Python did");
        }
        assert_eq!(interpreter.input_count(), invocation.inputs.len(), "{what}");
        for (index, input) in invocation.inputs.iter().enumerate() {
            let mut tensor = interpreter.input_mut(index).expect("input");
            assert_eq!(tensor.dtype().name(), input.dtype, "{what}");
            write(&mut tensor, &input.numbers());
        }
        interpreter.invoke().expect("as Python did");
        assert_eq!(
            interpreter.output_count(),
            invocation.outputs.len(),
            "{what}"
        );
        for (index, expected) in invocation.outputs.iter().enumerate() {
            let output = interpreter.output(index).expect("output");
            assert_eq!(output.dtype().name(), expected.dtype, "{what}");
            assert_eq!(output.shape()[..], expected.shape[..], "{what}");
            let is_float = output.dtype() == TensorType::Float32;
            let (actual, expected) = (read(&output), expected.numbers());
            assert_eq!(actual.len(), expected.len(), "{what}");
            for (&actual, &expected) in actual.iter().zip(&expected) {
                let tolerance = if is_float {
                    1e-5 * expected.abs().max(1.0)
                } else {
                    0.0
                };
                assert!(
                    (actual - expected).abs() <= tolerance,
                    "{what}: {actual}, not {expected}"
                );
            }
            compared += actual.len();
        }
    }
    let quantization = |tensor: Tensor<'_>| match tensor.quantization() {
        Some(quantization) => [
            f64::from(quantization.scale),
            quantization.zero_point.into(),
        ],
        None => [0.0, 0.0],
    };
    let [inputs, outputs] = &golden.quantization;
    for (index, &expected) in inputs.iter().enumerate() {
        assert_eq!(
            quantization(interpreter.input(index).expect("input")),
            expected,
            "{what}"
        );
    }
    for (index, &expected) in outputs.iter().enumerate() {
        assert_eq!(
            quantization(interpreter.output(index).expect("output")),
            expected,
            "{what}"
        );
    }
    for (index, channels) in golden.channels.iter().enumerate() {
        let actual = interpreter
            .output(index)
            .expect("output")
            .affine_quantization();
        let Some(actual) = actual else {
            assert!(channels.scales.is_empty(), "{what}");
            continue;
        };
        let scales = actual
            .channels()
            .iter()
            .map(|channel| f64::from(channel.scale));
        assert!(scales.eq(channels.scales.iter().copied()), "{what}");
        let zero_points = actual.channels().iter().map(|channel| channel.zero_point);
        assert!(
            zero_points.eq(channels.zero_points.iter().copied()),
            "{what}"
        );
        assert_eq!(actual.dimension(), channels.dimension, "{what}");
    }
    compared
}

#[test]
fn golden_values() {
    let golden: Golden =
        serde_json::from_str(include_str!("../models/golden.json")).expect("made by make.py");
    assert!(golden.models.len() >= 15, "a model is missing");
    for model in &golden.models {
        for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
            for threads in [1, 2] {
                let options = InterpreterOptions::new()
                    .threads(threads)
                    .xnnpack(xnnpack.clone());
                assert!(check(model, options) > 0, "{} has no outputs", model.model);
            }
        }
    }
}
