//! `tflite run` on the models of the library's parity test, with and without XNNPACK.
//!
//! `tests/parity/make.py` of the library has made the models and the values. The library's own test
//! compares more exactly; this is about names, shapes, types and signatures on their way.

use std::fs;

use serde_json::Value;

use crate::golden::compare;
use crate::npy::{self, Array};
use crate::{library, text, tflite};

/// An input or output: its name, if it has one, its type, its shape, and its elements.
struct Tensor {
    name: Option<String>,
    array: Array,
}

/// The next tensors of a file with values. `None` if they are strings.
fn read(types: &Value, rest: &mut &[u8]) -> Option<Vec<Tensor>> {
    let named: Vec<(Option<String>, &Value)> = match types {
        Value::Array(list) => list.iter().map(|one| (None, one)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, one)| (Some(name.clone()), one))
            .collect(),
        other => panic!("{other}"),
    };
    let read = |(name, one): (Option<String>, &Value)| {
        let dtype = one[0].as_str().expect("a type");
        if dtype == "string" {
            return None;
        }
        let shape: Vec<usize> = serde_json::from_value(one[1].clone()).expect("a shape");
        let descr = npy::descr(dtype);
        let size: usize = descr[2..].parse().expect("a size");
        let (bytes, left) = rest.split_at(size * shape.iter().product::<usize>());
        *rest = left;
        let array = Array {
            descr,
            shape,
            bytes: bytes.to_vec(),
        };
        Some(Tensor { name, array })
    };
    named.into_iter().map(read).collect()
}

/// Of each kernel there are some with so few digits that another order of operations shows.
const LOOSE: [&str; 2] = ["dynamic", "float16"];

#[test]
fn first_invocations_are_those_of_python() {
    let index = fs::read_to_string(library("parity/index.json")).expect("made by make.py");
    let index: Value = serde_json::from_str(&index).expect("an index");
    let folder = tempfile::tempdir().expect("a folder");
    let mut runs = 0;
    for (at, entry) in index["models"]
        .as_array()
        .expect("a list")
        .iter()
        .enumerate()
    {
        let (name, kind) = (&entry["name"], &entry["kind"]);
        let name = name.as_str().expect("a name");
        // A process each: every sixth model, and all with several signatures.
        let several = entry["invocations"][0]["inputs"].is_object();
        if LOOSE.iter().any(|loose| kind == loose) || (at % 6 != 0 && !several) {
            continue;
        }
        let invocation = &entry["invocations"][0];
        let bytes = fs::read(library(&format!("parity/data/{name}.bin"))).expect("made by make.py");
        let mut rest = &bytes[..];
        let Some(inputs) = read(&invocation["inputs"], &mut rest) else {
            continue;
        };
        let Some(outputs) = read(&invocation["outputs"], &mut rest) else {
            continue;
        };
        let path = library(&format!("parity/data/{name}.tflite"));
        let output = folder.path().join(name);
        let mut arguments = vec![
            "run".to_owned(),
            text(&path).to_owned(),
            "--no-xnnpack".to_owned(),
        ];
        arguments.extend(["--output".to_owned(), text(&output).to_owned()]);
        if let Some(key) = invocation["signature"].as_str() {
            arguments.extend(["--signature".to_owned(), key.to_owned()]);
        }
        for (at, input) in inputs.iter().enumerate() {
            let file = folder.path().join(format!("{at}.npy"));
            npy::write(&file, &input.array);
            let name = input.name.clone().unwrap_or_else(|| at.to_string());
            arguments.extend(["--input".to_owned(), format!("{name}={}", text(&file))]);
        }
        let arguments: Vec<_> = arguments.iter().map(|one| &one[..]).collect();
        let table = tflite(&arguments).good();
        assert_eq!(table.lines().count(), outputs.len(), "{name}: {table}");
        for (line, expected) in table.lines().zip(&outputs) {
            let file = match &expected.name {
                Some(name) => output.join(format!("{name}.npy")),
                None => {
                    let start = line.find(text(&output)).expect("the path of a file");
                    line[start..].trim().into()
                }
            };
            // A few kernels round halves otherwise on this build than on that of the golden values.
            compare(&npy::read(&file), &expected.array, 1, name);
        }
        runs += 1;
    }
    assert!(runs > 50, "only {runs}");
}
