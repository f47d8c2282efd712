//! Weight caches: files, memory, sharing.

use std::fs;
use std::path::{Path, PathBuf};

use tflite::{
    Error, Interpreter, InterpreterOptions, MappedWeightCache, Model, SharedWeightCache,
    WeightCache, WeightCacheStatus, XnnpackFlags, XnnpackOptions, XnnpackStatus,
};

use super::{bytes, model};

/// A folder of its own for each test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("runtime")
        .join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder of the tests");
    folder
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
fn a_file_is_written_and_then_loaded() {
    let model = model("conv");
    let expected = plain(&model);
    let folder = folder("written");
    let path = folder.join("weights");
    let cache = WeightCache::File(path.clone());
    let mut first = cached(&model, &cache);
    assert_eq!(status(&first), WeightCacheStatus::Saved { reason: None });
    let file = fs::read(&path).expect("written");
    let mut second = cached(&model, &cache);
    assert_eq!(status(&second), WeightCacheStatus::Loaded);
    // SAFETY: nobody changes the file.
    let mapped = WeightCache::Mapped(unsafe { MappedWeightCache::new(&path) });
    let mut third = cached(&model, &mapped);
    assert_eq!(status(&third), WeightCacheStatus::Loaded);
    for interpreter in [&mut first, &mut second, &mut third] {
        assert_eq!(compute(interpreter), expected);
        interpreter.reset().expect("made anew");
        assert_eq!(status(interpreter), WeightCacheStatus::Loaded);
        assert_eq!(compute(interpreter), expected);
    }
    drop((first, second, third));
    assert!(fs::read(&path).expect("there") == file, "nobody changed it");
    let names = fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(names, 1, "no temporary file is left");
}

#[test]
fn a_file_that_changes_later_does_no_harm() {
    let model = model("conv");
    let expected = plain(&model);
    let path = folder("changes").join("weights");
    let cache = WeightCache::File(path.clone());
    drop(cached(&model, &cache));
    let mut interpreter = cached(&model, &cache);
    assert_eq!(status(&interpreter), WeightCacheStatus::Loaded);
    fs::write(&path, [0; 10]).expect("writable");
    assert_eq!(compute(&mut interpreter), expected);
}

/// Whatever stands there, the answer is right, the reason is told, and the next one loads.
fn replaces(model: &Model, expected: &[u32], path: &Path, what: &str) -> String {
    for map in [false, true] {
        let before = fs::read(path).expect("written by the test");
        // SAFETY: nobody changes the file while it is used.
        let mapped = || WeightCache::Mapped(unsafe { MappedWeightCache::new(path) });
        let cache = if map {
            mapped()
        } else {
            WeightCache::File(path.to_owned())
        };
        let mut interpreter = cached(model, &cache);
        let WeightCacheStatus::Saved {
            reason: Some(reason),
        } = status(&interpreter)
        else {
            panic!("{what}: {:?}", status(&interpreter));
        };
        assert_eq!(compute(&mut interpreter), expected, "{what}");
        let mut again = cached(model, &cache);
        assert_eq!(status(&again), WeightCacheStatus::Loaded, "{what}");
        assert_eq!(compute(&mut again), expected, "{what}");
        drop((interpreter, again));
        if map {
            return reason;
        }
        fs::write(path, before).expect("writable");
    }
    unreachable!("the loop ends with a return")
}

#[test]
fn damage_anywhere_is_found() {
    let model = model("conv");
    let expected = plain(&model);
    let path = folder("damage").join("weights");
    let cache = WeightCache::File(path.clone());
    drop(cached(&model, &cache));
    let file = fs::read(&path).expect("written");
    let step = (file.len() / 200).max(1);
    for position in (0..file.len())
        .step_by(step)
        .chain(file.len() - 160..file.len())
    {
        let mut damaged = file.clone();
        damaged[position] ^= 0x10;
        fs::write(&path, damaged).expect("writable");
        let interpreter = &mut cached(&model, &cache);
        let WeightCacheStatus::Saved { reason: Some(_) } = status(interpreter) else {
            panic!("{position}: {:?}", status(interpreter));
        };
        assert_eq!(compute(interpreter), expected, "{position}");
        assert!(fs::read(&path).expect("written") == file, "{position}");
    }
}

/// What XNNPACK finds weights by is checked even in a file that is used in place.
#[test]
fn damage_to_the_index_of_a_mapped_file_is_found() {
    let model = model("conv");
    let expected = plain(&model);
    let path = folder("mapped").join("weights");
    drop(cached(&model, &WeightCache::File(path.clone())));
    let file = fs::read(&path).expect("written");
    let list = u64::from_ne_bytes(file[8..16].try_into().expect("8 bytes"));
    let list = usize::try_from(list).expect("small");
    for position in (0..32).chain(list..file.len()) {
        let mut damaged = file.clone();
        damaged[position] ^= 0x10;
        fs::write(&path, damaged).expect("writable");
        // SAFETY: XNNPACK does not get to see what the test has changed.
        let mapped = WeightCache::Mapped(unsafe { MappedWeightCache::new(&path) });
        let interpreter = &mut cached(&model, &mapped);
        let WeightCacheStatus::Saved { reason: Some(_) } = status(interpreter) else {
            panic!("{position}: {:?}", status(interpreter));
        };
        assert_eq!(compute(interpreter), expected, "{position}");
    }
}

#[test]
fn other_files_are_replaced() {
    let model = model("conv");
    let expected = plain(&model);
    let path = folder("replaced").join("weights");
    drop(cached(&model, &WeightCache::File(path.clone())));
    let file = fs::read(&path).expect("written");
    for length in [0, 1, 31, 151, 152, 153, file.len() / 2, file.len() - 1] {
        fs::write(&path, &file[..length]).expect("writable");
        replaces(&model, &expected, &path, &format!("{length} bytes"));
    }
    fs::write(&path, [&file[..], &[0]].concat()).expect("writable");
    replaces(&model, &expected, &path, "one byte more");
    fs::write(&path, bytes("add")).expect("writable");
    let reason = replaces(&model, &expected, &path, "a model");
    assert!(reason.contains("no file of packed weights"), "{reason}");
}

#[test]
fn a_file_of_another_model_is_replaced() {
    let path = folder("other").join("weights");
    let cache = WeightCache::File(path.clone());
    drop(cached(&model("dynamic_batch"), &cache));
    let model = model("conv");
    let reason = replaces(&model, &plain(&model), &path, "another model");
    assert!(reason.contains("another model"), "{reason}");
}

#[test]
fn a_file_of_an_older_version_of_the_model_is_replaced() {
    let path = folder("older").join("weights");
    let cache = WeightCache::File(path.clone());
    let old = bytes("conv");
    drop(cached(&Model::from_bytes(&old).expect("valid"), &cache));
    // A weight, changed a little: the model's constants lie behind its tables.
    let mut new = old.clone();
    let weight = 0.5_f32.to_le_bytes();
    let position = (0..new.len() - 4)
        .rev()
        .find(|&at| {
            at % 4 == 0
                && f32::from_le_bytes(new[at..at + 4].try_into().expect("4")).abs() > 0.01
                && f32::from_le_bytes(new[at..at + 4].try_into().expect("4")).abs() < 2.0
        })
        .expect("a weight");
    new[position..position + 4].copy_from_slice(&weight);
    let new = Model::from_bytes(&new).expect("still valid");
    let expected = plain(&new);
    let reason = replaces(&new, &expected, &path, "an older version");
    assert!(reason.contains("another model"), "{reason}");
}

#[test]
fn a_file_of_other_flags_is_replaced() {
    let model = model("conv");
    let path = folder("flags").join("weights");
    let options = |cache| {
        XnnpackOptions::new()
            .enable(XnnpackFlags::TRANSIENT_INDIRECTION_BUFFER)
            .weight_cache(cache)
    };
    drop(with(&model, options(WeightCache::File(path.clone()))));
    let reason = replaces(&model, &plain(&model), &path, "other flags");
    assert!(reason.contains("flags"), "{reason}");
}

#[test]
fn where_nothing_can_be_written_it_works_without() {
    let model = model("conv");
    let expected = plain(&model);
    let folder = folder("unwritable");
    let missing = folder.join("no-such-folder/weights");
    for path in [missing, PathBuf::from("/proc/weights"), PathBuf::from("/")] {
        let mut interpreter = cached(&model, &WeightCache::File(path.clone()));
        let status = status(&interpreter);
        assert!(
            matches!(status, WeightCacheStatus::NotSaved { .. }),
            "{}: {status:?}",
            path.display()
        );
        assert_eq!(compute(&mut interpreter), expected);
    }
    // A pipe without a writer must not be waited for.
    let pipe = folder.join("pipe");
    let done = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(done.expect("coreutils").success());
    let reason = match status(&cached(&model, &WeightCache::File(pipe))) {
        WeightCacheStatus::Saved { reason } => reason,
        status => panic!("{status:?}"),
    };
    assert_eq!(reason.as_deref(), Some("it is no regular file"));
}

#[test]
fn processes_and_threads_may_write_at_once() {
    let model = model("conv");
    let expected = plain(&model);
    let path = folder("at-once").join("weights");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (model, expected, path) = (&model, &expected, &path);
            scope.spawn(move || {
                for _ in 0..10 {
                    let mut interpreter = cached(model, &WeightCache::File(path.clone()));
                    let status = status(&interpreter);
                    let is_fine = matches!(
                        status,
                        WeightCacheStatus::Loaded | WeightCacheStatus::Saved { reason: None }
                    );
                    assert!(is_fine, "{thread}: {status:?}");
                    assert_eq!(&compute(&mut interpreter), expected);
                }
            });
        }
    });
    assert_eq!(
        status(&cached(&model, &WeightCache::File(path))),
        WeightCacheStatus::Loaded
    );
}

#[test]
fn a_shared_cache_is_for_one_model_and_one_set_of_flags() {
    let model = model("conv");
    let shared = WeightCache::Shared(SharedWeightCache::new());
    let mut first = cached(&model, &shared);
    assert_eq!(status(&first), WeightCacheStatus::Shared);
    // The same bytes at another address.
    let same = Model::from_bytes(bytes("conv")).expect("valid");
    let mut second = cached(&same, &shared);
    assert_eq!(status(&second), WeightCacheStatus::Shared);
    assert_eq!(compute(&mut first), compute(&mut second));
    let unavailable = |interpreter: &Interpreter| match status(interpreter) {
        WeightCacheStatus::Unavailable { reason } => reason,
        status => panic!("{status:?}"),
    };
    let other = cached(&super::model("dynamic_batch"), &shared);
    assert!(unavailable(&other).contains("another model"));
    for (flag, reason) in [
        (XnnpackFlags::FORCE_FP16, "other flags"),
        (XnnpackFlags::DISABLE_SUBGRAPH_RESHAPING, "applied anew"),
    ] {
        let options = XnnpackOptions::new()
            .enable(flag)
            .weight_cache(shared.clone());
        let other = with(&model, options);
        if other.delegate_report().xnnpack == XnnpackStatus::Applied {
            assert!(unavailable(&other).contains(reason), "{other:?}");
        }
    }
    first.reset().expect("made anew");
    assert_eq!(status(&first), WeightCacheStatus::Shared);
}

#[test]
fn a_shared_cache_serves_threads_at_once() {
    let model = model("conv");
    let expected = plain(&model);
    let shared = WeightCache::Shared(SharedWeightCache::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut interpreter = cached(&model, &shared);
                    assert_eq!(status(&interpreter), WeightCacheStatus::Shared);
                    for _ in 0..20 {
                        assert_eq!(compute(&mut interpreter), expected);
                    }
                }
            });
        }
    });
}

#[test]
fn a_shared_cache_outlives_whoever_uses_it() {
    let model = model("conv");
    let expected = plain(&model);
    // Cache, options, first and second interpreter go in each order.
    for order in 0..24 {
        let shared = SharedWeightCache::new();
        let options = InterpreterOptions::new()
            .xnnpack(XnnpackOptions::new().weight_cache(WeightCache::Shared(shared.clone())));
        let mut first = Interpreter::new(&model, options.clone()).expect("valid");
        let second = Interpreter::new(&model, options.clone()).expect("valid");
        assert_eq!(compute(&mut first), expected);
        let mut things: Vec<Box<dyn FnMut()>> = Vec::new();
        let (mut shared, mut options) = (Some(shared), Some(options));
        let (mut first, mut second) = (Some(first), Some(second));
        things.push(Box::new(move || drop(shared.take())));
        things.push(Box::new(move || drop(options.take())));
        let used = expected.clone();
        things.push(Box::new(move || {
            let mut interpreter = first.take().expect("once");
            assert_eq!(compute(&mut interpreter), used);
        }));
        let used = expected.clone();
        things.push(Box::new(move || {
            let mut interpreter = second.take().expect("once");
            assert_eq!(compute(&mut interpreter), used);
        }));
        let mut number = order;
        for left in (1..=things.len()).rev() {
            let mut thing = things.remove(number % left);
            number /= left;
            thing();
        }
    }
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
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 0);
}

/// Set in the child process that measures its memory: which cache it uses.
const MEASURED: &str = "TFLITE_TEST_MEASURED_CACHE";

/// A child process has a memory of its own, which no other test changes.
#[test]
fn shared_weights_take_less_memory() {
    const INTERPRETERS: usize = 6;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/clothing.tflite");
    if !path.exists() {
        println!("skipped: the model is only in the repository");
        return;
    }
    let resident = || -> u64 {
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|kilobytes| kilobytes.parse().ok())
            .expect("a number")
    };
    if let Some(which) = std::env::var_os(MEASURED) {
        let cache = match which.to_str() {
            Some("shared") => WeightCache::Shared(SharedWeightCache::new()),
            _ => WeightCache::None,
        };
        let model = Model::from_file(&path).expect("valid");
        let before = resident();
        let interpreters: Vec<_> = (0..INTERPRETERS).map(|_| cached(&model, &cache)).collect();
        println!("used {} kB", resident().saturating_sub(before));
        drop(interpreters);
        return;
    }
    let measure = |which: &str| -> u64 {
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "--nocapture",
                "weight_caches::shared_weights_take_less_memory",
            ])
            .env(MEASURED, which)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let number = text
            .split("used ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        number
            .and_then(|kilobytes| kilobytes.parse().ok())
            .expect("a number")
    };
    let (apart, shared) = (measure("none"), measure("shared"));
    println!("{INTERPRETERS} interpreters: {apart} kB, with shared weights {shared} kB");
    // Packed, the weights have 13 MB.
    let least = (u64::try_from(INTERPRETERS).expect("few") - 1) * 10_000;
    assert!(shared + least < apart, "{shared} kB, {apart} kB");
}
