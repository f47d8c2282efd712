//! Shapes that XNNPACK would read or write past the end of: `tests/models/shapes.py` makes models.

use tflite::{Error, Interpreter, InterpreterOptions, Model, Xnnpack, XnnpackStatus};

use super::model;

/// An input's index and shape.
type Resize = (usize, Vec<usize>);

fn shapes(name: &str) -> Model {
    model(&format!("shapes/{name}"))
}

fn interpreter(name: &str) -> Interpreter {
    Interpreter::new(&shapes(name), InterpreterOptions::new()).expect("a valid model")
}

#[track_caller]
fn refused(interpreter: &Interpreter, word: &str) {
    let report = interpreter.delegate_report();
    let XnnpackStatus::Refused { reason } = &report.xnnpack else {
        panic!("{report:?}")
    };
    assert!(reason.contains(word), "{reason}");
    assert_eq!((report.delegated, report.partitions), (0, 0));
}

#[track_caller]
fn applied(interpreter: &Interpreter) {
    let report = interpreter.delegate_report();
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
    assert!(report.delegated > 0, "{report:?}");
}

#[track_caller]
fn is_fixed(interpreter: &mut Interpreter, shape: &[usize]) {
    let error = interpreter.resize_input(0, shape).expect_err("fixed");
    assert!(
        matches!(error, Error::InvalidShape { index: 0, .. }),
        "{error}"
    );
    interpreter.invoke().expect("nothing has happened");
}

/// Kernels would divide by 0.
#[track_caller]
fn empty(interpreter: &mut Interpreter) {
    let error = interpreter.invoke().expect_err("a division by 0");
    assert!(matches!(error, Error::EmptyTensor { .. }), "{error}");
}

#[test]
fn eight_dimensions_where_xnnpack_copies_six() {
    let mut add = super::interpreter("add");
    is_fixed(&mut add, &[1, 1, 1, 1, 1, 1, 1, 3]);
    // SAFETY: the addition takes any number of dimensions.
    unsafe { add.resize_inputs_relaxed(&[(0, &[1, 1, 1, 1, 1, 1, 1, 3])]) }.expect("possible");
    refused(&add, "leave open");
    add.invoke().expect("valid");
    // The model's own shape again, and so XNNPACK again.
    add.resize_input(0, &[3]).expect("the model's");
    applied(&add);
}

#[test]
fn seven_dimensions_inside_a_model() {
    let mut interpreter = interpreter("seven_dimensions");
    refused(&interpreter, "more than 6");
    interpreter
        .input_mut(0)
        .expect("one")
        .data_mut::<f32>()
        .expect("f32")
        .fill(3.0);
    interpreter.invoke().expect("valid");
    let output = interpreter.output(0).expect("one");
    assert_eq!(output.data::<f32>().expect("f32"), [10.0; 8]);
}

#[test]
fn a_convolution_without_room_for_its_filter() {
    for shape in [[1, 2, 2, 3], [2, 3, 1, 3]] {
        let mut conv = super::interpreter("conv");
        is_fixed(&mut conv, &shape);
        // SAFETY: the runtime's kernels accept it, and it is not invoked.
        if unsafe { conv.resize_inputs_relaxed(&[(0, &shape)]) }.is_ok() {
            refused(&conv, "leave open");
            empty(&mut conv);
        }
        conv.resize_input(0, &[1, 8, 8, 3]).expect("the model's");
        applied(&conv);
    }
}

#[test]
fn fewer_channels_than_the_filter_has() {
    is_fixed(&mut interpreter("depthwise"), &[1, 6, 4, 1]);
    // Here the file leaves open how many.
    let mut open = interpreter("depthwise_open");
    refused(&open, "convolution");
    for channels in [1, 3] {
        if open.resize_input(0, &[1, 6, 4, channels]).is_ok() {
            refused(&open, "convolution");
            open.invoke().expect("valid");
        }
    }
}

#[test]
fn a_pool_that_comes_to_nothing() {
    // Already with the model's own shape.
    let mut interpreter = interpreter("pooling");
    refused(&interpreter, "no elements");
    empty(&mut interpreter);
    assert_eq!(
        interpreter.output(0).expect("one").shape(),
        [1, 0, 0, 2],
        "what the runtime's kernels say"
    );
    interpreter.resize_input(0, &[1, 9, 9, 3]).expect("room");
    applied(&interpreter);
    interpreter.invoke().expect("valid");
    assert_eq!(interpreter.output(0).expect("one").shape(), [1, 2, 2, 2]);
}

#[test]
fn a_transposed_convolution_of_fixed_size() {
    let mut interpreter = interpreter("transposed");
    applied(&interpreter);
    is_fixed(&mut interpreter, &[1, 5, 5, 3]);
    assert_eq!(interpreter.output(0).expect("one").shape(), [1, 8, 8, 2]);
}

#[test]
fn when_xnnpack_comes_to_other_shapes_the_own_kernels_serve() {
    let input = |rows: usize| -> Vec<f32> {
        (0..rows * rows * 3)
            .map(|index| (index % 7) as f32 - 3.0)
            .collect()
    };
    let model = shapes("transposed_open");
    let mut expected = Interpreter::new(&model, InterpreterOptions::new().xnnpack(Xnnpack::Off))
        .expect("a valid model");
    let mut interpreter = interpreter("transposed_open");
    applied(&interpreter);
    // Larger than the 4 rows that make 8, and back.
    for (rows, agree) in [(5, false), (4, true), (6, false), (4, true)] {
        for interpreter in [&mut interpreter, &mut expected] {
            interpreter
                .resize_input(0, &[1, rows, rows, 3])
                .expect("left open");
            super::write(interpreter, 0, &input(rows));
            interpreter.invoke().expect("valid");
        }
        if agree {
            applied(&interpreter);
        } else {
            refused(&interpreter, "XNNPACK gives tensor");
        }
        let output = interpreter.output(0).expect("one");
        assert_eq!(output.shape(), [1, 8, 8, 2]);
        let pairs = super::output::<f32>(&interpreter, 0)
            .into_iter()
            .zip(super::output::<f32>(&expected, 0));
        for (ours, theirs) in pairs {
            assert!((ours - theirs).abs() < 1e-4, "{rows}: {ours}, not {theirs}");
        }
    }

    // A runner cannot replace the interpreter that it borrows.
    let mut runner = interpreter.default_signature_runner().expect("there");
    let name = runner
        .signature()
        .input_names()
        .next()
        .expect("one")
        .to_owned();
    let error = runner
        .resize_input(&name, &[1, 5, 5, 3])
        .expect_err("XNNPACK comes to another shape");
    assert!(matches!(error, Error::XnnpackShapes { .. }), "{error}");
    assert!(matches!(runner.invoke(), Err(Error::Poisoned { .. })));
    assert!(matches!(interpreter.invoke(), Err(Error::Poisoned { .. })));
    interpreter.reset().expect("made anew");
    applied(&interpreter);
    interpreter.invoke().expect("valid");
}

#[test]
fn shapes_that_depend_on_values() {
    for name in ["dynamic_concat", "dynamic_matmul"] {
        let mut interpreter = interpreter(name);
        refused(&interpreter, "depends on values");
        let inputs = [0, 1].map(|index| interpreter.input(index).expect("two").shape()[1]);
        let shapes = [(0, &[4, inputs[0]][..]), (1, &[4000, inputs[1]])];
        interpreter.resize_inputs(&shapes).expect("any rows");
        refused(&interpreter, "depends on values");
        for index in 0..2 {
            let mut input = interpreter.input_mut(index).expect("two");
            input.data_mut::<f32>().expect("f32").fill(1.0);
        }
        // The kernel of the product does not mind, and computes with what is there in both.
        let result = interpreter.invoke();
        assert!(
            result.is_err() || name == "dynamic_matmul",
            "4 rows and 4000"
        );
    }
}

/// Numbers that look random, and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit).expect("small")
    }
}

/// The outputs' shapes and values, or `None` if the shapes are refused.
fn run(model: &Model, xnnpack: Xnnpack, shapes: &[Resize]) -> Option<Vec<(Vec<usize>, Vec<f32>)>> {
    let options = InterpreterOptions::new().xnnpack(xnnpack);
    let mut interpreter = Interpreter::new(model, options).expect("valid");
    let shapes: Vec<(usize, &[usize])> = shapes.iter().map(|(i, s)| (*i, &**s)).collect();
    interpreter.resize_inputs(&shapes).ok()?;
    let mut numbers = Numbers(7);
    for index in 0..interpreter.input_count() {
        let mut input = interpreter.input_mut(index).expect("there");
        for value in input.data_mut::<f32>().expect("f32") {
            *value = numbers.below(64) as f32 / 8.0 - 4.0;
        }
    }
    interpreter.invoke().ok()?;
    let outputs = (0..interpreter.output_count()).map(|index| {
        let output = interpreter.output(index).expect("there");
        let values = output.data::<f32>().expect("f32").to_vec();
        (output.shape().to_vec(), values)
    });
    Some(outputs.collect())
}

#[test]
fn any_shape_gives_the_same_with_xnnpack_and_without() {
    const LENGTHS: [usize; 8] = [1, 1, 2, 3, 4, 8, 0, 5];
    let names = [
        "depthwise",
        "depthwise_open",
        "pooling",
        "matmul",
        "attention",
        "mean",
        "broadcast",
        "stack",
        "dynamic_concat",
        "dynamic_matmul",
    ];
    for name in names {
        let model = shapes(name);
        let signatures: Vec<_> = {
            let interpreter = interpreter(name);
            (0..interpreter.input_count())
                .map(|index| interpreter.input(index).expect("there").shape_signature())
                .collect()
        };
        let mut computed = 0;
        for seed in 1..=60_u64 {
            let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
            let mut shape_of = |(index, signature): (usize, &Vec<Option<usize>>)| -> Resize {
                let dims = signature
                    .iter()
                    .map(|dim| dim.unwrap_or_else(|| LENGTHS[numbers.below(8)]));
                (index, dims.collect())
            };
            let mut resizes: Vec<Resize> =
                signatures.iter().enumerate().map(&mut shape_of).collect();
            // Shapes that fit together by chance are rare.
            if seed % 2 == 0 && resizes.len() > 1 && resizes[0].1.len() == resizes[1].1.len() {
                resizes[1].1[0] = resizes[0].1[0];
            }
            let with = run(&model, Xnnpack::Auto, &resizes);
            let without = run(&model, Xnnpack::Off, &resizes);
            assert_eq!(with.is_some(), without.is_some(), "{name} {resizes:?}");
            let (Some(with), Some(without)) = (with, without) else {
                continue;
            };
            computed += 1;
            assert_eq!(with.len(), without.len());
            for ((shape, values), (expected_shape, expected)) in with.iter().zip(&without) {
                assert_eq!(shape, expected_shape, "{name} {resizes:?}");
                assert_eq!(values.len(), expected.len());
                for (a, b) in values.iter().zip(expected) {
                    let same = (a.is_nan() && b.is_nan()) || a == b;
                    assert!(
                        same || (a - b).abs() < 1e-3 * (1.0 + b.abs()),
                        "{name} {resizes:?}: {a} {b}"
                    );
                }
            }
        }
        assert!(computed > 3, "{name}: {computed} shapes fit");
    }
}
