//! Weight caches: files, memory, sharing.

mod files;
mod packaged;
mod shared;

use std::fs;
use std::path::{Path, PathBuf};

use tflite::{
    Error, Interpreter, InterpreterOptions, Model, SharedWeightCache, WeightCache,
    WeightCacheStatus, XnnpackOptions, XnnpackStatus,
};

use super::model;

/// A folder of its own for each test and process, which goes with it.
struct Folder(PathBuf);

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(test: &str) -> Folder {
    let name = format!("{test}-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder of the tests");
    Folder(folder)
}

fn with(model: &Model, options: XnnpackOptions) -> Interpreter {
    Interpreter::new(model, InterpreterOptions::new().xnnpack(options)).expect("valid")
}

fn cached(model: &Model, cache: &WeightCache) -> Interpreter {
    with(model, XnnpackOptions::new().weight_cache(cache.clone()))
}

fn status(interpreter: &Interpreter) -> WeightCacheStatus {
    let report = interpreter.delegate_report();
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
    report.weight_cache
}

/// What `conv` computes from some input, to the bit.
fn compute(interpreter: &mut Interpreter) -> Vec<u32> {
    let mut input = interpreter.input_mut(0).expect("input");
    let values: Vec<f32> = (0..input.shape().iter().product())
        .map(|index| (index as f32 * 0.37).sin())
        .collect();
    input.copy_from_slice(&values).expect("floats");
    interpreter.invoke().expect("valid");
    let output = interpreter.output(0).expect("output");
    let output = output.data::<f32>().expect("floats");
    output.iter().map(|value| value.to_bits()).collect()
}

fn plain(model: &Model) -> Vec<u32> {
    compute(&mut cached(model, &WeightCache::None))
}

#[test]
fn threads_of_xnnpack_have_limits_too() {
    let options = XnnpackOptions::new().threads(0);
    let error = Interpreter::new(&model("add"), InterpreterOptions::new().xnnpack(options));
    assert!(matches!(error, Err(Error::ThreadCount { threads: 0, .. })));
}

#[test]
fn weights_that_would_be_mixed_up_are_not_cached() {
    let folder = folder("mixed-up");
    let models = [
        ("packing/constant_matmul", "cannot tell apart"),
        ("packing/one_buffer_two_shapes", "that differs"),
        ("packing/two_buffers_one_vector", "that differs"),
    ];
    for (name, expected) in models {
        let model = model(name);
        let plain = plain(&model);
        let caches = [
            WeightCache::InMemory,
            WeightCache::File(folder.join("weights")),
        ];
        for cache in caches {
            let mut interpreter = cached(&model, &cache);
            let WeightCacheStatus::Unavailable { reason } = status(&interpreter) else {
                panic!("{name}: {:?}", status(&interpreter));
            };
            assert!(reason.contains(expected), "{reason}");
            assert_eq!(compute(&mut interpreter), plain);
        }
        // This one compares the packed weights themselves.
        let shared = WeightCache::Shared(SharedWeightCache::new());
        for _ in 0..3 {
            let mut interpreter = cached(&model, &shared);
            assert_eq!(status(&interpreter), WeightCacheStatus::Shared);
            assert_eq!(compute(&mut interpreter), plain);
        }
    }
    assert_eq!(fs::read_dir(&*folder).expect("a folder").count(), 0);
}
