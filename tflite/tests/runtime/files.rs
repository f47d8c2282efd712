//! Where models come from.

use std::fs;

use tflite::{Error, Interpreter, Model};

use super::{bytes, double, interpreter, path};

#[test]
fn all_sources_give_the_same_model() {
    static ADD: &[u8] = include_bytes!("../models/add.tflite");
    // SAFETY: nobody changes the files of the tests.
    let mapped = unsafe { Model::from_mmap(path("add")) }.expect("mapped");
    let models = [
        mapped,
        Model::from_file(path("add")).expect("read"),
        Model::from_bytes(bytes("add")).expect("copied"),
        Model::from_bytes(&bytes("add")[..]).expect("copied"),
        Model::from_static(ADD).expect("used in place, or copied"),
    ];
    for model in &models {
        assert_eq!(model.as_bytes(), ADD);
        let mut interpreter = Interpreter::new(model, Default::default()).expect("valid");
        assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
    }
}

#[test]
fn unaligned_bytes_are_aligned() {
    let add = bytes("add");
    for offset in 1..16 {
        let mut shifted = vec![0; offset];
        shifted.extend(&add);
        let model = Model::from_bytes(&shifted[offset..]).expect("copied");
        assert_eq!(model.as_bytes().as_ptr().addr() % 64, 0);
    }
}

#[test]
fn a_file_may_change_after_it_was_read() {
    let folder = std::env::temp_dir().join(format!("tflite-native-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("changing.tflite");
    fs::copy(path("add"), &file).expect("a copy");
    let model = Model::from_file(&file).expect("valid");
    let mut interpreter = Interpreter::new(&model, Default::default()).expect("valid");
    fs::write(&file, [0; 10]).expect("overwritten");
    fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for missing in ["no/such/file.tflite", "nul\0inside.tflite", "/"] {
        for result in [
            Model::from_file(missing),
            // SAFETY: there is no such file.
            unsafe { Model::from_mmap(missing) },
        ] {
            let error = result.expect_err("no such file");
            assert!(matches!(error, Error::ReadModel { .. }), "{error}");
            assert!(error.to_string().contains(missing), "{error}");
            assert!(std::error::Error::source(&error).is_some());
        }
    }
}

#[test]
fn an_empty_file_is_no_model() {
    let file = std::env::temp_dir().join(format!("tflite-native-empty-{}", std::process::id()));
    fs::write(&file, []).expect("written");
    let read = Model::from_file(&file);
    // SAFETY: nobody changes the file.
    let mapped = unsafe { Model::from_mmap(&file) };
    fs::remove_file(&file).expect("removed");
    assert!(
        matches!(read, Err(Error::InvalidModel { bytes: 0, .. })),
        "{read:?}"
    );
    assert!(matches!(mapped, Err(Error::ReadModel { .. })), "{mapped:?}");
}

#[test]
fn a_name_that_is_not_utf_8_is_shown_with_replacements() {
    assert_eq!(
        interpreter("odd_name").input(0).expect("input").name(),
        "caf\u{fffd}"
    );
}
