//! One tree for all, and never half of one.

use std::fs;
use std::sync::mpsc::channel;
use std::thread;

use tflite_sys_source::{Error, Progress, Silent, ensure, is_complete, vendor};

use crate::sample::{Entries, Home, check, names, pin};
use crate::server::{Reply, Server};

/// Tells of each note.
struct Notes(std::sync::mpsc::Sender<String>);

impl Progress for Notes {
    fn start(&mut self, _what: &str, _total: u64) {}
    fn advance(&mut self, _done: u64) {}
    fn note(&mut self, message: &str) {
        let _ = self.0.send(message.to_owned());
    }
    fn finish(&mut self) {}
}

#[test]
fn two_that_start_at_once_fetch_once() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let (reply, release) = Reply::file(&archive).held();
    let server = Server::new([reply]);
    let home = Home::with_mirror(&server.mirror());
    let mut patient = home.settings.clone();
    patient.patience.stall = std::time::Duration::from_secs(60);
    thread::scope(|scope| {
        let first = scope.spawn(|| ensure(&pin, &patient, &mut Silent));
        while server.seen().is_empty() {
            thread::yield_now();
        }
        // The first has the lock and waits for the server.
        let (sender, notes) = channel();
        let (pin, patient) = (&pin, &patient);
        let second = scope.spawn(move || ensure(pin, patient, &mut Notes(sender)));
        let note = notes.recv().unwrap();
        assert!(note.contains("another process"), "{note}");
        release.send(()).unwrap();
        let (first, second) = (
            first.join().unwrap().unwrap(),
            second.join().unwrap().unwrap(),
        );
        assert_eq!(first, second);
        check(&first);
    });
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn what_the_dead_left_is_removed() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let home = Home::with_archive(&archive);
    for name in [format!(".{}.tmp", pin.key()), ".older-pin.tmp".to_owned()] {
        let stale = home.trees().join(name);
        fs::create_dir_all(stale.join("alpha")).unwrap();
        fs::write(stale.join("alpha/half"), "x").unwrap();
    }
    // One that lives holds its lock.
    let busy = home.trees().join(".busy.tmp");
    fs::create_dir_all(&busy).unwrap();
    let lock = fs::File::create(home.trees().join(".busy.lock")).unwrap();
    lock.lock().unwrap();

    check(&home.ensure(&pin).unwrap());
    let left: Vec<_> = names(&home.trees())
        .into_iter()
        .filter(|name| name.ends_with(".tmp"))
        .collect();
    assert_eq!(left, [".busy.tmp"]);
}

#[test]
fn a_tree_that_lost_a_part_is_fetched_anew() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let home = Home::with_archive(&archive);
    let tree = home.ensure(&pin).unwrap();
    assert!(is_complete(&tree, &pin));
    for lost in ["beta/b.h", ".tflite-sys-source"] {
        fs::remove_file(tree.join(lost)).unwrap();
        assert!(!is_complete(&tree, &pin), "{lost}");
        check(&home.ensure(&pin).unwrap());
    }
}

#[test]
fn a_changed_list_is_another_tree() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let home = Home::with_archive(&archive);
    let first = home.ensure(&pin).unwrap();
    let mut changed = pin.clone();
    changed.components[0].exclude.clear();
    let second = home.ensure(&changed).unwrap();
    assert_ne!(first, second);
    assert!(second.join("alpha/src/a_test.cc").exists());
    assert!(!is_complete(&first, &changed));
}

#[test]
fn vendoring_copies_what_is_there() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let mut home = Home::with_archive(&archive);
    let tree = home.ensure(&pin).unwrap();

    // From the cache: neither archive nor mirror is left.
    home.settings.archive = None;
    let dest = home.dir.path().join("vendored/src");
    vendor(&pin, &home.settings, &dest, &mut Silent).unwrap();
    check(&dest);
    assert!(is_complete(&dest, &pin));

    // From a named tree, without a cache.
    let mut named = Home::new().settings;
    named.source_dir = Some(tree);
    named.cache_dir = None;
    let dest = home.dir.path().join("other/src");
    vendor(&pin, &named, &dest, &mut Silent).unwrap();
    check(&dest);
    let left = names(dest.parent().unwrap());
    assert_eq!(left, [".src.lock", "src"]);
}

#[test]
fn vendoring_fetches_and_replaces_only_its_own() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let home = Home::with_archive(&archive);
    let dest = home.dir.path().join("src");
    vendor(&pin, &home.settings, &dest, &mut Silent).unwrap();
    check(&dest);

    let mut changed = pin.clone();
    changed.components[0].exclude.clear();
    vendor(&changed, &home.settings, &dest, &mut Silent).unwrap();
    assert!(dest.join("alpha/src/a_test.cc").exists());

    let mine = home.dir.path().join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("thesis.txt"), "x").unwrap();
    let error = vendor(&pin, &home.settings, &mine, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::NotOurs(_)), "{error}");
    assert_eq!(names(&mine), ["thesis.txt"]);
}
