//! What other wrappers were found to stumble over, where no other test is about just that.
//!
//! `SAFETY.md` has the whole list. `tests/models/holes.py` makes the models.

use std::path::{Path, PathBuf};

use tflite::{Error, Interpreter, InterpreterOptions, Model, ModelInfo, TensorType};

use super::{interpreter, model};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

fn hole(name: &str) -> Model {
    Model::from_file(models().join("holes").join(format!("{name}.tflite"))).expect("sound")
}

/// All models of the tests that are in one folder, with the files' names.
fn all(folder: &str) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(models().join(folder)).expect("there");
    let mut all: Vec<_> = files
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "tflite"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            (name.into_owned(), std::fs::read(&path).expect("readable"))
        })
        .collect();
    all.sort();
    assert!(!all.is_empty(), "{folder}");
    all
}

/// Runs a model as it is.
fn run(model: &Model) -> tflite::Result<()> {
    let mut interpreter = Interpreter::new(model, InterpreterOptions::new())?;
    interpreter.invoke()?;
    for index in 0..interpreter.output_count() {
        let output = interpreter.output(index)?;
        if output.dtype().is_plain() {
            output.bytes()?;
        }
    }
    Ok(())
}

#[test]
fn models_cut_at_every_power_of_two() {
    let (mut refused, mut accepted) = (0, 0);
    for folder in [".", "holes", "accepted", "shapes"] {
        for (name, whole) in all(folder) {
            for length in (0..).map(|power| 1_usize << power) {
                if length >= whole.len() {
                    break;
                }
                match Model::from_bytes(&whole[..length]) {
                    Err(Error::InvalidModel { .. } | Error::UnsoundModel { .. }) => refused += 1,
                    Err(error) => panic!("{name}, {length} bytes: {error}"),
                    // What is cut off may be files that were appended.
                    Ok(model) => {
                        accepted += 1;
                        let _ = run(&model);
                    }
                }
            }
        }
    }
    assert!(refused > 300, "{refused}");
    assert!(accepted <= 1, "{accepted}");
}

#[test]
fn weights_at_the_end_of_the_address_space() {
    let mut bytes = std::fs::read(models().join("refused/offset_wraps.tflite")).expect("there");
    let there = (u64::MAX - 3).to_le_bytes();
    let at = bytes.windows(8).position(|window| window == there);
    let at = at.expect("the offset that the script wrote");
    for offset in [u64::MAX, u64::MAX - 1, u64::MAX / 2, 1 << 63] {
        bytes[at..at + 8].copy_from_slice(&offset.to_le_bytes());
        let error = Model::from_bytes(&bytes).expect_err("outside");
        assert!(matches!(error, Error::UnsoundModel { .. }), "{error}");
        assert!(error.to_string().contains(&offset.to_string()), "{error}");
    }
}

#[test]
fn operators_of_a_runtime_to_come() {
    let new = |name| Interpreter::new(&hole(name), InterpreterOptions::new());
    // The number is kept as it is; it is no value of a Rust enum.
    let info = hole("newer_operator").info().expect("well-formed");
    let operator = &info.subgraphs[0].operators[0];
    assert!(operator.name.contains("9999"), "{operator:?}");
    let result = new("newer_operator");
    let Err(Error::CreateInterpreter { log }) = result else {
        panic!("{result:?}")
    };
    assert!(log.contains("9999"), "{log}");

    let info = hole("newer_version").info().expect("well-formed");
    assert_eq!(info.subgraphs[0].operators[0].version, 99);
    let result = new("newer_version");
    let Err(Error::CreateInterpreter { log } | Error::Runtime { log, .. }) = result else {
        panic!("{result:?}")
    };
    assert!(log.contains("99"), "{log}");
}

#[test]
fn more_dimensions_than_arrays_in_c_have() {
    let mut interpreter = Interpreter::new(&hole("many_dimensions"), Default::default())
        .expect("the runtime's kernels take them");
    let mut input = interpreter.input_mut(0).expect("one");
    input.copy_from_slice(&[1.0_f32, 2.0, 3.0]).expect("three");
    interpreter.invoke().expect("valid");
    let output = interpreter.output(0).expect("one");
    assert_eq!(output.shape(), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3]);
    assert_eq!(output.data::<f32>().expect("floats"), [1.0, 2.0, 3.0]);
}

#[test]
fn tensors_without_a_name() {
    let mut interpreter = Interpreter::new(&hole("nameless"), Default::default()).expect("sound");
    assert_eq!(interpreter.input(0).expect("one").name(), "");
    assert_eq!(interpreter.input_index(""), Some(0));
    let error = interpreter.input_mut(0).expect("one");
    let error = error.data::<i8>().expect_err("floats");
    assert!(error.to_string().contains("input 0"), "{error}");
    interpreter.invoke().expect("valid");
}

#[test]
fn a_model_of_nothing() {
    let mut interpreter =
        Interpreter::new(&hole("nothing_at_all"), Default::default()).expect("sound");
    assert_eq!(interpreter.input_count(), 0);
    assert_eq!(interpreter.output_count(), 0);
    for index in [0, 1, usize::MAX] {
        assert!(matches!(
            interpreter.input(index),
            Err(Error::NoSuchTensor { count: 0, .. })
        ));
        assert!(matches!(
            interpreter.output(index),
            Err(Error::NoSuchTensor { count: 0, .. })
        ));
        let resized = interpreter.resize_input(index, &[1]);
        assert!(matches!(resized, Err(Error::NoSuchTensor { count: 0, .. })));
    }
    interpreter.invoke().expect("nothing to do");
}

#[test]
fn products_of_dimensions_do_not_wrap() {
    let mut interpreter = interpreter("dynamic_batch");
    let max = i32::MAX as usize;
    let long = [1; 100];
    let shapes: [&[usize]; 5] = [
        &[max; 3],
        &[max; 8],
        &[1 << 32, 1 << 32, 1 << 32, 1 << 32],
        // What a cast to 32 bits would make [8, 4].
        &[4_294_967_304, 4],
        &long,
    ];
    for shape in shapes {
        let error = interpreter.resize_input(0, shape).expect_err("impossible");
        let Error::InvalidShape { shape: refused, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(refused, *shape);
        // SAFETY: no tensor has such a shape, and it is refused before the runtime sees it.
        let error = unsafe { interpreter.resize_inputs_relaxed(&[(0, shape)]) };
        assert!(matches!(
            error,
            Err(Error::InvalidShape { .. } | Error::Runtime { .. })
        ));
    }
    interpreter.resize_input(0, &[8, 4]).expect("possible");
    interpreter.invoke().expect("valid");
    assert_eq!(interpreter.output(0).expect("one").shape(), [8, 3]);
}

#[test]
fn outputs_without_memory_are_not_read() {
    // The output is allocated during the invocation.
    for options in [
        InterpreterOptions::new(),
        InterpreterOptions::new().xnnpack(tflite::Xnnpack::Off),
    ] {
        let mut interpreter = Interpreter::new(&model("dynamic_output"), options).expect("sound");
        for _ in 0..3 {
            let output = interpreter.output(0).expect("one");
            assert!(matches!(
                output.data::<i32>(),
                Err(Error::NotInvoked { .. })
            ));
            assert!(matches!(output.bytes(), Err(Error::NotInvoked { .. })));
            interpreter.invoke().expect("valid");
            let output = interpreter.output(0).expect("one");
            output.data::<i32>().expect("now it has");
            // Memory that was taken away again.
            interpreter.reset().expect("made anew");
        }
    }
}

#[test]
fn nothing_is_read_after_a_failed_allocation() {
    let mut interpreter = interpreter("dynamic_batch");
    interpreter.invoke().expect("valid");
    // SAFETY: there is no such memory.
    let result = unsafe { interpreter.resize_inputs_relaxed(&[(0, &[2_000_000_000, 4_000_000])]) };
    assert!(matches!(result, Err(Error::Runtime { .. })), "{result:?}");
    // Either all is as it was, or nothing can be had. An output of before is not among it.
    let output = interpreter.output(0).and_then(|output| {
        assert_eq!(output.shape(), [1, 3]);
        output.data::<f32>().map(<[f32]>::len)
    });
    assert!(
        matches!(
            output,
            Ok(3) | Err(Error::Poisoned { .. } | Error::NotInvoked { .. })
        ),
        "{output:?}"
    );
    interpreter.reset().expect("made anew");
    interpreter.invoke().expect("valid");
}

#[test]
fn numbers_of_types_are_not_trusted() {
    // Everything that a model can say of a tensor's type is a value here, or refused before.
    let mut seen = 0;
    for folder in [".", "holes", "accepted", "refused", "shapes"] {
        for (name, bytes) in all(folder) {
            let Ok(info) = ModelInfo::from_bytes(&bytes) else {
                continue;
            };
            for tensor in info.subgraphs.iter().flat_map(|graph| &graph.tensors) {
                seen += 1;
                let known = !matches!(tensor.dtype, TensorType::Unknown(_));
                assert!(known || Model::from_bytes(&bytes).is_err(), "{name}");
            }
        }
    }
    assert!(seen > 300, "{seen}");
}
