//! What goes into `tflite run`, and what must not.

use std::fs;
use std::path::Path;

use crate::npy::{self, Array};
use crate::{model, text, tflite};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A file with so many numbers from 1 on.
fn floats(folder: &Path, name: &str, shape: &[usize]) -> String {
    let path = folder.join(name);
    let count = shape.iter().product::<usize>();
    let array = Array {
        descr: "<f4".to_owned(),
        shape: shape.to_vec(),
        bytes: (1..=count)
            .flat_map(|number| (number as f32).to_le_bytes())
            .collect(),
    };
    npy::write(&path, &array);
    text(&path).to_owned()
}

fn numpy(name: &str) -> String {
    format!("tests/numpy/{name}")
}

#[test]
fn inputs_are_found_by_each_of_their_names() {
    let folder = folder();
    let file = floats(folder.path(), "a=b.npy", &[3]);
    for name in ["x=", "serving_default_x:0=", "0=", ""] {
        let output = tflite(&["run", &model("add"), "--input", &format!("{name}{file}")]).good();
        assert_eq!(output, "output_0 float32 [3]\n[2. 4. 6.]\n", "{name:?}");
    }
    let wrong = format!("y={file}");
    tflite(&["run", &model("add"), "-i", &wrong]).bad(2, &["no input \"y\"", "[\"x\"]"]);
    tflite(&["run", &model("add"), "-i", &file, "-i", &file]).bad(2, &["\"x\"", "twice"]);
    tflite(&["run", &model("add_two"), "-i", &file]).bad(2, &["which input"]);
}

#[test]
fn a_missing_input_is_named() {
    tflite(&["run", &model("add")]).bad(2, &["\"x\"", "float32", "[3]", "--seed"]);
    tflite(&["run", &model("no_input")]).good();
    // The model has a value for one of its inputs.
    tflite(&["run", &model("constant_input"), "--seed", "1"]).good();
}

#[test]
fn open_dimensions_take_the_arrays_length() {
    let folder = folder();
    let file = floats(folder.path(), "x.npy", &[7, 4]);
    let output = tflite(&["run", &model("dynamic_batch"), "-i", &file]).good();
    assert!(output.contains("float32 [7, 3]"), "{output}");
    for shape in [&[7, 5][..], &[7], &[7, 4, 1], &[]] {
        let file = floats(folder.path(), "y.npy", shape);
        let words = ["y.npy", &format!("{shape:?}"), "[-1, 4]"];
        tflite(&["run", &model("dynamic_batch"), "-i", &file]).bad(5, &words);
    }
    let shape = ["--shape", "2,4", "--seed", "1"];
    let output = tflite(&[&["run", &model("dynamic_batch")], &shape[..]].concat()).good();
    assert!(output.contains("float32 [2, 3]"), "{output}");
    tflite(&["run", &model("add"), "--shape", "x=4", "--seed", "1"]).bad(5, &["--shape", "[3]"]);
    let huge = ["--shape", "99999999999,4", "--seed", "1"];
    tflite(&[&["run", &model("dynamic_batch")], &huge[..]].concat()).bad(5, &["2147483647"]);
    tflite(&["run", &model("add"), "--shape", "y=4", "--seed", "1"]).bad(2, &["\"y\""]);
    let both = ["-i", &file, "--shape", "7,4"];
    tflite(&[&["run", &model("dynamic_batch")], &both[..]].concat()).bad(2, &["has a file"]);
}

#[test]
fn signatures_have_inputs_of_their_own() {
    let folder = folder();
    let file = floats(folder.path(), "x.npy", &[3]);
    let path = model("signatures");
    let (a, b) = (format!("a={file}"), format!("b={file}"));
    let sum = ["--signature", "sum", "-i", &a, "-i", &b];
    let output = tflite(&[&["run", &path], &sum[..]].concat()).good();
    assert_eq!(output, "total float32 [3]\n[2. 4. 6.]\n");
    tflite(&["run", &path, "--signature", "nonesuch"]).bad(2, &["\"nonesuch\"", "\"sum\""]);
}

#[test]
fn types_must_be_those_of_the_inputs() {
    for name in ["float64.npy", "int32.npy", "text.npy", "bool.npy"] {
        let words = [name, "\"x\"", "float32"];
        tflite(&["run", &model("add"), "-i", &numpy(name)]).bad(5, &words);
    }
}

#[test]
fn strings_come_from_arrays_and_from_lines() {
    let folder = folder();
    let path = model("strings");
    let file = folder.path().join("words.txt");
    fs::write(&file, "yes\nno\nyes\n").expect("writable");
    let file = text(&file);
    let output = tflite(&["run", &path, "-i", file]).good();
    assert!(output.contains("[ True False  True]"), "{output}");
    fs::write(file, "yes\n").expect("writable");
    tflite(&["run", &path, "-i", file]).bad(5, &["words.txt", "[1]"]);
}

#[test]
fn strings_go_out_as_bytes() {
    let folder = folder();
    let words = folder.path().join("words.txt");
    fs::write(&words, "yes\n\nGrüße\n").expect("writable");
    let arguments = [
        "run",
        &model("strings"),
        "-i",
        text(&words),
        "-o",
        text(folder.path()),
    ];
    tflite(&arguments).good();
    let output = npy::read(&folder.path().join("output_0.npy"));
    let padded = b"yes\0\0\0\0\0\0\0\0\0\0\0Gr\xc3\xbc\xc3\x9fe";
    assert_eq!(output.descr, "|S7");
    assert_eq!(output.shape, [3, 1]);
    assert_eq!(output.bytes, padded);
}

#[test]
fn archives_name_their_arrays() {
    let folder = folder();
    let (path, archive) = (model("add_two"), folder.path().join("both.npz"));
    let archive = text(&archive);
    // What this program writes, it can read: the outputs of one model as inputs of another.
    let written = ["--signature", "sum", "--seed", "5", "--output", archive];
    tflite(&[&["run", &model("signatures")], &written[..]].concat()).good();
    let words = ["no input \"total\"", "\"a\"", "\"b\""];
    tflite(&["run", &path, "-i", archive]).bad(2, &words);
    // The only array of an archive needs no name.
    let file = floats(folder.path(), "b.npy", &[3]);
    let (a, b) = (format!("a={archive}"), format!("b={file}"));
    tflite(&["run", &path, "-i", &a, "-i", &b]).good();
    let a = format!("a={}", numpy("stored.npz"));
    let words = ["no array \"a\"", "\"text\""];
    tflite(&["run", &path, "-i", &a, "-i", &b]).bad(2, &words);
}

#[test]
fn random_inputs_are_the_same_every_time() {
    let run = |seed| tflite(&["run", &model("add"), "--seed", seed]).good();
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
    // SplitMix64 from 0 starts with e220a839 7b1dcdaf, 6e789e6a a1b965f4, 06c45d18 8009454f: the
    // upper 24 bits, divided by 2^23, minus 1; and this model doubles.
    let expected = [0xe220a8_u32, 0x6e789e, 0x06c45d].map(|bits| {
        let real = 2.0 * (f64::from(bits) / f64::from(1 << 23) - 1.0);
        (real as f32).to_le_bytes()
    });
    let folder = folder();
    tflite(&[
        "run",
        &model("add"),
        "--seed",
        "0",
        "-o",
        text(folder.path()),
    ])
    .good();
    let output = npy::read(&folder.path().join("output_0.npy"));
    assert_eq!(output.bytes, expected.concat());
}

#[test]
fn damaged_arrays_are_named() {
    let folder = folder();
    let path = model("add");
    let whole = fs::read(floats(folder.path(), "whole.npy", &[3])).expect("written");
    let file = folder.path().join("x.npy");
    let run = |bytes: &[u8]| {
        fs::write(&file, bytes).expect("writable");
        tflite(&["run", &path, "-i", text(&file)])
    };
    run(&whole[..whole.len() - 1]).bad(5, &["x.npy", "needs 12 bytes", "has 11"]);
    run(&[&whole[..], &[0]].concat()).bad(5, &["x.npy", "goes on"]);
    run(b"").bad(5, &["x.npy", "neither"]);
    run(b"\x93NUMPY").bad(5, &["x.npy", "header"]);
    run(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").bad(5, &["x.npy", "4294967295 bytes", "10000"]);
    run(b"PK\x03\x04 is no archive").bad(5, &["x.npy", "archive"]);
    // A header that promises 4 GiB, and one that promises more than there are addresses.
    let lie = |shape: &str| {
        let text = format!("{{'descr':'<f4','fortran_order':False,'shape':({shape})}}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(text.len()).expect("short").to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    };
    run(&lie("1073741824,")).bad(5, &["x.npy", "needs 4294967296 bytes"]);
    run(&lie("1099511627776,1099511627776")).bad(5, &["x.npy", "more than 4294967296 bytes"]);
    run(&lie("-1,")).bad(5, &["x.npy", "shape"]);
    fs::remove_file(&file).expect("removable");
    tflite(&["run", &path, "-i", text(&file)]).bad(4, &["x.npy", "No such file"]);
    tflite(&["run", &path, "-i", text(folder.path())]).bad(4, &["directory"]);
}

#[test]
fn a_failure_of_the_runtime_is_one() {
    let folder = folder();
    let file = folder.path().join("x.npy");
    let far = Array {
        descr: "<i4".to_owned(),
        shape: vec![3],
        bytes: [0, 1_000_000, 0]
            .iter()
            .flat_map(|index: &i32| index.to_le_bytes())
            .collect(),
    };
    npy::write(&file, &far);
    tflite(&["run", &model("gather"), "-i", text(&file)]).bad(1, &["running the model", "gather"]);
}

#[test]
fn outputs_stay_in_their_folder_and_are_whole() {
    let folder = folder();
    let out = folder.path().join("new/folder");
    let arguments = ["run", &model("odd_name"), "--seed", "1", "-o", text(&out)];
    tflite(&arguments).good();
    let files: Vec<_> = fs::read_dir(&out).expect("made").collect();
    assert_eq!(files.len(), 1);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    // A second time replaces the file, and leaves nothing else.
    tflite(&arguments).good();
    assert_eq!(fs::read_dir(&out).expect("made").count(), 1);
    // A file where the folder should be.
    let file = floats(folder.path(), "x.npy", &[3]);
    tflite(&["run", &model("add"), "-i", &file, "-o", &file]).bad(4, &["cannot write", "x.npy"]);
}

#[test]
fn labels_are_shown_with_the_best_scores() {
    let folder = folder();
    let file = floats(folder.path(), "x.npy", &[3]);
    let labels = folder.path().join("labels.txt");
    fs::write(&labels, "one\ntwo\nthree\n").expect("writable");
    let arguments = [
        "run",
        &model("add"),
        "-i",
        &file,
        "--labels",
        text(&labels),
        "--top-k",
        "2",
    ];
    let output = tflite(&arguments).good();
    let expected = "output_0 float32 [3]\n[2. 4. 6.]\n\n  three  6.0000\n  two    4.0000\n";
    assert_eq!(output, expected);
    fs::write(&labels, "one\ntwo\n").expect("writable");
    tflite(&arguments).bad(5, &["last dimension of 2"]);
    fs::write(&labels, "").expect("writable");
    tflite(&arguments).bad(5, &["no labels", "labels.txt"]);
    fs::write(&labels, b"\xff\n").expect("writable");
    tflite(&arguments).bad(4, &["labels.txt"]);
}
