//! The function with settings of its own.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_fn::{Config, Error, Handler, Invocation, StartError};
use serde_json::{Value, json};

/// `[1, 12, 12, 3]` to `[1, 5]`.
pub(crate) fn five() -> Vec<u8> {
    model("parity/data/mobile_block.float32.tflite")
}

/// `[1, 1, 1, 3]` to `[1, 3]`.
pub(crate) fn three() -> Vec<u8> {
    model("models/shapes/mean.tflite")
}

pub(crate) const FIVE_LABELS: &str = "a\nb\nc\nd\ne\n";
pub(crate) const THREE_LABELS: &str = "x\ny\nz\n";

fn model(path: &str) -> Vec<u8> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tflite/tests");
    fs::read(tests.join(path)).unwrap()
}

pub(crate) fn picture() -> Vec<u8> {
    let pictures =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../keras-preprocess/tests/golden/pictures");
    fs::read(pictures.join("rgb.png")).unwrap()
}

/// A file with labels, as long as the build folder lasts.
pub(crate) fn labels_file(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

pub(crate) fn start(variables: &[(&str, &str)]) -> Result<Handler, StartError> {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let config = Config::from_lookup(lookup, Vec::new()).unwrap();
    Ok(Handler::start(&config)?.with_log(|_| {}))
}

pub(crate) fn refused(variables: &[(&str, &str)]) -> String {
    start(variables).unwrap_err().to_string()
}

pub(crate) fn ask(handler: &Handler, event: Value) -> Result<Value, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = runtime.block_on(handler.handle(event.into(), &Invocation::default()))?;
    Ok(serde_json::to_value(answer).unwrap())
}

pub(crate) fn image() -> Value {
    json!({ "image": STANDARD.encode(picture()) })
}

/// The labels of an answer to a good request.
pub(crate) fn labels(handler: &Handler) -> String {
    let answer = ask(handler, image()).unwrap();
    let labels: Vec<&str> = answer
        .as_object()
        .unwrap()
        .keys()
        .map(|key| &**key)
        .collect();
    labels.concat()
}
