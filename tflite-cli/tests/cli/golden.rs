//! `tflite run` computes what the official Python interpreter has computed.
//!
//! `tests/models/make.py` of the library has written those values.

use std::fs;

use serde_json::Value;

use crate::npy::{self, Array};
use crate::{library, model, text, tflite};

/// The bytes of numbers in JSON.
fn bytes(dtype: &str, data: &Value) -> Vec<u8> {
    fn flat<'a>(value: &'a Value, into: &mut Vec<&'a Value>) {
        match value {
            Value::Array(list) => list.iter().for_each(|one| flat(one, into)),
            one => into.push(one),
        }
    }
    let mut list = Vec::new();
    flat(data, &mut list);
    let mut bytes = Vec::new();
    for value in list {
        let integer = || value.as_i64().expect("an integer");
        match dtype {
            "float32" => {
                let real = value.as_f64().expect("a number") as f32;
                bytes.extend(real.to_le_bytes());
            }
            "float64" => bytes.extend(value.as_f64().expect("a number").to_le_bytes()),
            "bool" => bytes.push(match value {
                Value::Bool(value) => u8::from(*value),
                number => u8::from(number.as_i64() != Some(0)),
            }),
            "int8" | "uint8" => bytes.push(integer() as u8),
            "int16" => bytes.extend((integer() as i16).to_le_bytes()),
            "int32" | "uint32" => bytes.extend((integer() as u32).to_le_bytes()),
            "int64" => bytes.extend(integer().to_le_bytes()),
            other => panic!("{other}"),
        }
    }
    bytes
}

fn array(entry: &Value) -> Array {
    let dtype = entry["dtype"].as_str().expect("a type");
    Array {
        descr: npy::descr(dtype),
        shape: serde_json::from_value(entry["shape"].clone()).expect("a shape"),
        bytes: bytes(dtype, &entry["data"]),
    }
}

/// Fails if floating-point numbers are further apart than kernels may be, single bytes by more than
/// so many steps of quantization, or others at all.
#[track_caller]
pub(crate) fn compare(actual: &Array, expected: &Array, steps: u8, what: &str) {
    assert_eq!(actual.descr, expected.descr, "{what}");
    assert_eq!(actual.shape, expected.shape, "{what}");
    let floats = |array: &Array| -> Vec<f32> {
        let (chunks, _) = array.bytes.as_chunks();
        chunks
            .iter()
            .map(|chunk| f32::from_le_bytes(*chunk))
            .collect()
    };
    if let "|i1" | "|u1" = &*actual.descr {
        let bytes = actual.bytes.iter().zip(&expected.bytes);
        // In a circle, which is no matter for neighbours.
        let apart =
            |(one, other): (&u8, &u8)| one.wrapping_sub(*other).cast_signed().unsigned_abs();
        let most = bytes.map(apart).max().unwrap_or(0);
        assert!(most <= steps, "{what}: {most} steps");
        assert_eq!(actual.bytes.len(), expected.bytes.len(), "{what}");
        return;
    }
    if actual.descr != "<f4" {
        assert_eq!(actual.bytes, expected.bytes, "{what}");
        return;
    }
    for (one, other) in floats(actual).into_iter().zip(floats(expected)) {
        let close = (one - other).abs() <= 1e-5 * other.abs().max(1.0);
        assert!(
            close || one.to_bits() == other.to_bits(),
            "{what}: {one} is not {other}"
        );
    }
}

#[test]
fn outputs_are_those_of_python() {
    let json = fs::read_to_string(library("models/golden.json")).expect("made by make.py");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let mut invocations = 0;
    for entry in json["models"].as_array().expect("a list") {
        let name = entry["model"].as_str().expect("a name");
        for (at, invocation) in entry["invocations"]
            .as_array()
            .expect("a list")
            .iter()
            .enumerate()
        {
            // Each run starts afresh; what a model remembers is for the library's tests. Python has
            // given the other one shapes that the model does not leave open.
            if (name == "counter" && at > 0) || name == "concat" {
                continue;
            }
            let path = model(name);
            let mut arguments = vec!["run".to_owned(), path];
            for (index, input) in invocation["inputs"]
                .as_array()
                .expect("a list")
                .iter()
                .enumerate()
            {
                let file = folder.path().join(format!("{name}_{at}_{index}.npy"));
                npy::write(&file, &array(input));
                arguments.extend(["--input".to_owned(), format!("{index}={}", text(&file))]);
            }
            let output = folder.path().join(format!("{name}_{at}"));
            arguments.extend(["--output".to_owned(), text(&output).to_owned()]);
            let arguments: Vec<_> = arguments.iter().map(|one| &one[..]).collect();
            let table = tflite(&arguments).good();
            let outputs = invocation["outputs"].as_array().expect("a list");
            assert_eq!(table.lines().count(), outputs.len(), "{name}: {table}");
            for (line, expected) in table.lines().zip(outputs) {
                // The path is the last one in its line, in the order of the outputs.
                let start = line.find(text(&output)).expect("the path of a file");
                let actual = npy::read(line[start..].trim().as_ref());
                compare(
                    &actual,
                    &array(expected),
                    0,
                    &format!("{name}, invocation {at}"),
                );
            }
            invocations += 1;
        }
    }
    assert!(invocations > 30, "only {invocations}");
}

/// Types that NumPy has not, or that are rare: `dtypes.py` of the library has written the values.
#[test]
fn rare_types_go_in_and_out() {
    let json = fs::read_to_string(library("models/dtypes.json")).expect("made by dtypes.py");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let models = json["models"].as_array().expect("a list");
    let find = |name: &str| {
        let mut models = models.iter();
        &models.find(|one| one["model"] == name).expect(name)["invocations"][0]
    };
    let folder = tempfile::tempdir().expect("a folder");

    // float32 to packed integers, which come out as int8 and uint8.
    let golden = find("packed");
    let input = folder.path().join("x.npy");
    let hex = golden["inputs"][0].as_str().expect("digits");
    let bytes = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16));
    let bytes: Result<Vec<u8>, _> = bytes.collect();
    let bytes = bytes.expect("digits");
    let descr = "<f4".to_owned();
    npy::write(
        &input,
        &Array {
            descr,
            shape: vec![5],
            bytes,
        },
    );
    let (model, archive) = (model("packed"), folder.path().join("y"));
    let arguments = ["run", &model, "--input", text(&input), "-o", text(&archive)];
    tflite(&arguments).good();
    for (at, (name, descr)) in [("int4", "|i1"), ("uint4", "|u1"), ("int2", "|i1")]
        .iter()
        .enumerate()
    {
        let actual = npy::read(&archive.join(format!("{name}.npy")));
        let expected = golden["outputs"][at].as_array().expect("a list");
        let expected: Vec<_> = expected
            .iter()
            .map(|one| one.as_f64().expect("a number") as i64 as u8)
            .collect();
        assert_eq!(
            (actual.descr, actual.bytes),
            ((*descr).to_owned(), expected),
            "{name}"
        );
    }

    // int8 to int4, of which some do not fit.
    let golden = find("int4");
    let int4 = |bytes: &[i8]| {
        let bytes = bytes.iter().map(|byte| byte.cast_unsigned()).collect();
        npy::write(
            &input,
            &Array {
                descr: "|i1".to_owned(),
                shape: vec![5],
                bytes,
            },
        );
        tflite(&[
            "run",
            &crate::model("int4"),
            "--input",
            text(&input),
            "-o",
            text(&archive),
        ])
    };
    int4(&[-8, -1, 0, 1, 7]).good();
    let expected = array(&serde_json::json!({
        "dtype": "float32", "shape": [5], "data": golden["outputs"][0],
    }));
    compare(&npy::read(&archive.join("y.npy")), &expected, 0, "int4");
    int4(&[-8, -1, 0, 1, 8]).bad(5, &["x.npy", "8", "int4"]);
}
