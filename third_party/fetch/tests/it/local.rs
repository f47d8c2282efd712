//! Local archives, good and bad, and unpacked trees.

use std::fs;

use tar::EntryType;
use tflite_sys_source::Error;

use crate::sample::{Entries, Home, check, compress, files, noise, pin};

#[test]
fn a_local_archive() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let home = Home::with_archive(&archive);
    check(&home.ensure(&pin).unwrap());
}

#[test]
fn another_archive() {
    let archive = Entries::usual().pack();
    let mut pin = pin(&archive);
    let home = Home::with_archive(&archive);
    pin.size -= 1;
    let error = home.fails(&pin);
    assert!(matches!(error, Error::WrongSize { .. }), "{error}");
    pin.size += 1;
    pin.sha256 = "0".repeat(64);
    let error = home.fails(&pin);
    assert!(matches!(error, Error::WrongHash { .. }), "{error}");

    let mut home = home;
    home.settings.archive = Some(home.dir.path().join("absent.tar.xz"));
    let error = home.fails(&pin);
    assert!(error.to_string().contains("absent.tar.xz"), "{error}");
}

#[test]
fn a_damaged_archive() {
    let archive = Entries::usual().pack();
    let mut damaged = archive.clone();
    let middle = damaged.len() / 2;
    for byte in &mut damaged[middle..middle + 1000] {
        *byte ^= 0x55;
    }
    let not_xz = noise(100_000);
    let not_tar = compress(&noise(100_000));
    for bytes in [damaged, not_xz, not_tar, archive[..middle].to_vec()] {
        // With the right hash, so that only unpacking can tell.
        let error = Home::with_archive(&bytes).fails(&pin(&bytes));
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
}

#[test]
fn xz_is_missing() {
    let archive = Entries::usual().pack();
    let mut home = Home::with_archive(&archive);
    home.settings.xz = home.dir.path().join("no-such-xz").into();
    let error = home.fails(&pin(&archive));
    assert!(matches!(error, Error::XzMissing), "{error}");
    assert!(error.to_string().contains("xz-utils"));
}

#[test]
fn an_archive_without_a_pinned_folder() {
    let archive = Entries::empty()
        .file("pkg-1/third_party/alpha/src/a.c", b"int a;")
        .file("pkg-1/third_party/beta/other.h", b"")
        .pack();
    let error = Home::with_archive(&archive).fails(&pin(&archive));
    let Error::MissingFolder { missing, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(missing, "alpha/LICENSE, beta/b.h");
}

#[test]
fn an_archive_that_writes_elsewhere() {
    let inside = |name: &str| format!("pkg-1/third_party/alpha/src/{name}");
    let evil = [
        Entries::usual().file("../evil", b"x"),
        Entries::usual().file(&inside("../../../../../../evil"), b"x"),
        Entries::usual().file("/tflite-sys-evil", b"x"),
        Entries::usual().link(&inside("l"), EntryType::Symlink, "/etc/passwd"),
        Entries::usual().link(&inside("l"), EntryType::Symlink, "../../../evil"),
        Entries::usual().link(&inside("l"), EntryType::Link, "/etc/passwd"),
        Entries::usual().link(&inside("l"), EntryType::Link, "pkg-1/chrome/main.cc"),
        Entries::usual().link(&inside("l"), EntryType::Fifo, ""),
    ];
    for entries in evil {
        let archive = entries.pack();
        let home = Home::with_archive(&archive);
        let error = home.fails(&pin(&archive));
        assert!(matches!(error, Error::UnsafeEntry { .. }), "{error}");
        assert!(
            !files(home.dir.path())
                .iter()
                .any(|file| file.contains("evil"))
        );
    }
    assert!(!fs::exists("/tflite-sys-evil").unwrap());
}

#[test]
fn a_file_is_not_written_through_a_link() {
    // First a link to a folder, then a file below the link's name.
    let archive = Entries::usual()
        .link("pkg-1/third_party/alpha/src/l", EntryType::Symlink, "..")
        .file("pkg-1/third_party/alpha/src/l/evil", b"x")
        .pack();
    let home = Home::with_archive(&archive);
    let error = home.fails(&pin(&archive));
    assert!(matches!(error, Error::Io { action: "make", .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn links_that_stay_inside_are_made() {
    let archive = Entries::usual()
        .link(
            "pkg-1/third_party/alpha/src/l.h",
            EntryType::Symlink,
            "../../beta/b.h",
        )
        .link(
            "pkg-1/third_party/alpha/src/h.h",
            EntryType::Link,
            "pkg-1/third_party/beta/b.h",
        )
        .pack();
    let home = Home::with_archive(&archive);
    let tree = home.ensure(&pin(&archive)).unwrap();
    for link in ["alpha/src/l.h", "alpha/src/h.h"] {
        assert_eq!(
            fs::read(tree.join(link)).unwrap(),
            b"#pragma once\n",
            "{link}"
        );
    }
}

#[test]
fn an_unpacked_tree() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let tree = Home::with_archive(&archive).ensure(&pin);
    let kept = Home::with_archive(&archive);
    let tree = tree.and_then(|_| kept.ensure(&pin)).unwrap();

    let mut home = Home::new();
    home.settings.source_dir = Some(tree.clone());
    assert_eq!(home.ensure(&pin).unwrap(), tree);

    fs::remove_dir_all(tree.join("alpha/src")).unwrap();
    let error = home.fails(&pin);
    let Error::IncompleteDir { missing, dir } = &error else {
        panic!("{error}")
    };
    assert_eq!((missing.as_str(), dir), ("alpha/src", &tree));
}
