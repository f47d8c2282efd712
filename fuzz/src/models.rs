//! The models of the repository's tests.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use tflite::Model;

/// Where they are, from this package's folder.
const FOLDERS: [&str; 4] = [
    "../tflite/tests/models",
    "../tflite/tests/models/accepted",
    "../tflite/tests/models/shapes",
    "../tflite/tests/parity/data",
];

/// Larger ones take too long.
const MAX_BYTES: usize = 16 << 10;

/// All sound models that are small, by name.
pub fn sound() -> &'static [(String, Model)] {
    static MODELS: LazyLock<Vec<(String, Model)>> = LazyLock::new(|| {
        let mut models: Vec<_> = FOLDERS.into_iter().flat_map(read).collect();
        models.sort_by(|(one, _), (other, _)| one.cmp(other));
        assert!(models.len() > 100, "only {} models", models.len());
        models
    });
    &MODELS
}

fn read(folder: &str) -> Vec<(String, Model)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let listing = fs::read_dir(&folder).expect("a folder of the repository");
    listing
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "tflite"))
        .filter_map(|path| {
            let bytes = fs::read(&path).expect("a file");
            let name = path.file_name()?.to_string_lossy().into_owned();
            let model = Model::from_bytes(&bytes).ok()?;
            (bytes.len() <= MAX_BYTES).then_some((name, model))
        })
        .collect()
}
