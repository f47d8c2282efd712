//! Weight caches in files.

use std::fs;
use std::path::{Path, PathBuf};

use tflite::{
    MappedWeightCache, Model, WeightCache, WeightCacheStatus, XnnpackFlags, XnnpackOptions,
};

use super::{cached, compute, folder, plain, status, with};
use crate::{bytes, model};

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
    let names = fs::read_dir(&*folder).expect("a folder").count();
    assert_eq!(names, 1, "no temporary file is left");
}

#[test]
fn a_file_that_changes_later_does_no_harm() {
    let model = model("conv");
    let expected = plain(&model);
    let folder = folder("changes");
    let path = folder.join("weights");
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
    let folder = folder("damage");
    let path = folder.join("weights");
    let cache = WeightCache::File(path.clone());
    drop(cached(&model, &cache));
    let file = fs::read(&path).expect("written");
    let step = (file.len() / 200).max(1);
    for position in (0..file.len())
        .step_by(step)
        .chain(file.len() - 176..file.len())
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
    let folder = folder("mapped");
    let path = folder.join("weights");
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
    let folder = folder("replaced");
    let path = folder.join("weights");
    drop(cached(&model, &WeightCache::File(path.clone())));
    let file = fs::read(&path).expect("written");
    for length in [0, 1, 31, 167, 168, 169, file.len() / 2, file.len() - 1] {
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
    let folder = folder("other");
    let path = folder.join("weights");
    let cache = WeightCache::File(path.clone());
    drop(cached(&model("dynamic_batch"), &cache));
    let model = model("conv");
    let reason = replaces(&model, &plain(&model), &path, "another model");
    assert!(reason.contains("another model"), "{reason}");
}

#[test]
fn a_file_of_an_older_version_of_the_model_is_replaced() {
    let folder = folder("older");
    let path = folder.join("weights");
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
    let folder = folder("flags");
    let path = folder.join("weights");
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
fn threads_may_write_at_once() {
    let model = model("conv");
    let expected = plain(&model);
    let folder = folder("at-once");
    let path = folder.join("weights");
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

/// Set in child processes: the file that they write and load.
const WRITTEN: &str = "TFLITE_TEST_WRITTEN_CACHE";

#[test]
fn processes_may_write_at_once() {
    let model = model("conv");
    if let Some(path) = std::env::var_os(WRITTEN) {
        let path = PathBuf::from(path);
        let expected = plain(&model);
        for _ in 0..20 {
            let mut interpreter = cached(&model, &WeightCache::File(path.clone()));
            let status = status(&interpreter);
            assert!(
                matches!(
                    status,
                    WeightCacheStatus::Loaded | WeightCacheStatus::Saved { reason: None }
                ),
                "{status:?}"
            );
            assert_eq!(compute(&mut interpreter), expected);
            // So that the others meet with a file that is not there.
            let _ = fs::remove_file(&path);
        }
        return;
    }
    let folder = folder("processes");
    let children: Vec<_> = (0..4)
        .map(|_| {
            std::process::Command::new(std::env::current_exe().expect("this program"))
                .args([
                    "--exact",
                    "weight_caches::files::processes_may_write_at_once",
                ])
                .env(WRITTEN, folder.join("weights"))
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("it runs")
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
    }
    let left = fs::read_dir(&*folder).expect("a folder").count();
    assert!(left <= 1, "no temporary file is left");
}

#[test]
fn what_a_killed_process_left_is_no_obstacle() {
    let model = model("conv");
    let folder = folder("killed");
    let path = folder.join("weights");
    // Names that this process would use next.
    for number in 0..50 {
        let name = format!(".weights.{}-{number}.tmp", std::process::id());
        fs::write(folder.join(name), "half a file").expect("writable");
    }
    let interpreter = cached(&model, &WeightCache::File(path));
    assert_eq!(
        status(&interpreter),
        WeightCacheStatus::Saved { reason: None }
    );
}
