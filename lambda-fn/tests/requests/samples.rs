//! The events that are handed to people, in `samples/`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::events::Function;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All of them by name, with the test's server and its picture in the place of the one that is
/// started by hand.
fn samples(function: &Function) -> BTreeMap<String, Value> {
    let files = fs::read_dir(root().join("samples")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    paths
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let text = text
                .replace("http://127.0.0.1:8000", &function.server.url(""))
                .replace("/trousers.jpg", "/rgb.png")
                .replace("/missing.jpg", "/missing.png")
                .replace("\"trousers.jpg", "\"Happy Face.jpg");
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn every_sample_is_answered() {
    let function = Function::start();
    let scores = function.scores().await;
    let samples = samples(&function);
    let names: Vec<_> = samples.keys().map(String::as_str).collect();
    assert_eq!(names, ["image", "s3", "url", "urls"]);
    let mut answers = BTreeMap::new();
    for (name, event) in samples {
        let answer = function.ask(event).await.unwrap();
        answers.insert(name, answer);
    }
    assert_eq!(answers["url"], scores);
    assert_eq!(answers["image"].as_object().unwrap().len(), 3);
    assert_eq!(answers["s3"]["predictions"], scores);
    assert!(answers["s3"]["timings"]["fetch_ms"].is_f64());
    let [good, bad] = answers["urls"]["results"].as_array().unwrap().as_slice() else {
        panic!("{}", answers["urls"])
    };
    let chances = good["predictions"].as_object().unwrap().values();
    let sum: f64 = chances.filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{good}");
    assert_eq!(bad["errorType"], json!("HttpStatus"));
}

#[test]
fn the_sample_with_a_picture_has_the_one_of_the_repository() {
    let text = fs::read_to_string(root().join("samples/image.json")).unwrap();
    let sample: Value = serde_json::from_str(&text).unwrap();
    let picture = STANDARD.decode(sample["image"].as_str().unwrap()).unwrap();
    assert!(picture == fs::read(root().join("model/sample/trousers.jpg")).unwrap());
}
