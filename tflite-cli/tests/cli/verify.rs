//! `tflite verify`.

use std::fs;

use serde_json::Value;

use crate::{library, model, text, tflite};

fn models(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(library(folder)).expect("a folder of models");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let models = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "tflite")
    });
    let mut models: Vec<_> = models.map(|path| text(&path).to_owned()).collect();
    models.sort();
    models
}

#[test]
fn sound_models_are_ok() {
    let paths = models("models/accepted");
    assert!(!paths.is_empty());
    let arguments: Vec<_> = ["verify"]
        .into_iter()
        .chain(paths.iter().map(|path| &path[..]))
        .collect();
    let output = tflite(&arguments).good();
    assert_eq!(output.lines().count(), paths.len());
    assert!(
        output.lines().all(|line| line.ends_with(": OK")),
        "{output}"
    );
}

#[test]
fn each_refused_model_has_its_problem_named() {
    let paths = models("models/refused");
    assert!(paths.len() > 50);
    let arguments: Vec<_> = ["verify"]
        .into_iter()
        .chain(paths.iter().map(|path| &path[..]))
        .collect();
    let output = tflite(&arguments);
    assert_eq!((output.code, &*output.stderr), (3, ""));
    for (line, path) in output.stdout.lines().zip(&paths) {
        let problem = line.strip_prefix(&format!("{path}: refused: "));
        assert!(problem.is_some_and(|problem| problem.len() > 20), "{line}");
    }
    assert_eq!(output.stdout.lines().count(), paths.len());
}

#[test]
fn codes_tell_refused_from_missing() {
    let code = |paths: &[&str]| tflite(&[&["verify"], paths].concat()).code;
    let (good, bad) = (model("add"), model("refused/rank"));
    assert_eq!(code(&[&good]), 0);
    assert_eq!(code(&[&good, &bad]), 3);
    assert_eq!(code(&[&good, "nonesuch"]), 4);
    assert_eq!(code(&["nonesuch", &bad, &good]), 3);
    assert_eq!(code(&[]), 2);
}

#[test]
fn preparing_finds_more() {
    let path = model("unknown_operator");
    tflite(&["verify", &path]).good();
    let output = tflite(&["verify", "--prepare", &path]);
    assert_eq!(output.code, 3);
    assert!(output.stdout.contains("Nonesuch"), "{}", output.stdout);
    tflite(&["verify", "--prepare", &model("add")]).good();
}

#[test]
fn json_is_one_object() {
    let (good, bad) = (model("add"), model("refused/rank"));
    let output = tflite(&["verify", "--json", &good, &bad]);
    assert_eq!(output.code, 3);
    let json: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(json["models"][0]["ok"], true);
    assert_eq!(json["models"][0]["problem"], Value::Null);
    assert_eq!(json["models"][1]["path"], bad);
    assert_eq!(json["models"][1]["ok"], false);
    let problem = json["models"][1]["problem"].as_str().expect("a problem");
    assert!(problem.contains("tensor"), "{problem}");
}
