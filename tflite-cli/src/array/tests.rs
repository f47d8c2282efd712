//! Files that NumPy has written, and NumPy reading ours.
//!
//! `tests/numpy/make.py` makes the files.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/numpy")
}

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().expect("digits").as_bytes();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("digits")
    };
    digits.chunks(2).map(byte).collect()
}

fn strings(list: &Value) -> Vec<Vec<u8>> {
    list.as_array().expect("a list").iter().map(hex).collect()
}

fn shape(list: &Value) -> Vec<usize> {
    serde_json::from_value(list.clone()).expect("a shape")
}

/// Fails if an array is not the one that the index describes.
#[track_caller]
fn check(file: &str, array: &Array, entry: &Value) {
    assert_eq!(array.shape, shape(&entry["shape"]), "{file}");
    assert_eq!(array.dtype().name(), entry["dtype"], "{file}");
    match &array.elements {
        Elements::Strings(actual) => assert_eq!(*actual, strings(&entry["strings"]), "{file}"),
        // The machines that this runs on have the byte order of the index.
        Elements::Plain(_, bytes) => assert_eq!(*bytes, hex(&entry["bytes"]), "{file}"),
    }
}

#[test]
fn arrays_of_numpy_are_read() {
    let text = std::fs::read_to_string(folder().join("index.json")).expect("made by make.py");
    let index: Value = serde_json::from_str(&text).expect("an index");
    let files = index["files"].as_array().expect("a list");
    for entry in files {
        let file = entry["file"].as_str().expect("a name");
        let expected = entry["arrays"].as_array().expect("a list");
        match read(&folder().join(file)).expect("valid") {
            Content::Array(array) => check(file, &array, &expected[0]),
            Content::Arrays(arrays) => {
                assert_eq!(arrays.len(), expected.len(), "{file}");
                for ((name, array), expected) in arrays.iter().zip(expected) {
                    assert_eq!(*name, expected["name"]);
                    check(file, array, expected);
                }
            }
            Content::Lines(_) => panic!("{file} is no text"),
        }
    }
    assert!(files.len() > 25, "only {} files", files.len());
}

/// A Python that has NumPy: one that the user names, that of the project's own tools, or any.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root.join("target"));
    let named = std::env::var_os("PYTHON").map(PathBuf::from);
    let own = target.join("tools/python/bin/python");
    let any = PathBuf::from("python3");
    named.into_iter().chain([own, any]).find(|python| {
        let output = Command::new(python).args(["-c", "import numpy"]).output();
        output.is_ok_and(|output| output.status.success())
    })
}

#[test]
fn arrays_are_read_by_numpy() {
    let Some(python) = python() else {
        println!("skipped: neither $PYTHON nor python3 has NumPy");
        return;
    };
    let plain = |dtype, shape: &[usize], bytes: usize| Array {
        shape: shape.to_vec(),
        elements: Elements::Plain(dtype, (0..bytes).map(|byte| byte as u8).collect()),
    };
    let arrays = [
        ("|b1", plain(TensorType::Bool, &[2], 2)),
        ("|i1", plain(TensorType::Int8, &[2, 3], 6)),
        ("<i2", plain(TensorType::Int16, &[2, 3], 12)),
        ("<i4", plain(TensorType::Int32, &[6], 24)),
        ("<i8", plain(TensorType::Int64, &[1, 1, 2], 16)),
        ("|u1", plain(TensorType::UInt8, &[0, 4], 0)),
        ("<u2", plain(TensorType::UInt16, &[], 2)),
        ("<u4", plain(TensorType::UInt32, &[2], 8)),
        ("<u8", plain(TensorType::UInt64, &[2], 16)),
        ("<f2", plain(TensorType::Float16, &[2, 2], 8)),
        ("<f4", plain(TensorType::Float32, &[2, 2], 16)),
        ("<f8", plain(TensorType::Float64, &[2, 2], 32)),
        ("<c8", plain(TensorType::Complex64, &[3], 24)),
        ("<c16", plain(TensorType::Complex128, &[3], 48)),
        ("|V2", plain(TensorType::BFloat16, &[2, 2], 8)),
        (
            "|S6",
            Array {
                shape: vec![2, 2],
                elements: Elements::Strings(
                    ["", "a", "Größe!", "x\0y"]
                        .map(|text| text.as_bytes()[..text.len().min(6)].to_vec())
                        .to_vec(),
                ),
            },
        ),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let named: Vec<_> = (arrays.iter().enumerate())
        .map(|(index, (_, array))| (format!("array_{index}"), array.clone()))
        .collect();
    let files = write(folder.path(), Format::Folder, &named).expect("writable");
    let archive = folder.path().join("all.npz");
    write(&archive, Format::Archive, &named).expect("writable");
    let output = Command::new(&python)
        .arg(self::folder().join("check.py"))
        .args(&files)
        .output()
        .expect("Python");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    let read: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for (at, (descr, array)) in arrays.iter().enumerate() {
        let entry = &read[at];
        assert_eq!(entry["descr"], *descr);
        assert_eq!(shape(&entry["shape"]), array.shape);
        match &array.elements {
            Elements::Strings(expected) => assert_eq!(strings(&entry["strings"]), *expected),
            Elements::Plain(_, bytes) => assert_eq!(hex(&entry["bytes"]), *bytes, "{descr}"),
        }
    }
    let list = "import sys, numpy as n; print(*n.load(sys.argv[1]).files)";
    let output = Command::new(&python)
        .args(["-c", list])
        .arg(archive)
        .output();
    let names = String::from_utf8(output.expect("Python").stdout).expect("text");
    let expected: Vec<_> = named.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names.split_whitespace().collect::<Vec<_>>(), expected);
}
