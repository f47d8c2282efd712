//! Values that kernels must not be given: each is an error, and what is good at the limits still
//! works.
//!
//! `tests/models/hostile.py` makes the models, with the values and what they give.

use serde::Deserialize;
use serde_json::{Number, Value};
use tflite::{Error, Interpreter, InterpreterOptions, Model, Operation, TensorType, Xnnpack};

use crate::path;

#[derive(Deserialize)]
struct Case {
    /// None if it is about types and ranks only.
    model: Option<String>,
    good: Vec<Good>,
    bad: Vec<Bad>,
    constant: Vec<Constant>,
}

#[derive(Deserialize)]
struct Good {
    inputs: Vec<Value>,
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    shape: Vec<usize>,
    data: Vec<Number>,
}

/// Values for the inputs, and words that the error has.
#[derive(Deserialize)]
struct Bad {
    inputs: Vec<Value>,
    words: String,
}

/// A model with such values inside.
#[derive(Deserialize)]
struct Constant {
    model: String,
    words: String,
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(path("hostile/cases").with_extension("json"));
    serde_json::from_str(&text.expect("made by hostile.py")).expect("as hostile.py writes it")
}

fn model(name: &str) -> Model {
    Model::from_file(path(&format!("hostile/{name}"))).expect("the values are not the verifier's")
}

/// The numbers of nested lists, or of one number.
fn numbers(value: &Value) -> Vec<Number> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        Value::Number(number) => vec![number.clone()],
        _ => panic!("{value} is no number"),
    }
}

fn fill(interpreter: &mut Interpreter, inputs: &[Value]) {
    assert_eq!(interpreter.input_count(), inputs.len());
    for (index, value) in inputs.iter().enumerate() {
        let mut input = interpreter.input_mut(index).expect("there");
        let numbers = numbers(value);
        let whole = || numbers.iter().map(|number| number.as_i64().expect("whole"));
        match input.dtype() {
            TensorType::Int32 => {
                let values: Vec<i32> = whole().map(|n| n.try_into().expect("i32")).collect();
                input.copy_from_slice(&values)
            }
            TensorType::Int64 => input.copy_from_slice(&whole().collect::<Vec<_>>()),
            TensorType::Float32 => {
                let values = numbers.iter().map(|n| n.as_f64().expect("f64") as f32);
                input.copy_from_slice(&values.collect::<Vec<_>>())
            }
            other => panic!("{other:?}"),
        }
        .expect("as many as the tensor has");
    }
}

fn output(interpreter: &Interpreter, index: usize) -> Vec<f64> {
    let output = interpreter.output(index).expect("there");
    match output.dtype() {
        TensorType::Float32 => {
            let values = output.data::<f32>().expect("f32");
            values.iter().copied().map(f64::from).collect()
        }
        TensorType::Int32 => {
            let values = output.data::<i32>().expect("i32");
            values.iter().copied().map(f64::from).collect()
        }
        TensorType::Int64 => {
            let values = output.data::<i64>().expect("i64");
            values.iter().map(|&value| value as f64).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn computes(interpreter: &mut Interpreter, name: &str, good: &Good) {
    fill(interpreter, &good.inputs);
    interpreter
        .invoke()
        .unwrap_or_else(|error| panic!("{name} {:?}: {error}", good.inputs));
    for (index, expected) in good.outputs.iter().enumerate() {
        let shape = interpreter.output(index).expect("there").shape();
        assert_eq!(shape, expected.shape[..], "{name} {:?}", good.inputs);
        let data: Vec<f64> = expected
            .data
            .iter()
            .map(|n| n.as_f64().expect("f64"))
            .collect();
        assert_eq!(output(interpreter, index), data, "{name} {:?}", good.inputs);
    }
}

fn with(xnnpack: Xnnpack) {
    let cases = cases();
    assert!(cases.len() > 35, "{}", cases.len());
    for case in &cases {
        let Some(name) = &case.model else { continue };
        let options = InterpreterOptions::new().xnnpack(xnnpack.clone());
        let mut interpreter = Interpreter::new(&model(name), options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for good in &case.good {
            computes(&mut interpreter, name, good);
        }
        for bad in &case.bad {
            fill(&mut interpreter, &bad.inputs);
            let error = interpreter.invoke();
            let Err(Error::Runtime {
                operation: Operation::Invoke,
                log,
                ..
            }) = error
            else {
                panic!("{name} {:?}: {error:?}", bad.inputs)
            };
            assert!(log.contains(&bad.words), "{name} {:?}: {log}", bad.inputs);
            interpreter.reset().expect("heals");
            if let Some(good) = case.good.first() {
                computes(&mut interpreter, name, good);
            }
        }
    }
}

#[test]
fn bad_values_are_errors() {
    with(Xnnpack::Off);
}

#[test]
fn bad_values_are_errors_with_xnnpack() {
    with(Xnnpack::default());
}

#[test]
fn bad_constants_are_errors_before_anything_runs() {
    let constants: Vec<_> = cases().into_iter().flat_map(|case| case.constant).collect();
    assert!(constants.len() > 40, "{}", constants.len());
    for constant in &constants {
        for xnnpack in [Xnnpack::Off, Xnnpack::default()] {
            let options = InterpreterOptions::new().xnnpack(xnnpack);
            let error = Interpreter::new(&model(&constant.model), options)
                .err()
                .unwrap_or_else(|| panic!("{} was accepted", constant.model));
            let text = error.to_string();
            assert!(text.contains(&constant.words), "{}: {text}", constant.model);
        }
    }
}

/// Operators by their names, in lower case and without what joins words.
fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// What follows `prefix` in a text, each time.
fn names(text: &str, prefix: &str) -> std::collections::BTreeSet<String> {
    text.split(prefix)
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric());
            plain(rest.get(..end.unwrap_or(rest.len())).expect("a boundary"))
        })
        .collect()
}

#[test]
fn every_operator_is_in_the_list() {
    let sys = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tflite-sys");
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("in the repository");
    let list = read(sys.join("KERNELS.md"));
    let (_, rows) = list.split_once("## Each operator").expect("a heading");
    let rows: Vec<_> = rows.lines().filter(|line| line.starts_with('|')).collect();
    let listed: Vec<String> = rows
        .iter()
        .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split(','))
        .map(|name| plain(name.trim()))
        .collect();
    let all = names(&read(sys.join("src/bindings.rs")), "kTfLiteBuiltin");
    assert!(all.len() > 200, "{}", all.len());
    for name in &all {
        let count = listed.iter().filter(|other| *other == name).count();
        assert_eq!(count, 1, "{name}");
    }
    // A row that names a file has its check there, and a check is named by its operator's row.
    for entry in std::fs::read_dir(sys.join("shim/checked")).expect("a folder") {
        let path = entry.expect("readable").path();
        let file = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        if !file.ends_with(".cc") || file == "custom.cc" {
            continue;
        }
        let checked = names(&read(path), ".code = kTfLiteBuiltin");
        let in_rows = rows.iter().filter(|row| row.contains(&format!("`{file}`")));
        let named: std::collections::BTreeSet<String> = in_rows
            .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split(','))
            .map(|name| plain(name.trim()))
            .collect();
        assert_eq!(checked, named, "{file}");
    }
}
