//! What tensors say about themselves, and what they refuse.

use tflite::{Error, TensorRole, TensorType};

use super::{double, input, interpreter, output, write};

#[test]
fn metadata() {
    let interpreter = interpreter("conv");
    let (input, output) = (
        interpreter.input(0).expect("one"),
        interpreter.output(0).expect("one"),
    );
    assert_eq!(input.dtype(), TensorType::Float32);
    assert_eq!(input.shape(), [1, 8, 8, 3]);
    assert_eq!(input.byte_len(), 8 * 8 * 3 * 4);
    assert_eq!(input.quantization(), None);
    assert!(!input.name().is_empty());
    assert_eq!(output.shape(), [1, 3, 3, 2]);
    assert!(format!("{input:?}").contains("[1, 8, 8, 3]"), "{input:?}");
}

#[test]
fn there_is_nothing_behind_the_last_tensor() {
    let mut add = interpreter("add");
    for index in [
        1,
        2,
        i32::MAX as usize,
        i32::MAX as usize + 1,
        u32::MAX as usize,
        usize::MAX,
    ] {
        let check = |error: Error, expected: TensorRole| {
            let Error::NoSuchTensor {
                role,
                index: i,
                count: 1,
            } = error
            else {
                panic!("{error}")
            };
            assert_eq!((role, i), (expected, index));
        };
        check(add.input(index).expect_err("none"), TensorRole::Input);
        check(add.output(index).expect_err("none"), TensorRole::Output);
        check(add.input_mut(index).expect_err("none"), TensorRole::Input);
        check(
            add.resize_input(index, &[3]).expect_err("none"),
            TensorRole::Input,
        );
    }
}

#[test]
fn a_model_without_inputs() {
    let mut interpreter = interpreter("no_input");
    assert_eq!(interpreter.input_count(), 0);
    assert!(matches!(
        interpreter.input(0),
        Err(Error::NoSuchTensor { count: 0, .. })
    ));
    assert!(interpreter.resize_input(0, &[1]).is_err());
    interpreter.invoke().expect("nothing to do");
    assert_eq!(output::<f32>(&interpreter, 0), [1.0, 2.0, 3.0]);
}

#[test]
fn an_input_that_is_left_out() {
    let mut interpreter = interpreter("optional_input");
    assert_eq!(interpreter.input_count(), 2);
    let missing = |error: Error| {
        assert!(
            matches!(error, Error::OptionalTensor { index: 0, .. }),
            "{error}"
        );
    };
    missing(interpreter.input(0).expect_err("left out"));
    missing(interpreter.input_mut(0).expect_err("left out"));
    missing(interpreter.resize_input(0, &[3]).expect_err("left out"));
    write(&mut interpreter, 1, &[1.0_f32, 2.0, 3.0]);
    interpreter.invoke().expect("valid");
    assert_eq!(output::<f32>(&interpreter, 0), [2.0, 4.0, 6.0]);
}

#[test]
fn one_tensor_as_two_inputs() {
    let mut interpreter = interpreter("duplicate_input");
    write(&mut interpreter, 0, &[1.0_f32, 2.0, 3.0]);
    // The second input is the first one, so this is what counts.
    write(&mut interpreter, 1, &[5.0_f32, 6.0, 7.0]);
    assert_eq!(input::<f32>(&interpreter, 0), [5.0, 6.0, 7.0]);
    interpreter.invoke().expect("valid");
    assert_eq!(output::<f32>(&interpreter, 0), [10.0, 12.0, 14.0]);
}

#[test]
fn an_output_that_is_an_input() {
    let mut interpreter = interpreter("input_is_output");
    assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
    assert_eq!(output::<f32>(&interpreter, 1), [1.0, 2.0, 3.0]);
}

#[test]
fn a_constant_input_cannot_be_written() {
    let mut interpreter = interpreter("constant_input");
    assert_eq!(input::<f32>(&interpreter, 1), [1.0, 2.0, 3.0]);
    let mut constant = interpreter.input_mut(1).expect("two");
    let read_only = |error: Error| assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    read_only(constant.data_mut::<f32>().expect_err("constant"));
    read_only(
        constant
            .copy_from_slice(&[0.0_f32; 3])
            .expect_err("constant"),
    );
    read_only(constant.copy_from_bytes(&[0; 12]).expect_err("constant"));
    read_only(constant.view_mut::<f32>().map(drop).expect_err("constant"));
    read_only(constant.into_data_mut::<f32>().expect_err("constant"));
    assert_eq!(double(&mut interpreter, [1.0, 1.0, 1.0]), [2.0, 3.0, 4.0]);
}

#[test]
fn a_constant_output_can_be_read() {
    let mut interpreter = interpreter("constant_output");
    assert!(matches!(
        interpreter.output(1).expect("two").data::<f32>(),
        Err(Error::NotInvoked { .. })
    ));
    assert_eq!(double(&mut interpreter, [1.0, 1.0, 1.0]), [2.0, 3.0, 4.0]);
    assert_eq!(output::<f32>(&interpreter, 1), [1.0, 2.0, 3.0]);
}

#[test]
fn the_type_must_be_the_very_same() {
    let mut interpreter = interpreter("add");
    let input = interpreter.input(0).expect("one");
    macro_rules! refused {
        ($($wrong:ident => $expected:ident),*) => {$(
            let error = input.data::<$wrong>().expect_err("float32");
            let Error::TypeMismatch { expected, actual, ref tensor } = error else {
                panic!("{error}");
            };
            assert_eq!((expected, actual), (TensorType::$expected, TensorType::Float32));
            assert!(tensor.starts_with("input 0"), "{tensor}");
        )*};
    }
    refused!(f64 => Float64, i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64);
    refused!(u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64);
    assert!(matches!(input.to_bools(), Err(Error::TypeMismatch { .. })));
    assert!(input.view::<u32>().is_err());
    let mut input = interpreter.input_mut(0).expect("one");
    assert!(matches!(
        input.data_mut::<u32>(),
        Err(Error::TypeMismatch { .. })
    ));
    assert!(matches!(
        input.copy_from_bools(&[true; 12]),
        Err(Error::TypeMismatch { .. })
    ));
}

#[test]
fn the_length_must_be_the_very_same() {
    let mut interpreter = interpreter("add");
    let mut input = interpreter.input_mut(0).expect("one");
    for length in [0, 2, 4] {
        let error = input
            .copy_from_slice(&vec![0.0_f32; length])
            .expect_err("not 3");
        let Error::LengthMismatch {
            expected: 3,
            actual,
            ..
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(actual, length);
    }
    assert!(matches!(
        input.copy_from_bytes(&[0; 13]),
        Err(Error::LengthMismatch {
            expected: 12,
            actual: 13,
            ..
        })
    ));
}

#[test]
fn bytes_are_those_of_the_elements() {
    let mut interpreter = interpreter("add");
    let numbers = [1.0_f32, -2.5, 1e-30];
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_ne_bytes())
        .collect();
    interpreter
        .input_mut(0)
        .expect("one")
        .copy_from_bytes(&bytes)
        .expect("12 bytes");
    let input = interpreter.input(0).expect("one");
    assert_eq!(input.data::<f32>().expect("f32"), numbers);
    assert_eq!(input.bytes().expect("plain"), bytes);
}

#[test]
fn strings_have_no_bytes() {
    let mut interpreter = interpreter("strings");
    let input = interpreter.input(0).expect("one");
    assert_eq!(input.dtype(), TensorType::String);
    let opaque = |error: Error| {
        let Error::OpaqueType { dtype, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(dtype, TensorType::String);
    };
    opaque(input.bytes().expect_err("strings"));
    assert!(matches!(
        input.data::<u8>(),
        Err(Error::TypeMismatch { .. })
    ));
    let mut input = interpreter.input_mut(0).expect("one");
    opaque(input.copy_from_bytes(&[]).expect_err("strings"));
}

#[test]
fn booleans_are_checked_on_the_way_in() {
    let mut interpreter = interpreter("bools");
    let mut input = interpreter.input_mut(0).expect("one");
    assert!(matches!(
        input.copy_from_bytes(&[2; 4]),
        Err(Error::OpaqueType { .. })
    ));
    assert!(matches!(
        input.data_mut::<u8>(),
        Err(Error::TypeMismatch { .. })
    ));
    input
        .copy_from_bools(&[true, false, false, true])
        .expect("four");
    interpreter.invoke().expect("valid");
    let output = interpreter.output(0).expect("one");
    assert_eq!(output.to_bools().expect("bool"), [false, true, true, false]);
    assert_eq!(output.bytes().expect("plain"), [0, 1, 1, 0]);
}

#[test]
fn arrays_must_have_the_shape_of_the_tensor() {
    use tflite::ndarray::Array;

    let mut interpreter = interpreter("dynamic_batch");
    let mut input = interpreter.input_mut(0).expect("one");
    let error = input
        .assign(&Array::from_elem((4, 1), 1.0_f32).view())
        .expect_err("[1, 4]");
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    assert!(error.to_string().contains("[1, 4]"), "{error}");
    input
        .assign(&Array::from_elem((1, 4), 1.5_f32).view())
        .expect("the same shape");
    input.view_mut::<f32>().expect("f32")[[0, 2]] = 7.0;
    let input = interpreter.input(0).expect("one");
    assert_eq!(input.to_array::<f32>().expect("f32")[[0, 2]], 7.0);
    assert_eq!(input.data::<f32>().expect("f32"), [1.5, 1.5, 7.0, 1.5]);
}

fn all(strings: &[&[u8]]) -> Vec<Vec<u8>> {
    strings.iter().map(|string| string.to_vec()).collect()
}

#[test]
fn strings_go_in_and_come_out() {
    let mut interpreter = interpreter("strings");
    // At first they are empty, so that nothing bad happens if they are forgotten.
    assert_eq!(
        interpreter
            .input(0)
            .expect("one")
            .strings()
            .expect("strings"),
        [b"" as &[u8]; 3]
    );
    interpreter.invoke().expect("valid");
    let cases: [[&[u8]; 3]; 3] = [
        [b"yes", b"no", b"\0\xff\0"],
        [b"", b"", b"yes"],
        [&[b'x'; 100_000], b"yes", b""],
    ];
    for strings in cases {
        interpreter
            .input_mut(0)
            .expect("one")
            .write_strings(&strings)
            .expect("three");
        let input = interpreter.input(0).expect("one");
        assert_eq!(all(&input.strings().expect("strings")), all(&strings));
        assert_eq!(input.shape(), [3]);
        interpreter.invoke().expect("valid");
        let output = interpreter.output(1).expect("two");
        assert_eq!(output.shape(), [3, 1]);
        assert_eq!(all(&output.strings().expect("strings")), all(&strings));
        let equal = interpreter
            .output(0)
            .expect("two")
            .to_bools()
            .expect("bool");
        assert_eq!(equal, strings.map(|string| string == b"yes"));
    }
}

#[test]
fn as_many_strings_as_the_shape_says() {
    let mut interpreter = interpreter("strings");
    for wrong in [0, 2, 4] {
        let error = interpreter
            .input_mut(0)
            .expect("one")
            .write_strings(&vec!["x"; wrong])
            .expect_err("three are wanted");
        assert!(
            matches!(error, Error::LengthMismatch { expected: 3, .. }),
            "{error}"
        );
    }
    // SAFETY: the operators of this model take any number of strings; nothing is invoked.
    let error = unsafe { interpreter.resize_inputs_relaxed(&[(0, &[1 << 30])]) }
        .expect_err("offsets do not fit");
    assert!(
        matches!(error, Error::Runtime { .. } | Error::StringsTooLong { .. }),
        "{error}"
    );
}

#[test]
fn only_strings_are_strings() {
    let mut interpreter = interpreter("add");
    assert!(matches!(
        interpreter.input(0).expect("one").strings(),
        Err(Error::TypeMismatch {
            expected: TensorType::String,
            ..
        })
    ));
    let written = interpreter
        .input_mut(0)
        .expect("one")
        .write_strings(&["a", "b", "c"]);
    assert!(matches!(written, Err(Error::TypeMismatch { .. })));
}

#[test]
fn names_lead_to_indices() {
    let interpreter = interpreter("optional_input");
    let input = interpreter.input(1).expect("there").name().into_owned();
    assert_eq!(interpreter.input_index(&input), Some(1));
    assert_eq!(interpreter.output_index(&input), None);
    let output = interpreter.output(0).expect("one").name().into_owned();
    assert_eq!(interpreter.output_index(&output), Some(0));
    assert_eq!(interpreter.input_index("nonesuch\0"), None);
}
