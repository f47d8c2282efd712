//! Bytes that are no model.

use tflite::{Error, Interpreter, InterpreterOptions, MAX_THREADS, Model, Status, TensorType};

use super::{bytes, model};

fn refused(bytes: &[u8]) -> String {
    match Model::from_bytes(bytes) {
        Err(Error::InvalidModel { bytes: length, log }) => {
            assert_eq!(length, bytes.len());
            assert!(!log.is_empty(), "the runtime says why");
            log
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_few_bytes() {
    let start = b"\x18\0\0\0TFL3";
    for length in 0..=start.len() {
        refused(&start[..length]);
    }
    refused(b"PK\x03\x04 something else entirely");
}

#[test]
fn truncated_models() {
    for name in ["add", "conv", "strings", "signatures"] {
        let whole = bytes(name);
        for length in (0..whole.len()).step_by(7) {
            refused(&whole[..length]);
        }
    }
}

#[test]
fn the_runtimes_words_are_in_the_error() {
    let log = refused(&bytes("add")[..400]);
    assert!(log.to_lowercase().contains("flatbuffer"), "{log}");
}

#[test]
fn an_operator_that_nobody_has() {
    let result = Interpreter::new(&model("unknown_operator"), Default::default());
    let Err(Error::Runtime { status, log, .. }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(status, Status::UnresolvedOps);
    assert!(log.contains("Nonesuch"), "{log}");
}

#[test]
fn thread_counts_out_of_range() {
    for threads in [0, MAX_THREADS + 1, usize::MAX] {
        let options = InterpreterOptions::new().threads(threads);
        let result = Interpreter::new(&model("add"), options);
        assert!(
            matches!(result, Err(Error::ThreadCount { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn inputs_that_nobody_could_write() {
    let result = Interpreter::new(&model("resource_input"), Default::default());
    let Err(Error::OpaqueType { tensor, dtype }) = result else {
        panic!("{result:?}")
    };
    assert_eq!((tensor.as_str(), dtype), ("input 1", TensorType::Resource));
}
