//! Packed weights that come with the model.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tflite::{Interpreter, InterpreterOptions, Model, WeightCache, XnnpackFlags, XnnpackOptions};

use crate::{
    process::{bootstrap, model},
    runtime_api::{Function, Outcome},
};

/// A folder with the model and its labels.
fn package(name: &str, model: &Path) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    fs::copy(model, folder.join("clothing.tflite")).unwrap();
    let labels = "clothing.labels.txt";
    fs::copy(model.with_file_name(labels), folder.join(labels)).unwrap();
    folder
}

/// Writes the packed weights of the model in the folder.
fn pack(folder: &Path, options: XnnpackOptions) -> PathBuf {
    let model = Model::from_file(folder.join("clothing.tflite")).unwrap();
    let path = folder.join("clothing.weights");
    let options = options.weight_cache(WeightCache::File(path.clone()));
    Interpreter::new(&model, InterpreterOptions::new().xnnpack(options)).unwrap();
    assert!(path.is_file());
    path
}

/// What the line at the start says of it, with two interpreters.
fn backend(folder: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = bootstrap();
    command
        .env("LAMBDA_TASK_ROOT", folder)
        .env("INTERPRETERS", "2")
        .envs(variables.iter().copied());
    // It starts, and then finds nobody to ask for events.
    let output = command.env_remove("AWS_LAMBDA_RUNTIME_API").output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    let line = said.lines().find(|line| line.contains("\"started\""));
    let line: Value = serde_json::from_str(line.expect(&said)).unwrap();
    line["backend"].as_str().unwrap().to_owned()
}

const MMAP: &[(&str, &str)] = &[("TFLITE_STABLE_FILES", "1")];

#[test]
fn weights_beside_the_model_are_used_where_they_may_be_mapped() {
    let Some(model) = model() else { return };
    let folder = package("weights-used", &model);
    assert!(!backend(&folder, MMAP).contains("weights"));
    let weights = pack(&folder, XnnpackOptions::new());
    let before = fs::read(&weights).unwrap();
    assert!(backend(&folder, MMAP).ends_with("packed weights from the file"));
    assert!(
        backend(&folder, &[]).ends_with("packed weights not used: TFLITE_STABLE_FILES is not 1")
    );
    let elsewhere = folder.join("elsewhere");
    fs::rename(&weights, &elsewhere).unwrap();
    let named = [MMAP[0], ("WEIGHTS_PATH", elsewhere.to_str().unwrap())];
    assert!(backend(&folder, &named).ends_with("packed weights from the file"));
    assert!(fs::read(&elsewhere).unwrap() == before);
}

#[test]
fn weights_that_do_not_fit_are_ignored() {
    let Some(model) = model() else { return };
    let folder = package("weights-unfit", &model);
    let named = [MMAP[0], ("WEIGHTS_PATH", "no/such/file")];
    assert!(backend(&folder, &named).ends_with("not used: there is no file"));
    let flags = XnnpackOptions::new().enable(XnnpackFlags::TRANSIENT_INDIRECTION_BUFFER);
    let weights = pack(&folder, flags);
    assert!(backend(&folder, MMAP).contains("not used: it was made with other flags"));
    pack(&folder, XnnpackOptions::new());
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..1000]).unwrap();
    assert!(backend(&folder, MMAP).contains("not used: it is no file of packed weights"));
    fs::write(&weights, &bytes).unwrap();
    let other = model.with_file_name("clothing-int8.tflite");
    fs::copy(other, folder.join("clothing.tflite")).unwrap();
    assert!(backend(&folder, MMAP).contains("not used: it was made for another model"));
}

#[test]
fn answers_are_the_same_with_and_without() {
    let Some(model) = model() else { return };
    let folder = package("weights-answers", &model);
    // As the package is made.
    let weights = folder.join("clothing.weights");
    let status = bootstrap()
        .args(["pack-weights".as_ref(), weights.as_os_str()])
        .env("MODEL_PATH", folder.join("clothing.tflite"))
        .status();
    assert!(status.unwrap().success());
    assert!(backend(&folder, MMAP).ends_with("packed weights from the file"));
    let picture = model.with_file_name("sample").join("trousers.jpg");
    let picture = fs::read(picture).unwrap();
    let event = json!({ "image": base64(&picture) }).to_string();
    let answer = |mmap: &str| {
        let path = folder.join("clothing.tflite");
        let mut command = bootstrap();
        let mut function = Function::start(
            command
                .env("MODEL_PATH", path)
                .env("TFLITE_STABLE_FILES", mmap),
        );
        match function.invoke(&event) {
            Outcome::Response(text) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(answer("1"), answer("0"));
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}
