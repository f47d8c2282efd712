//! Inputs and outputs in buffers of the user's.

use tflite::{AlignedBuffer, Error, Interpreter, Operation, TensorRole, Xnnpack};

use super::{interpreter, with};

/// Numbers that differ from round to round.
fn numbers(count: usize, round: usize) -> Vec<f32> {
    let number = |index: usize| ((index * 7 + round * 13) % 23) as f32 / 4.0 - 2.0;
    (0..count).map(number).collect()
}

fn buffer(numbers: &[f32]) -> AlignedBuffer {
    AlignedBuffer::from_slice(numbers).expect("memory")
}

fn floats(buffer: &AlignedBuffer) -> &[f32] {
    buffer.as_slice().expect("whole numbers")
}

/// What a model computes from a copy.
fn copied(interpreter: &mut Interpreter, input: &[f32]) -> Vec<f32> {
    let mut tensor = interpreter.input_mut(0).expect("one");
    tensor.copy_from_slice(input).expect("its length");
    interpreter.invoke().expect("valid");
    interpreter.output(0).expect("one").to_vec().expect("f32")
}

fn invoked(interpreter: &mut Interpreter) -> Vec<f32> {
    interpreter.invoke().expect("valid");
    interpreter.output(0).expect("one").to_vec().expect("f32")
}

#[test]
fn buffers_take_turns_without_a_copy() {
    for name in ["add", "conv", "dynamic_batch"] {
        for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
            let mut expected = with(name, xnnpack.clone());
            let mut bound = with(name, xnnpack);
            let count = bound.input(0).expect("one").byte_len() / 4;
            let mut spare = buffer(&vec![0.0; count]);
            for round in 0..6 {
                let input = numbers(count, round);
                spare.as_mut_slice().expect("f32").copy_from_slice(&input);
                let place = spare.as_bytes().as_ptr();
                let before = bound.bind_input(0, spare).expect("its size");
                assert_eq!(before.is_some(), round > 0);
                let view = bound.input(0).expect("one").data::<f32>().expect("f32");
                assert_eq!((view.as_ptr().cast(), view), (place, &input[..]));
                let not_yet = bound.output(0).expect("one").data::<f32>().map(drop);
                assert!(matches!(not_yet, Err(Error::NotInvoked { .. })));
                assert_eq!(invoked(&mut bound), copied(&mut expected, &input), "{name}");
                spare = before.unwrap_or_else(|| buffer(&vec![0.0; count]));
            }
            // It can still be written in place.
            let input = numbers(count, 99);
            assert_eq!(copied(&mut bound, &input), copied(&mut expected, &input));
            let taken = bound.take_input(0).expect("bound");
            assert_eq!(floats(&taken), input);
            drop(taken);
            let zeros = vec![0.0; count];
            assert_eq!(invoked(&mut bound), copied(&mut expected, &zeros), "{name}");
        }
    }
}

#[test]
fn outputs_are_written_into_buffers() {
    for name in ["add", "conv", "dynamic_batch"] {
        for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
            let mut expected = with(name, xnnpack.clone());
            let mut bound = with(name, xnnpack);
            let sizes = [
                bound.input(0).expect("one").byte_len(),
                bound.output(0).expect("one").byte_len(),
            ];
            let [input, output] = sizes.map(|size| AlignedBuffer::zeroed(size).expect("memory"));
            bound.bind_input(0, input).expect("its size");
            assert!(bound.bind_output(0, output).expect("its size").is_none());
            for round in 0..4 {
                let input = numbers(sizes[0] / 4, round);
                let result = copied(&mut bound, &input);
                assert_eq!(result, copied(&mut expected, &input), "{name}");
                // With the values, and for good: what comes next goes elsewhere.
                let taken = bound.take_output(0).expect("bound");
                copied(&mut bound, &numbers(sizes[0] / 4, round + 50));
                assert_eq!(floats(&taken), result);
            }
        }
    }
}

#[test]
fn sizes_are_looked_at() {
    let mut add = interpreter("add");
    for length in [0, 8, 11, 13, 16, 64] {
        for role in [TensorRole::Input, TensorRole::Output] {
            let buffer = AlignedBuffer::zeroed(length).expect("memory");
            let result = match role {
                TensorRole::Input => add.bind_input(0, buffer),
                _ => add.bind_output(0, buffer),
            };
            let error = result.map(drop).expect_err("12 bytes are wanted");
            let Error::LengthMismatch {
                expected: 12,
                actual,
                ..
            } = error
            else {
                panic!("{error}")
            };
            assert_eq!(actual, length);
        }
    }
    assert_eq!(copied(&mut add, &[1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
}

#[test]
fn a_resize_binds_other_buffers() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        for with_output in [false, true] {
            let mut expected = with("dynamic_batch", xnnpack.clone());
            let mut bound = with("dynamic_batch", xnnpack.clone());
            bound.bind_input(0, buffer(&[1.0; 4])).expect("its size");
            if with_output {
                bound.bind_output(0, buffer(&[9.0; 3])).expect("its size");
            }
            for rows in [2_usize, 100, 3, 3, 1] {
                bound.resize_input(0, &[rows, 4]).expect("any batch");
                expected.resize_input(0, &[rows, 4]).expect("any batch");
                let zeros = bound.input(0).expect("one").to_vec::<f32>();
                assert_eq!(zeros.expect("f32"), vec![0.0; 4 * rows]);
                let input = numbers(4 * rows, rows);
                let result = copied(&mut bound, &input);
                assert_eq!(result, copied(&mut expected, &input));
                if with_output {
                    assert_eq!(floats(&bound.take_output(0).expect("bound")), result);
                }
                let taken = bound.take_input(0).expect("bound");
                assert_eq!(floats(&taken), input);
                // The size of before does not fit any more.
                let old = bound.bind_input(0, buffer(&[0.0; 20]));
                assert!(matches!(old, Err(Error::LengthMismatch { .. })));
                bound.bind_input(0, taken).expect("its size");
                assert_eq!(invoked(&mut bound), result);
            }
            // Refused shapes change nothing.
            bound.resize_input(0, &[2, 5]).expect_err("fixed");
            assert_eq!(bound.input(0).expect("one").shape(), [1, 4]);
            let report = bound.delegate_report();
            assert_eq!(report, expected.delegate_report());
        }
    }
}

#[test]
fn relaxed_shapes_go_to_other_kernels_and_keep_the_buffers() {
    let mut add = interpreter("add");
    add.bind_input(0, buffer(&[1.0, 2.0, 3.0])).expect("fits");
    add.bind_output(0, buffer(&[0.0; 3])).expect("fits");
    // SAFETY: the model adds; any number of elements will do.
    unsafe { add.resize_inputs_relaxed(&[(0, &[5])]) }.expect("five");
    assert_eq!(copied(&mut add, &[1.0; 5]), [2.0; 5]);
    assert_eq!(floats(&add.take_output(0).expect("bound")), [2.0; 5]);
    assert_eq!(floats(&add.take_input(0).expect("bound")), [1.0; 5]);
}

#[test]
fn a_reset_keeps_buffers_of_zeros() {
    let mut gather = interpreter("gather");
    let indices = AlignedBuffer::from_slice(&[0, 9, 0]).expect("memory");
    gather.bind_input(0, indices).expect("fits");
    gather.invoke().expect_err("9 is out of range");
    for error in [
        gather.take_input(0).map(drop).expect_err("poisoned"),
        gather.take_output(0).map(drop).expect_err("poisoned"),
    ] {
        assert!(
            matches!(
                error,
                Error::Poisoned {
                    operation: Operation::Invoke
                }
            ),
            "{error}"
        );
    }
    gather.reset().expect("made anew");
    gather.invoke().expect("0 is in range");
    let taken = gather.take_input(0).expect("still bound");
    assert_eq!(taken.as_slice::<i32>(), Some(&[0; 3][..]));
}

#[test]
fn what_cannot_be_bound() {
    let refused = |result: tflite::Result<Option<AlignedBuffer>>| -> Error {
        result.map(drop).expect_err("cannot be bound")
    };
    let zeroed = |length| AlignedBuffer::zeroed(length).expect("memory");
    let mut constant = interpreter("constant_input");
    let error = refused(constant.bind_input(1, zeroed(12)));
    assert!(matches!(error, Error::Binding { index: 1, .. }), "{error}");
    let error = refused(interpreter("constant_output").bind_output(1, zeroed(12)));
    assert!(matches!(error, Error::Binding { index: 1, .. }), "{error}");
    let error = refused(interpreter("dynamic_output").bind_output(0, zeroed(4)));
    assert!(matches!(error, Error::Binding { .. }), "{error}");
    let error = refused(interpreter("strings").bind_input(0, zeroed(4)));
    assert!(matches!(error, Error::OpaqueType { .. }), "{error}");
    // Bytes other than 0 and 1 would get in.
    let error = refused(interpreter("bools").bind_input(0, zeroed(4)));
    assert!(matches!(error, Error::OpaqueType { .. }), "{error}");
    let error = refused(interpreter("add").bind_input(1, zeroed(4)));
    assert!(matches!(error, Error::NoSuchTensor { .. }), "{error}");
    let error = refused(interpreter("optional_input").bind_input(0, zeroed(4)));
    assert!(matches!(error, Error::OptionalTensor { .. }), "{error}");
    let nothing = interpreter("add").take_input(0).map(drop);
    assert!(matches!(nothing, Err(Error::Binding { .. })));
}

#[test]
fn boolean_outputs_can_be_bound() {
    let mut bools = interpreter("bools");
    let buffer = AlignedBuffer::from_slice(&[7_u8; 4]).expect("memory");
    bools.bind_output(0, buffer).expect("its size");
    let mut input = bools.input_mut(0).expect("one");
    input
        .copy_from_bools(&[true, false, false, true])
        .expect("four");
    bools.invoke().expect("valid");
    let taken = bools.take_output(0).expect("bound");
    assert_eq!(taken.as_bytes(), [0, 1, 1, 0]);
}

#[test]
fn one_tensor_has_one_buffer() {
    let mut twice = interpreter("duplicate_input");
    assert!(
        twice
            .bind_input(0, buffer(&[1.0; 3]))
            .expect("fits")
            .is_none()
    );
    let first = twice.bind_input(1, buffer(&[4.0; 3])).expect("fits");
    assert_eq!(floats(&first.expect("of the same tensor")), [1.0; 3]);
    assert_eq!(invoked(&mut twice), [8.0; 3]);

    let mut through = interpreter("input_is_output");
    through.bind_input(0, buffer(&[1.5; 3])).expect("fits");
    through.invoke().expect("valid");
    assert_eq!(
        floats(&through.take_output(1).expect("the input")),
        [1.5; 3]
    );
    assert_eq!(invoked(&mut through), [0.0; 3]);
}

#[test]
fn other_inputs_keep_their_values() {
    let mut sum = interpreter("add_two");
    let mut second = sum.input_mut(1).expect("two");
    second.copy_from_slice(&[10.0_f32; 3]).expect("three");
    sum.bind_input(0, buffer(&[1.0, 2.0, 3.0])).expect("fits");
    assert_eq!(invoked(&mut sum), [11.0, 12.0, 13.0]);
    sum.bind_input(1, buffer(&[20.0; 3])).expect("fits");
    assert_eq!(invoked(&mut sum), [21.0, 22.0, 23.0]);
}

#[test]
fn signatures_see_the_same_buffers() {
    let mut interpreter = interpreter("dynamic_signatures");
    interpreter
        .bind_input(0, buffer(&[1.0, 2.0]))
        .expect("fits");
    let mut double = interpreter.default_signature_runner().expect("there");
    double.invoke().expect("valid");
    let output = double.output("y").expect("one");
    assert_eq!(output.data::<f32>().expect("f32"), [2.0, 4.0]);
    let error = double.resize_input("x", &[3, 2]).expect_err("bound");
    assert!(matches!(error, Error::Binding { index: 0, .. }), "{error}");
    double.invoke().expect("nothing has happened");
    // Others have tensors of their own.
    let mut join = interpreter.signature_runner("join").expect("there");
    join.resize_inputs(&[("a", &[2, 2]), ("b", &[2, 3])])
        .expect("both");
    join.invoke().expect("valid");
    interpreter.resize_input(0, &[3, 2]).expect("any rows");
    assert_eq!(copied(&mut interpreter, &[1.0; 6]), [2.0; 6]);
}

#[test]
fn buffers_outlive_the_interpreter_that_works_on_them() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut bound = with("conv", xnnpack);
        bound.bind_input(0, buffer(&[1.0; 192])).expect("fits");
        bound.bind_output(0, buffer(&[0.0; 18])).expect("fits");
        let result = invoked(&mut bound);
        let taken = bound.take_output(0).expect("bound");
        drop(bound);
        assert_eq!(floats(&taken), result);
    }
}
