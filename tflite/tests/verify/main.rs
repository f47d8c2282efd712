//! What is refused, what is accepted, and what is read of models.

mod damage;
mod info;
mod refusals;
mod refusals_of_kernels;
mod refused;

use std::path::PathBuf;

/// Where the models of the tests are.
fn folder(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/models", name]
        .iter()
        .collect()
}

/// The names and contents of all models in a folder.
fn models(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut models: Vec<_> = std::fs::read_dir(folder(name))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "tflite")
        })
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            let bytes = std::fs::read(&path).expect("a model");
            (name.into_owned(), bytes)
        })
        .collect();
    models.sort();
    models
}
