//! Custom operators: what they see and what becomes of it.
//!
//! `tests/models/custom.py` makes the models.

use std::sync::{Arc, Mutex};

use tflite::{
    AlignedBuffer, Interpreter, InterpreterOptions, ModelInfo, Operator, OperatorResult,
    PrepareContext, Profiler, Quantization, TensorType, Xnnpack, XnnpackStatus,
};

use super::{bytes, model};

/// Multiplies with the number in the node's options, whatever the shape.
pub(super) fn scale() -> Operator {
    Operator::builder("Scale")
        .init(factor)
        .prepare(|_, ctx| like_input(ctx))
        .invoke(|factor, ctx| {
            let input = ctx.input(0)?.data::<f32>()?;
            let mut output = ctx.output_mut(0)?;
            for (y, x) in output.data_mut::<f32>()?.iter_mut().zip(input) {
                *y = *factor * x;
            }
            Ok(())
        })
        .build()
        .expect("valid")
}

fn factor(options: &[u8]) -> f32 {
    f32::from_le_bytes(options.first_chunk().copied().expect("four bytes"))
}

pub(super) fn like_input(ctx: &mut PrepareContext<'_>) -> OperatorResult {
    let shape = ctx.input(0)?.shape();
    Ok(ctx.resize_output(0, &shape)?)
}

pub(super) fn with(name: &str, operator: Operator, xnnpack: Xnnpack) -> Interpreter {
    let options = InterpreterOptions::new()
        .operator(operator)
        .xnnpack(xnnpack);
    Interpreter::new(&model(&format!("custom/{name}")), options).expect("valid")
}

fn run(interpreter: &mut Interpreter, input: &[f32]) -> Vec<f32> {
    let mut tensor = interpreter.input_mut(0).expect("one");
    tensor.copy_from_slice(input).expect("as many floats");
    interpreter.invoke().expect("valid");
    floats(interpreter, 0)
}

pub(super) fn floats(interpreter: &Interpreter, index: usize) -> Vec<f32> {
    let output = interpreter.output(index).expect("there");
    output.data::<f32>().expect("floats").to_vec()
}

#[test]
fn it_computes_and_follows_the_shape_of_its_input() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("scale", scale(), xnnpack);
        assert_eq!(run(&mut interpreter, &[1.0, 2.0, -3.0]), [2.5, 5.0, -7.5]);
        for length in [7, 1, 100] {
            interpreter.resize_input(0, &[length]).expect("any length");
            let output = run(&mut interpreter, &vec![4.0; length]);
            assert_eq!(output, vec![10.0; length]);
        }
    }
}

#[test]
fn xnnpack_computes_what_is_around() {
    let expected = |x: f32| (x + x) * 2.5 * -2.0 + x;
    let mut interpreter = with("chain", scale(), Xnnpack::Auto);
    let report = interpreter.delegate_report();
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
    assert_eq!(
        (report.operators, report.delegated, report.partitions),
        (4, 2, 2)
    );
    for rows in [1, 5, 2] {
        interpreter
            .resize_input(0, &[rows, 4])
            .expect("any number of rows");
        let input: Vec<f32> = (0..4 * rows).map(|i| i as f32 - 3.5).collect();
        let output = run(&mut interpreter, &input);
        assert_eq!(
            output,
            input.iter().map(|&x| expected(x)).collect::<Vec<_>>()
        );
        assert_eq!(interpreter.delegate_report(), report);
    }
}

#[test]
fn each_node_has_its_own_options_and_its_own_name_in_a_profile() {
    let profiler = Profiler::new();
    let options = InterpreterOptions::new()
        .operator(scale())
        .xnnpack(Xnnpack::Off)
        .profiler(profiler.clone());
    let mut interpreter = Interpreter::new(&model("custom/chain"), options).expect("valid");
    interpreter.invoke().expect("valid");
    let info = ModelInfo::from_bytes(&bytes("custom/chain")).expect("a model");
    let operators: Vec<_> = info.subgraphs[0]
        .operators
        .iter()
        .map(|o| &*o.name)
        .collect();
    assert_eq!(operators, ["ADD", "Scale", "Scale", "ADD"]);
    let events = profiler.events();
    let names: Vec<_> = events.iter().map(|event| &*event.name).collect();
    assert_eq!(names, operators);
}

#[test]
fn the_options_may_be_missing() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let operator = Operator::builder("Scale")
        .init(move |options| log.lock().expect("no panic").push(options.to_vec()))
        .invoke(|(), _| Ok(()))
        .build()
        .expect("valid");
    drop(with(
        "scale_without_options",
        operator.clone(),
        Xnnpack::Off,
    ));
    assert_eq!(*seen.lock().expect("no panic"), [Vec::<u8>::new()]);
    drop(with("scale", operator, Xnnpack::Off));
    assert_eq!(seen.lock().expect("no panic")[1], 2.5_f32.to_le_bytes());
}

#[test]
fn several_outputs_and_an_input_that_is_left_out() {
    let operator = Operator::builder("Several")
        .prepare(|ctx| {
            assert_eq!((ctx.input_count(), ctx.output_count()), (3, 2));
            assert!(ctx.has_input(0) && !ctx.has_input(1) && ctx.has_input(2));
            assert!(!ctx.has_input(3));
            for index in 0..2 {
                like(ctx, index)?;
            }
            Ok(())
        })
        .invoke(|ctx| {
            assert!(ctx.has_input(0) && !ctx.has_input(1) && ctx.has_input(2));
            assert!(matches!(
                ctx.input(1),
                Err(tflite::Error::OptionalTensor { .. })
            ));
            assert!(matches!(
                ctx.input(3),
                Err(tflite::Error::NoSuchTensor { .. })
            ));
            assert!(matches!(
                ctx.output_mut(2),
                Err(tflite::Error::NoSuchTensor { .. })
            ));
            // One tensor, twice.
            let (a, b) = (ctx.input(0)?.data::<f32>()?, ctx.input(2)?.data::<f32>()?);
            assert_eq!(a.as_ptr(), b.as_ptr());
            let mut outputs = ctx.outputs_mut()?;
            let [sum, product] = &mut outputs[..] else {
                return Err("two outputs".into());
            };
            let (sum, product) = (sum.data_mut::<f32>()?, product.data_mut::<f32>()?);
            for (((s, p), a), b) in sum.iter_mut().zip(product).zip(a).zip(b) {
                (*s, *p) = (a + b, a * b);
            }
            Ok(())
        })
        .build()
        .expect("valid");
    let mut interpreter = with("several", operator, Xnnpack::Auto);
    assert_eq!(run(&mut interpreter, &[1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
    assert_eq!(floats(&interpreter, 1), [1.0, 4.0, 9.0]);
}

fn like(ctx: &mut PrepareContext<'_>, index: usize) -> OperatorResult {
    let shape = ctx.input(0)?.shape();
    Ok(ctx.resize_output(index, &shape)?)
}

#[test]
fn an_output_that_is_left_out() {
    let operator = Operator::builder("Several")
        .prepare(|ctx| {
            assert!(matches!(
                ctx.output(0),
                Err(tflite::Error::OptionalTensor { .. })
            ));
            assert!(ctx.resize_output(0, &[1]).is_err());
            assert!(ctx.set_dynamic_output(0).is_err());
            like(ctx, 1)
        })
        .invoke(|ctx| {
            assert!(matches!(
                ctx.output_mut(0),
                Err(tflite::Error::OptionalTensor { .. })
            ));
            assert!(ctx.outputs_mut().is_err());
            let input = ctx.input(0)?.data::<f32>()?;
            Ok(ctx.output_mut(1)?.copy_from_slice(input)?)
        })
        .build()
        .expect("valid");
    let mut interpreter = with("optional_output", operator, Xnnpack::Off);
    assert_eq!(run(&mut interpreter, &[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
}

#[test]
fn shapes_that_depend_on_values() {
    let operator = Operator::builder("Positive")
        .prepare(|ctx| Ok(ctx.set_dynamic_output(0)?))
        .invoke(|ctx| {
            let input = ctx.input(0)?.data::<f32>()?;
            let positive: Vec<f32> = input.iter().copied().filter(|&x| x > 0.0).collect();
            // Not before it has a shape.
            assert!(ctx.output_mut(0).is_err());
            // The last one counts, and what a larger one has left is not to be seen.
            for length in [1000, positive.len()] {
                ctx.resize_output(0, &[length])?;
                let mut output = ctx.output_mut(0)?;
                assert_eq!(output.data::<f32>()?, vec![0.0; length]);
                output.data_mut::<f32>()?.fill(7.0);
            }
            Ok(ctx.output_mut(0)?.copy_from_slice(&positive)?)
        })
        .build()
        .expect("valid");
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("dynamic", operator.clone(), xnnpack.clone());
        if xnnpack == Xnnpack::Auto {
            let status = interpreter.delegate_report().xnnpack;
            assert!(
                matches!(status, XnnpackStatus::Refused { .. }),
                "{status:?}"
            );
        }
        for input in [
            [1.0, -1.0, 2.0, -2.0, 3.0, 0.0],
            [0.0; 6],
            [5.0; 6],
            [-1.0; 6],
        ] {
            let twice: Vec<f32> = input.iter().filter(|&&x| x > 0.0).map(|x| x + x).collect();
            assert_eq!(run(&mut interpreter, &input), twice);
            assert_eq!(interpreter.output(0).expect("one").shape(), [twice.len()]);
        }
    }
}

#[test]
fn strings_go_through() {
    let operator = Operator::builder("Upper")
        .prepare(like_input)
        .invoke(|ctx| {
            let upper: Vec<Vec<u8>> = (ctx.input(0)?.strings()?.iter())
                .map(|text| text.to_ascii_uppercase())
                .collect();
            let mut output = ctx.output_mut(0)?;
            assert_eq!(output.as_tensor().strings()?, vec![b""; upper.len()]);
            if upper.first().is_some_and(|text| text == b"NOTHING") {
                return Ok(());
            }
            Ok(output.write_strings(&upper)?)
        })
        .build()
        .expect("valid");
    let mut interpreter = with("strings", operator, Xnnpack::Auto);
    let mut shout = |texts: &[&str]| {
        let mut input = interpreter.input_mut(0).expect("one");
        input.write_strings(texts).expect("as many");
        interpreter.invoke().expect("valid");
        let output = interpreter.output(0).expect("one");
        let strings = output.strings().expect("strings");
        strings
            .iter()
            .map(|s| String::from_utf8_lossy(s).into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(shout(&["yes", "", "no"]), ["YES", "", "NO"]);
    assert_eq!(shout(&["nothing", "is", "written"]), ["", "", ""]);
    assert_eq!(
        shout(&["a", "longer text than before", "c"])[1],
        "LONGER TEXT THAN BEFORE"
    );
}

#[test]
fn outputs_are_zero_until_they_are_written() {
    let operator = Operator::builder("Scale")
        .prepare(like_input)
        .invoke(|ctx| {
            let input = ctx.input(0)?.data::<f32>()?;
            let mut output = ctx.output_mut(0)?;
            let data = output.data_mut::<f32>()?;
            assert!(data.iter().all(|&x| x == 0.0));
            if input[0] > 0.0 {
                data.copy_from_slice(input);
            }
            Ok(())
        })
        .build()
        .expect("valid");
    let mut interpreter = with("scale", operator, Xnnpack::Off);
    assert_eq!(run(&mut interpreter, &[0.0, 1.0, 2.0]), [0.0; 3]);
    assert_eq!(run(&mut interpreter, &[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
    assert_eq!(run(&mut interpreter, &[0.0, 1.0, 2.0]), [0.0; 3]);
}

#[test]
fn types_are_checked() {
    let operator = Operator::builder("Types")
        .prepare(|ctx| {
            let types = [
                TensorType::Bool,
                TensorType::Int32,
                TensorType::Int64,
                TensorType::Float32,
            ];
            for (index, dtype) in types.into_iter().enumerate() {
                assert_eq!(ctx.output(index)?.dtype(), dtype);
                like(ctx, index)?;
            }
            Ok(())
        })
        .invoke(|ctx| {
            assert!(ctx.input(0)?.data::<f32>().is_err());
            let input = ctx.input(0)?.data::<i32>()?;
            let mut outputs = ctx.outputs_mut()?;
            assert!(outputs[1].data_mut::<i64>().is_err());
            assert!(outputs[0].data_mut::<u8>().is_err());
            let is_odd: Vec<bool> = input.iter().map(|x| x % 2 != 0).collect();
            outputs[0].copy_from_bools(&is_odd)?;
            outputs[1].copy_from_slice(input)?;
            let wide: Vec<i64> = input.iter().map(|&x| i64::from(x) << 32).collect();
            outputs[2].copy_from_slice(&wide)?;
            assert!(outputs[3].copy_from_slice(&[1.0_f32]).is_err());
            outputs[3].data_mut::<f32>()?.fill(0.5);
            Ok(())
        })
        .build()
        .expect("valid");
    let mut interpreter = with("types", operator, Xnnpack::Auto);
    interpreter
        .input_mut(0)
        .expect("one")
        .copy_from_slice(&[3_i32, 4])
        .expect("two");
    interpreter.invoke().expect("valid");
    let output = |index| interpreter.output(index).expect("there");
    assert_eq!(output(0).to_bools().expect("booleans"), [true, false]);
    assert_eq!(output(1).data::<i32>().expect("i32"), [3, 4]);
    assert_eq!(output(2).data::<i64>().expect("i64"), [3 << 32, 4 << 32]);
    assert_eq!(output(3).data::<f32>().expect("f32"), [0.5, 0.5]);
}

#[test]
fn constants_have_values_while_shapes_are_set() {
    let operator = Operator::builder("Spread")
        .prepare(|ctx| {
            // Not this one: it is computed, or written by the user.
            assert!(matches!(
                ctx.input(0)?.data::<f32>(),
                Err(tflite::Error::NotInvoked { .. })
            ));
            assert!(matches!(
                ctx.output(0)?.data::<f32>(),
                Err(tflite::Error::NotInvoked { .. })
            ));
            let dims = ctx.input(1)?.data::<i32>()?;
            let shape: Vec<usize> = dims.iter().map(|&dim| dim as usize).collect();
            Ok(ctx.resize_output(0, &shape)?)
        })
        .invoke(|ctx| {
            let input = ctx.input(0)?.data::<f32>()?;
            let mut output = ctx.output_mut(0)?;
            for row in output.data_mut::<f32>()?.chunks_mut(input.len()) {
                row.copy_from_slice(input);
            }
            Ok(())
        })
        .build()
        .expect("valid");
    let mut interpreter = with("constant_input", operator, Xnnpack::Auto);
    assert_eq!(interpreter.output(0).expect("one").shape(), [2, 3]);
    assert_eq!(
        run(&mut interpreter, &[1.0, 2.0, 3.0]),
        [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]
    );
}

#[test]
fn quantization_can_be_read() {
    let operator = Operator::builder("Scale")
        .init(factor)
        .prepare(|_, ctx| {
            let parameters = |scale, zero_point| Some(Quantization { scale, zero_point });
            assert_eq!(ctx.input(0)?.quantization(), parameters(0.5, 1));
            assert_eq!(ctx.output(0)?.quantization(), parameters(0.25, -3));
            like_input(ctx)
        })
        .invoke(|factor, ctx| {
            let mut numbers = ctx.input(0)?.dequantize()?;
            for number in &mut numbers {
                *number *= *factor;
            }
            Ok(ctx.output_mut(0)?.quantize_from(&numbers)?)
        })
        .build()
        .expect("valid");
    let mut interpreter = with("quantized", operator, Xnnpack::Auto);
    let mut input = interpreter.input_mut(0).expect("one");
    // 0, 1, -1 and 20
    input.copy_from_slice(&[1_i8, 3, -1, 41]).expect("four");
    interpreter.invoke().expect("valid");
    let output = interpreter.output(0).expect("one");
    // 0, 1.5, -1.5 and 30 in quarters, from -3 on
    assert_eq!(output.data::<i8>().expect("i8"), [-3, 3, -9, 117]);
}

#[test]
fn what_the_converter_writes_is_accepted() {
    let operator = Operator::builder("Atan")
        .prepare(like_input)
        .invoke(|ctx| {
            let input = ctx.input(0)?.data::<f32>()?;
            for (y, x) in ctx.output_mut(0)?.data_mut::<f32>()?.iter_mut().zip(input) {
                *y = x.atan();
            }
            Ok(())
        })
        .build()
        .expect("valid");
    let mut interpreter = with("atan", operator, Xnnpack::Auto);
    let biases = [0.5_f32, -0.5, 0.0, 2.0];
    interpreter
        .resize_input(0, &[2, 4])
        .expect("any number of rows");
    let input = [0.0, 1.0, -1.0, 0.5, 3.0, -2.0, 10.0, -8.0];
    let output = run(&mut interpreter, &input);
    let expected = input
        .iter()
        .zip(biases.iter().cycle())
        .map(|(x, bias)| (x + bias).atan());
    assert_eq!(output, expected.collect::<Vec<_>>());
}

#[test]
fn buffers_of_the_users_are_their_inputs_and_outputs() {
    let mut interpreter = with("scale", scale(), Xnnpack::Off);
    let buffer = |numbers: &[f32]| AlignedBuffer::from_slice(numbers).expect("memory");
    interpreter
        .bind_input(0, buffer(&[1.0, 2.0, 3.0]))
        .expect("its size");
    interpreter
        .bind_output(0, buffer(&[7.0; 3]))
        .expect("its size");
    interpreter.invoke().expect("valid");
    let output = interpreter.take_output(0).expect("bound");
    assert_eq!(output.as_slice::<f32>().expect("floats"), [2.5, 5.0, 7.5]);
}
