//! Integers that stand for real numbers.

use tflite::{Error, TensorType, Xnnpack};

use super::{interpreter, with, write};

#[test]
fn numbers_are_rounded_as_the_runtime_rounds() {
    // XNNPACK rounds halves to even numbers.
    let mut interpreter = with("quantize", Xnnpack::Off);
    let scale = {
        let output = interpreter.output(0).expect("two");
        assert_eq!(output.dtype(), TensorType::Int8);
        output.quantization().expect("int8").scale
    };
    // Halves between two integers, whole ones, and what does not fit.
    for start in [-300, -130, -8, 0, 8, 120, 290] {
        let reals: Vec<f32> = (0..8).map(|i| (start + i) as f32 * scale / 2.0).collect();
        write(&mut interpreter, 0, &reals);
        interpreter.invoke().expect("valid");
        let output = interpreter.output(0).expect("two");
        let quantization = output.quantization().expect("int8");
        let ours: Vec<i32> = reals
            .iter()
            .map(|&real| quantization.quantize(real, -128..=127))
            .collect();
        let theirs: Vec<i32> = output
            .data::<i8>()
            .expect("int8")
            .iter()
            .map(|&integer| integer.into())
            .collect();
        assert_eq!(ours, theirs);
        let back = interpreter.output(1).expect("two");
        assert_eq!(
            output.dequantize().expect("int8"),
            back.data::<f32>().expect("f32")
        );
    }
}

#[test]
fn inputs_can_be_quantized_on_the_way_in() {
    let mut interpreter = interpreter("int8_dense");
    let reals = [-0.9, -0.5, -0.25, 0.0, 0.125, 0.25, 0.5, 0.9];
    interpreter
        .input_mut(0)
        .expect("one")
        .quantize_from(&reals)
        .expect("eight");
    let input = interpreter.input(0).expect("one");
    let quantization = input.quantization().expect("int8");
    for (&real, back) in reals.iter().zip(input.dequantize().expect("int8")) {
        assert!(
            (real - back).abs() <= quantization.scale / 2.0,
            "{real} became {back}"
        );
    }
    let mut input = interpreter.input_mut(0).expect("one");
    let error = input
        .quantize_from(&[0.0; 9])
        .expect_err("eight are wanted");
    assert!(
        matches!(
            error,
            Error::LengthMismatch {
                expected: 8,
                actual: 9,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn each_channel_of_weights_has_its_scale() {
    let mut interpreter = interpreter("int8_conv");
    interpreter.invoke().expect("valid");
    let weights = interpreter.output(1).expect("two");
    // Weights are stored as [output channel, row, column, input channel].
    assert_eq!(weights.shape(), [4, 3, 3, 2]);
    let quantization = weights.affine_quantization().expect("int8");
    assert_eq!(
        (quantization.channels().len(), quantization.dimension()),
        (4, 0)
    );
    let reals = weights.dequantize().expect("int8");
    // The script made them with these factors, between -1 and 1 before.
    for (channel, &factor) in reals.chunks(18).zip(&[0.1_f32, 1.0, 10.0, 100.0]) {
        let largest = channel
            .iter()
            .fold(0.0_f32, |largest, real| largest.max(real.abs()));
        assert!(
            largest > 0.5 * factor && largest < 1.01 * factor,
            "{largest} for {factor}"
        );
    }
}

#[test]
fn what_is_not_quantized() {
    let mut interpreter = interpreter("add");
    let input = interpreter.input(0).expect("one");
    assert_eq!(input.affine_quantization(), None);
    assert!(matches!(
        input.dequantize(),
        Err(Error::NotQuantized { .. })
    ));
    let mut input = interpreter.input_mut(0).expect("one");
    assert!(matches!(
        input.quantize_from(&[0.0; 3]),
        Err(Error::NotQuantized { .. })
    ));
}

#[test]
fn outputs_are_not_there_before_an_invocation() {
    let interpreter = interpreter("int8_dense");
    let output = interpreter.output(0).expect("one");
    assert!(matches!(output.dequantize(), Err(Error::NotInvoked { .. })));
}
