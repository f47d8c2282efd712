//! Files of packed weights that come with a model.

use std::fs;
use std::path::Path;

use tflite::{
    Model, PackagedWeightCache, WeightCache, WeightCacheStatus, XnnpackFlags, XnnpackOptions,
};

use super::{cached, compute, folder, plain, status, with};
use crate::{bytes, model};

fn packaged(path: &Path) -> WeightCache {
    // SAFETY: nobody changes the file while an interpreter uses it.
    WeightCache::Packaged(unsafe { PackagedWeightCache::new(path) })
}

#[test]
fn a_file_that_fits_is_used_by_all_interpreters_and_never_written() {
    let folder = folder("packaged");
    let path = folder.join("weights");
    let expected = plain(&model("conv"));
    drop(cached(&model("conv"), &WeightCache::File(path.clone())));
    let file = fs::read(&path).expect("written");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/conv.tflite");
    // SAFETY: nobody changes the file.
    let mapped = unsafe { Model::from_mmap(source) }.expect("a model");
    for model in [model("conv"), mapped] {
        let cache = packaged(&path);
        let mut all = [cached(&model, &cache), cached(&model, &cache)];
        for interpreter in &mut all {
            assert_eq!(status(interpreter), WeightCacheStatus::Loaded);
            assert_eq!(compute(interpreter), expected);
            interpreter.reset().expect("made anew");
            assert_eq!(status(interpreter), WeightCacheStatus::Loaded);
            assert_eq!(compute(interpreter), expected);
        }
    }
    assert!(fs::read(&path).expect("there") == file);
}

/// The weights are packed, the answer is the same, the reason is told, the file is left alone.
fn is_not_used(path: &Path, reason: &str) {
    let model = model("conv");
    let before = fs::read(path).ok();
    let cache = packaged(path);
    for _ in 0..2 {
        let mut interpreter = cached(&model, &cache);
        match status(&interpreter) {
            WeightCacheStatus::NotUsed { reason: told } => {
                assert!(told.contains(reason), "{told}: {reason}");
            }
            other => panic!("{reason}: {other:?}"),
        }
        assert_eq!(compute(&mut interpreter), plain(&model), "{reason}");
    }
    assert!(fs::read(path).ok() == before, "{reason}");
}

#[test]
fn a_file_that_does_not_fit_is_left_alone() {
    let folder = folder("unfit");
    let path = folder.join("weights");
    is_not_used(&path, "there is no file");
    drop(cached(
        &model("dynamic_batch"),
        &WeightCache::File(path.clone()),
    ));
    is_not_used(&path, "another model");
    let flags = XnnpackOptions::new().enable(XnnpackFlags::TRANSIENT_INDIRECTION_BUFFER);
    let cache = WeightCache::File(path.clone());
    fs::remove_file(&path).expect("there");
    drop(with(&model("conv"), flags.weight_cache(cache.clone())));
    is_not_used(&path, "other flags");
    drop(cached(&model("conv"), &cache));
    let file = fs::read(&path).expect("written");
    fs::write(&path, &file[1..]).expect("writable");
    is_not_used(&path, "layout or length");
    fs::write(&path, &file[..file.len() / 2]).expect("writable");
    is_not_used(&path, "no file of packed weights");
    for position in [0, 20, file.len() - 200, file.len() - 100] {
        let mut damaged = file.clone();
        damaged[position] ^= 1;
        fs::write(&path, damaged).expect("writable");
        is_not_used(&path, "damaged");
    }
    fs::write(&path, bytes("add")).expect("writable");
    is_not_used(&path, "no file of packed weights");
    fs::remove_file(&path).expect("there");
    fs::create_dir(&path).expect("writable");
    is_not_used(&path, "no regular file");
}
