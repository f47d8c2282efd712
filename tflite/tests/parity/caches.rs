//! A weight cache changes nothing but time and memory: the same bits come out, for each model.

use std::collections::BTreeMap;
use std::path::Path;

use tflite::{
    Interpreter, InterpreterOptions, MappedWeightCache, Model, SharedWeightCache, WeightCache,
    WeightCacheStatus, XnnpackOptions,
};

use crate::run;
use crate::set::{Entry, Set};

/// What comes out with this cache, to the bit, and what became of it.
fn outputs(entry: &Entry, model: &Model, cache: WeightCache) -> (String, WeightCacheStatus) {
    let options = InterpreterOptions::new().xnnpack(XnnpackOptions::new().weight_cache(cache));
    let mut interpreter = Interpreter::new(model, options).expect("as without");
    let outputs: Vec<_> = (entry.invocations().iter())
        .map(|invocation| run::run(&mut interpreter, invocation))
        .collect();
    let status = interpreter.delegate_report().weight_cache;
    (format!("{outputs:?}"), status)
}

fn check(entry: &Entry, file: &Path, count: &mut BTreeMap<String, usize>) {
    let model = entry.model().expect("valid");
    let (plain, _) = outputs(entry, &model, WeightCache::None);
    let shared = WeightCache::Shared(SharedWeightCache::new());
    // SAFETY: the file is in a folder of this test.
    let mapped = WeightCache::Mapped(unsafe { MappedWeightCache::new(file) });
    let caches = [
        ("in memory", WeightCache::InMemory),
        ("file, packed", WeightCache::File(file.to_owned())),
        ("file, loaded", WeightCache::File(file.to_owned())),
        ("mapped", mapped),
        ("shared, first", shared.clone()),
        ("shared, second", shared),
    ];
    for (name, cache) in caches {
        let (cached, status) = outputs(entry, &model, cache);
        assert_eq!(cached, plain, "{}, {name}: {status:?}", entry.name);
        let status = match status {
            WeightCacheStatus::Unavailable { reason } => {
                let (_, reason) = reason.rsplit_once(" operator ").unwrap_or(("", &reason));
                format!(
                    "unavailable: {}",
                    reason.trim_start_matches(char::is_numeric).trim()
                )
            }
            status => format!("{status:?}"),
        };
        *count.entry(format!("{name}: {status}")).or_default() += 1;
    }
}

#[test]
fn the_same_bits_with_any_weight_cache() {
    let set = Set::read();
    let name = format!("weight-caches-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder of the tests");
    let mut count = BTreeMap::new();
    for entry in &set.models {
        let file = folder.join(&entry.name);
        let _ = std::fs::remove_file(&file);
        check(entry, &file, &mut count);
        let _ = std::fs::remove_file(&file);
    }
    let _ = std::fs::remove_dir(&folder);
    for (what, models) in &count {
        println!("{models:4} {what}");
    }
    let many = |what: &str| {
        count
            .get(what)
            .is_some_and(|models| models * 2 > set.models.len())
    };
    for what in [
        "in memory: InMemory",
        "file, packed: Saved { reason: None }",
        "file, loaded: Loaded",
        "mapped: Loaded",
        "shared, first: Shared",
        "shared, second: Shared",
    ] {
        assert!(many(what), "{what}: {count:#?}");
    }
}
