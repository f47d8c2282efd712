//! All inputs in, all outputs out.

use tflite::ndarray::{Array, array, aview1};
use tflite::{Error, TensorSource, TensorType, Xnnpack};

use super::{interpreter, with};

#[test]
fn any_source_will_do() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("signatures", xnnpack);
        let mut sum = interpreter.signature_runner("sum").expect("there");
        let numbers = [1.0_f32, 2.0, 3.0];
        let vector = numbers.to_vec();
        let pairs = array![[1.0_f32, 9.0], [2.0, 9.0], [3.0, 9.0]];
        let reversed = array![3.0_f32, 2.0, 1.0];
        let sources: [&dyn TensorSource; 7] = [
            &numbers,
            &&numbers[..],
            &vector,
            &aview1(&numbers),
            &Array::from(vector.clone()),
            // Not one element behind the other in memory.
            &reversed.slice(tflite::ndarray::s![..;-1]),
            &pairs.column(0),
        ];
        for source in sources {
            let outputs = sum.run(&[("b", source), ("a", &numbers)]).expect("valid");
            assert_eq!(outputs.len(), 1);
            let total = &outputs["total"];
            assert_eq!(total.data::<f32>().expect("f32"), [2.0, 4.0, 6.0]);
            assert_eq!(total.dtype(), TensorType::Float32);
            // Outputs can be inputs, too.
            let again = sum.run(&[("a", total), ("b", &total.as_tensor())]);
            let again = again.expect("valid");
            assert_eq!(again["total"].to_string(), "[ 4.  8. 12.]");
        }
    }
}

#[test]
fn arrays_of_another_shape_resize() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("dynamic_signatures", xnnpack);
        let mut join = interpreter.signature_runner("join").expect("there");
        for rows in [4, 1, 7, 7] {
            let a = Array::from_elem((rows, 2), 1.0_f32);
            let b = Array::from_elem((rows, 3), 2.0_f32);
            let outputs = join.run(&[("a", &a), ("b", &b)]).expect("any rows");
            let y = outputs["y"].view::<f32>().expect("f32");
            assert_eq!(y.shape(), [rows, 5]);
            assert_eq!(y.sum(), (rows * (2 * 2 + 3 * 3)) as f32);
        }
        // Both must have as many rows, and columns are fixed.
        let error = join
            .run(&[("a", &array![[1.0_f32, 2.0]]), ("b", &[0.0_f32; 21])])
            .expect_err("1 row and 7");
        assert!(matches!(error, Error::Runtime { .. }), "{error}");
        let error = join
            .run(&[("a", &array![[1.0_f32]]), ("b", &[0.0_f32; 21])])
            .expect_err("one column");
        assert!(matches!(error, Error::Runtime { .. }), "{error}");

        let rows = Array::from_elem((3, 2), 1.5_f32);
        let outputs = interpreter.run(&[&rows]).expect("any rows");
        assert_eq!(
            outputs[0].view::<f32>().expect("f32"),
            (rows * 2.0).into_dyn()
        );
    }
}

#[test]
fn strings_and_booleans() {
    let mut interpreter = interpreter("strings");
    let owned = ["yes".to_owned(), String::new(), "no".to_owned()];
    let bytes = [b"yes".to_vec(), Vec::new(), b"no".to_vec()];
    let sources: [&dyn TensorSource; 5] = [
        &["yes", "", "no"],
        &[b"yes" as &[u8], b"", b"no"],
        &owned,
        &bytes,
        &array!["yes", "", "no"],
    ];
    for source in sources {
        let outputs = interpreter.run(&[source]).expect("three strings");
        assert_eq!(
            outputs[0].to_vec::<bool>().expect("bool"),
            [true, false, false]
        );
        assert_eq!(outputs[1].to_vec::<Vec<u8>>().expect("strings"), bytes);
        assert_eq!(outputs[1].shape(), &[3, 1]);
        assert_eq!(outputs[1].to_string(), "[[b'yes']\n [b'']\n [b'no']]");
    }
    let three = interpreter.run(&[&["yes", "", "no"]]).expect("valid");
    // Strings of shape [3, 1] do not fit, but they can be given as a sequence.
    let error = interpreter.run(&[&three[1]]).expect_err("[3, 1]");
    assert!(matches!(error, Error::InvalidShape { .. }), "{error}");

    let mut bools = super::interpreter("bools");
    let flipped = bools.run(&[&[true, false, false, true]]).expect("four");
    let back = bools.run(&[&flipped[0]]).expect("four");
    assert_eq!(
        back[0].to_vec::<bool>().expect("bool"),
        [true, false, false, true]
    );
}

#[test]
fn packed_integers_are_given_as_bytes() {
    let mut interpreter = interpreter("int4");
    let outputs = interpreter.run(&[&[-8_i8, -1, 0, 1, 7]]).expect("five");
    assert_eq!(
        outputs[0].data::<f32>().expect("f32"),
        [-8.0, -1.0, 0.0, 1.0, 7.0]
    );
    let error = interpreter.run(&[&[8_i8; 5]]).expect_err("out of range");
    assert!(matches!(error, Error::ValueOutOfRange { .. }), "{error}");
    // What stays a tensor stays packed, with its scale.
    let input = interpreter.input(0).expect("one");
    let owned = input.to_owned_tensor().expect("plain");
    assert_eq!(
        owned.as_tensor().dequantize().expect("a scale"),
        input.dequantize().expect("a scale")
    );
    assert_eq!(owned.as_tensor().quantization(), input.quantization());
    assert_eq!(owned.name(), input.name());
    assert_eq!(format!("{owned:?}"), format!("{input:?}"));
    assert_eq!(owned.into_buffer().len(), 3);
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    let mut interpreter = interpreter("signatures");
    let mut sum = interpreter.signature_runner("sum").expect("there");
    let error = sum.run(&[("a", &[0.0_f32; 3])]).expect_err("b is missing");
    let Error::MissingInput { signature, name } = error else {
        panic!("{error}")
    };
    assert_eq!((&*signature, &*name), ("sum", "b"));
    let three: &dyn TensorSource = &[0.0_f32; 3];
    let error = sum
        .run(&[("a", three), ("b", three), ("c", three)])
        .expect_err("no c");
    assert!(matches!(error, Error::NoSuchName { .. }), "{error}");
    let error = sum
        .run(&[("a", three), ("b", &[0.0_f32; 4])])
        .expect_err("three are wanted");
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
    let error = sum
        .run(&[("a", three), ("b", &[0_i32; 3])])
        .expect_err("floats are wanted");
    assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
    sum.run(&[("a", three), ("b", three)])
        .expect("nothing has happened");

    let error = interpreter.run(&[]).map(drop).expect_err("one is wanted");
    assert!(
        matches!(
            error,
            Error::InputCount {
                expected: 1,
                actual: 0
            }
        ),
        "{error}"
    );
}

#[test]
fn constants_and_what_is_left_out_need_not_be_given() {
    let three: &dyn TensorSource = &[1.0_f32, 2.0, 3.0];
    let doubled = interpreter("optional_input").run(&[three]).expect("one");
    assert_eq!(doubled[0].data::<f32>().expect("f32"), [2.0, 4.0, 6.0]);
    let added = interpreter("constant_input").run(&[three]).expect("one");
    assert_eq!(added[0].data::<f32>().expect("f32"), [2.0, 4.0, 6.0]);
    let nothing = interpreter("no_input").run(&[]).expect("none");
    assert_eq!(nothing[0].data::<f32>().expect("f32"), [1.0, 2.0, 3.0]);
}

#[test]
fn a_failed_run_poisons() {
    let mut interpreter = interpreter("gather");
    let error = interpreter.run(&[&[0, 5, 0]]).map(drop);
    assert!(matches!(error, Err(Error::Runtime { .. })));
    let error = interpreter.run(&[&[0, 4, 0]]).map(drop);
    assert!(matches!(error, Err(Error::Poisoned { .. })));
    interpreter.reset().expect("made anew");
    interpreter.run(&[&[0, 4, 0]]).expect("in range");
}

#[test]
fn a_model_without_signatures_has_a_default_one() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("constant_input", xnnpack);
        assert!(interpreter.model().signatures().is_empty());
        let names = [0, 1].map(|index| interpreter.input(index).expect("two").name().into_owned());
        for _ in 0..2 {
            let mut runner = interpreter.default_signature_runner().expect("stands in");
            assert_eq!(runner.signature().key(), "");
            assert_eq!(runner.signature().input_names().len(), 2);
            let outputs = runner.run(&[(&names[0], &[1.0_f32; 3])]).expect("valid");
            let output = outputs.values().next().expect("one");
            assert_eq!(output.data::<f32>().expect("f32"), [2.0, 3.0, 4.0]);
            let error = runner
                .run(&[(&names[0], &[1.0_f32; 3]), (&names[1], &[1.0_f32; 3])])
                .expect_err("a constant");
            assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
        }
        let error = interpreter
            .signature_runner("")
            .map(drop)
            .expect_err("no key");
        assert!(matches!(error, Error::NoSuchSignature { .. }), "{error}");
    }
    // Without names, C counts.
    let mut unnamed = interpreter("unnamed");
    let mut runner = unnamed.default_signature_runner().expect("stands in");
    let names: Vec<_> = runner
        .signature()
        .input_names()
        .map(str::to_owned)
        .collect();
    assert_eq!(names, ["input0", "x"]);
    let outputs = runner.run(&[("input0", &[1.0_f32]), ("x", &[5.0_f32])]);
    assert_eq!(
        outputs.expect("valid")["output0"]
            .data::<f32>()
            .expect("f32"),
        [6.0]
    );
    // C would look for the name of what is left out, or hide one of two inputs.
    for name in ["optional_input", "duplicate_input"] {
        let mut interpreter = interpreter(name);
        let error = interpreter.default_signature_runner().map(drop);
        assert!(
            matches!(error, Err(Error::NoSuchSignature { .. })),
            "{name}"
        );
    }
}

#[test]
fn a_default_signature_can_be_resized() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("unnamed", xnnpack);
        let mut runner = interpreter.default_signature_runner().expect("stands in");
        let rows = array![1.0_f32, 2.0, 3.0];
        let outputs = runner
            .run(&[("input0", &rows), ("x", &rows)])
            .expect("any length");
        assert_eq!(
            outputs["output0"].data::<f32>().expect("f32"),
            [2.0, 4.0, 6.0]
        );
        interpreter.reset().expect("made anew");
        assert_eq!(interpreter.input(1).expect("two").shape(), [3]);
    }
}
