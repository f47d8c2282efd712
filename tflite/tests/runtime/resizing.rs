//! Other input shapes.

use tflite::{Error, Operation, Xnnpack};

use super::{input, interpreter, output, with, write};

#[test]
fn growing_and_shrinking() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("dynamic_batch", xnnpack);
        let one_row = [0.1_f32, 0.2, 0.3, 0.4];
        write(&mut interpreter, 0, &one_row);
        interpreter.invoke().expect("valid");
        let expected = output::<f32>(&interpreter, 0);
        for batch in [1_usize, 2, 1000, 3, 3, 64] {
            interpreter.resize_input(0, &[batch, 4]).expect("any batch");
            let input = interpreter.input(0).expect("one");
            assert_eq!(input.shape(), [batch, 4]);
            assert!(
                input.data::<f32>().expect("f32").iter().all(|&x| x == 0.0),
                "zero again"
            );
            let output = interpreter.output(0).expect("one");
            assert!(matches!(
                output.data::<f32>(),
                Err(Error::NotInvoked { .. })
            ));

            let rows = one_row.repeat(batch);
            write(&mut interpreter, 0, &rows);
            interpreter.invoke().expect("valid");
            let output = interpreter
                .output(0)
                .expect("one")
                .view::<f32>()
                .expect("f32");
            assert_eq!(output.shape(), [batch, 3]);
            for row in output.rows() {
                for (actual, expected) in row.iter().zip(&expected) {
                    assert!((actual - expected).abs() < 1e-6, "{row:?}");
                }
            }
        }
    }
}

#[test]
fn inputs_that_must_fit_together() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("concat", xnnpack);
        let widths = [0, 1].map(|index| interpreter.input(index).expect("two").shape()[1]);
        assert_eq!(widths.iter().sum::<usize>(), 5);
        interpreter.invoke().expect("valid");
        // One alone does not fit the other. XNNPACK would not care, and read too much.
        for (index, &width) in widths.iter().enumerate() {
            let error = interpreter
                .resize_input(index, &[4, width])
                .expect_err("4 rows and 1");
            let Error::Runtime {
                operation: Operation::Allocate,
                ref log,
                ..
            } = error
            else {
                panic!("{error}");
            };
            assert!(log.contains("CONCATENATION"), "{log}");
        }
        // Nothing has happened.
        assert_eq!(interpreter.input(0).expect("one").shape(), [1, widths[0]]);
        assert_eq!(output::<f32>(&interpreter, 0), [0.0; 5]);

        interpreter
            .resize_inputs(&[(0, &[4, widths[0]]), (1, &[4, widths[1]])])
            .expect("both");
        interpreter
            .input_mut(0)
            .expect("one")
            .data_mut::<f32>()
            .expect("f32")
            .fill(1.0);
        interpreter.invoke().expect("valid");
        let output = interpreter
            .output(0)
            .expect("one")
            .view::<f32>()
            .expect("f32");
        assert_eq!(output.shape(), [4, 5]);
        assert_eq!(output.sum(), (widths[0] * 4 * 2) as f32);
    }
}

#[test]
fn shapes_that_no_tensor_can_have() {
    let mut interpreter = interpreter("dynamic_batch");
    let long = [1; 65];
    let shapes: [&[usize]; 6] = [
        &[i32::MAX as usize + 1, 4],
        &[(1 << 32) + 1, 4],
        &[usize::MAX, 4],
        &[usize::MAX, usize::MAX],
        &[1 << 31, 1 << 31],
        &long,
    ];
    for shape in shapes {
        let error = interpreter.resize_input(0, shape).expect_err("impossible");
        assert!(
            matches!(error, Error::InvalidShape { index: 0, .. }),
            "{error}"
        );
    }
    // Nothing has happened.
    interpreter.invoke().expect("still valid");
    assert_eq!(interpreter.output(0).expect("one").shape(), [1, 3]);
}

#[test]
fn more_memory_than_there_is() {
    let mut interpreter = interpreter("dynamic_batch");
    // Each dimension and the product are possible numbers: 32 PiB.
    // SAFETY: there is no such memory.
    let error = unsafe { interpreter.resize_inputs_relaxed(&[(0, &[2_000_000_000, 4_000_000])]) }
        .expect_err("too much");
    assert!(matches!(error, Error::Runtime { .. }), "{error}");
    interpreter
        .resize_input(0, &[2, 4])
        .expect("enough for this");
    interpreter.invoke().expect("valid");
}

#[test]
fn no_rows_at_all() {
    let mut interpreter = interpreter("dynamic_batch");
    if interpreter.resize_input(0, &[0, 4]).is_ok() {
        assert_eq!(input::<f32>(&interpreter, 0), [0.0; 0]);
        interpreter
            .input_mut(0)
            .expect("one")
            .copy_from_slice::<f32>(&[])
            .expect("fits");
        if interpreter.invoke().is_ok() {
            let output = interpreter.output(0).expect("one");
            assert_eq!(output.data::<f32>().expect("f32"), [0.0; 0]);
            assert_eq!(output.view::<f32>().expect("f32").shape(), [0, 3]);
        }
    }
    interpreter.resize_input(0, &[1, 4]).expect("back");
    interpreter.invoke().expect("valid");
}

#[test]
fn a_constant_keeps_its_shape() {
    let mut interpreter = interpreter("constant_input");
    let error = interpreter.resize_input(1, &[4]).expect_err("a constant");
    assert!(matches!(error, Error::InvalidShape { .. }), "{error}");
    // SAFETY: it is refused.
    let error = unsafe { interpreter.resize_inputs_relaxed(&[(1, &[4])]) }.expect_err("a constant");
    assert!(
        matches!(
            error,
            Error::Runtime {
                operation: Operation::Resize,
                ..
            }
        ),
        "{error}"
    );
    interpreter.reset().expect("made anew");
    interpreter.invoke().expect("valid");
}

#[test]
fn outputs_whose_shape_depends_on_values() {
    let mut interpreter = interpreter("dynamic_output");
    for (input, expected) in [
        ([1.0_f32, 0.0, 0.0, 0.0, 0.0, 1.0], &[0, 10][..]),
        ([1.0; 6], &[0, 2, 4, 6, 8, 10]),
        ([0.0; 6], &[]),
        ([0.0, 0.0, 0.0, 1.0, 0.0, 0.0], &[6]),
    ] {
        write(&mut interpreter, 0, &input);
        interpreter.invoke().expect("valid");
        let output = interpreter.output(0).expect("one");
        assert_eq!(output.shape(), [expected.len(), 1]);
        assert_eq!(output.data::<i32>().expect("i32"), expected);
    }
    // The memory of the last output is gone after this, and cannot be seen.
    // SAFETY: the operators of this model take any number of elements.
    unsafe { interpreter.resize_inputs_relaxed(&[(0, &[3])]) }.expect("any length");
    assert!(matches!(
        interpreter.output(0).expect("one").data::<i32>(),
        Err(Error::NotInvoked { .. })
    ));
    write(&mut interpreter, 0, &[1.0_f32; 3]);
    interpreter.invoke().expect("valid");
    assert_eq!(output::<i32>(&interpreter, 0), [0, 2, 4]);
}

#[test]
fn strings_are_as_many_as_the_new_shape_says() {
    let mut interpreter = interpreter("string_equal");
    for count in [1_usize, 50, 2, 0, 3] {
        interpreter.resize_input(0, &[count]).expect("any number");
        let input = interpreter
            .input(0)
            .expect("one")
            .strings()
            .expect("strings")
            .len();
        assert_eq!(input, count);
        interpreter.invoke().expect("empty strings");
        let equal = interpreter
            .output(0)
            .expect("one")
            .to_bools()
            .expect("bool");
        assert_eq!(equal, vec![false; count]);
        interpreter
            .input_mut(0)
            .expect("one")
            .write_strings(&vec!["yes"; count])
            .expect("all");
        interpreter.invoke().expect("valid");
        let equal = interpreter
            .output(0)
            .expect("one")
            .to_bools()
            .expect("bool");
        assert_eq!(equal, vec![true; count]);
    }
}

#[test]
fn what_the_model_leaves_open() {
    let mut concat = interpreter("concat");
    let signature = concat.input(0).expect("two").shape_signature();
    let width = concat.input(0).expect("two").shape()[1];
    assert_eq!(signature, [None, Some(width)]);
    for shape in [&[1][..], &[1, width + 1], &[1, width, 1], &[]] {
        let error = concat.resize_input(0, shape).expect_err("fixed");
        assert!(matches!(error, Error::InvalidShape { .. }), "{error}");
    }
    assert_eq!(
        interpreter("add").input(0).expect("one").shape_signature(),
        [Some(3)]
    );

    let mut dense = interpreter("dynamic_batch");
    dense.resize_input(0, &[8, 4]).expect("any batch");
    assert_eq!(dense.input(0).expect("one").shape(), [8, 4]);
    assert_eq!(
        dense.input(0).expect("one").shape_signature(),
        [None, Some(4)]
    );
}
