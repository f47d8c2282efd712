//! Mirrors that work, that fail, and that fail for a while.

use std::fs;
use std::net::TcpListener;

use tflite_sys_source::{Error, ensure};

use crate::sample::{Entries, Home, Log, check, noise, pin};
use crate::server::{Reply, Server};

#[test]
fn a_good_mirror() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let server = Server::new([Reply::file(&archive)]);
    let home = Home::with_mirror(&server.mirror());
    let mut log = Log::default();
    let tree = ensure(&pin, &home.settings, &mut log).unwrap();
    check(&tree);
    assert_eq!(tree, home.trees().join(pin.key()));
    assert_eq!(server.seen()[0].path, format!("/debian/{}", pin.path));
    assert_eq!(log.done.last(), Some(&pin.size));
    assert!(log.done.is_sorted());
    assert_eq!((log.started, log.finished), (1, 1));
    // The second time nothing is asked for.
    assert_eq!(home.ensure(&pin).unwrap(), tree);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let file = Reply::file(&archive).tag("a");
    let server = Server::new([file.clone().cut(100_000), file.clone().cut(50_000), file]);
    let home = Home::with_mirror(&server.mirror());
    check(&home.ensure(&pin).unwrap());
    let ranges = server.ranges();
    assert_eq!(
        ranges,
        [
            None,
            Some("bytes=100000-".into()),
            Some("bytes=150000-".into())
        ]
    );
}

#[test]
fn a_cut_download_goes_on_without_ranges() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let file = Reply::file(&archive).whole();
    let server = Server::new([file.clone().cut(100_000), file]);
    check(&Home::with_mirror(&server.mirror()).ensure(&pin).unwrap());
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_cut_download_goes_on_where_ranges_are_refused() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let file = Reply::file(&archive).no_ranges();
    let server = Server::new([file.clone().cut(100_000), file]);
    check(&Home::with_mirror(&server.mirror()).ensure(&pin).unwrap());
    assert_eq!(server.ranges(), [None, Some("bytes=100000-".into()), None]);
}

#[test]
fn a_body_of_unknown_length_may_be_cut_too() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let file = Reply::file(&archive).without_length();
    let server = Server::new([file.clone().cut(100_000), file]);
    check(&Home::with_mirror(&server.mirror()).ensure(&pin).unwrap());
}

#[test]
fn a_silent_server_is_left() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let file = Reply::file(&archive);
    let server = Server::new([file.clone().stall(100_000), file]);
    let home = Home::with_mirror(&server.mirror());
    check(&home.ensure(&pin).unwrap());
    assert_eq!(server.ranges(), [None, Some("bytes=100000-".into())]);
}

#[test]
fn a_server_error_may_pass() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let server = Server::new([
        Reply::status(503),
        Reply::status(429),
        Reply::file(&archive),
    ]);
    check(&Home::with_mirror(&server.mirror()).ensure(&pin).unwrap());
}

#[test]
fn after_three_resumptions_it_is_an_error() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let server = Server::new([Reply::file(&archive).cut(10_000)]);
    let error = Home::with_mirror(&server.mirror()).fails(&pin);
    let Error::Network {
        failures: 4,
        received: 40_000,
        size,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(size, pin.size);
    assert_eq!(server.seen().len(), 4);
    assert!(error.to_string().contains("TFLITE_SYS_DEBIAN_MIRROR"));
}

#[test]
fn nobody_listens() {
    let archive = Entries::usual().pack();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let home = Home::with_mirror(&format!("http://127.0.0.1:{port}/debian"));
    let error = home.fails(&pin(&archive));
    assert!(
        matches!(error, Error::Network { received: 0, .. }),
        "{error}"
    );
}

#[test]
fn a_file_that_changes_meanwhile_is_read_anew() {
    // Of one length, which xz allows to be padded with zeros, and with other contents.
    let mut archive = Entries::usual().pack();
    let mut old = Entries::empty().file("pkg-1/old", &noise(350_000)).pack();
    let length = archive.len().max(old.len());
    archive.resize(length, 0);
    old.resize(length, 0);
    let pin = pin(&archive);
    // Whether or not the server knows ranges.
    for (first, then) in [
        (
            Reply::file(&old).whole().cut(100_000),
            Reply::file(&archive).whole(),
        ),
        (
            Reply::file(&old).tag("old").cut(100_000),
            Reply::file(&archive).tag("new"),
        ),
    ] {
        let server = Server::new([first, then]);
        check(&Home::with_mirror(&server.mirror()).ensure(&pin).unwrap());
        assert_eq!(server.seen().len(), 3);
        assert_eq!(server.ranges().last(), Some(&None));
    }
}

#[test]
fn another_file_is_refused() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    // A mirror, or something in between, answers with a page.
    let server = Server::new([Reply::file(b"<html>Please log in</html>")]);
    let error = Home::with_mirror(&server.mirror()).fails(&pin);
    assert!(
        matches!(error, Error::WrongSize { found: 26, .. }),
        "{error}"
    );
    assert_eq!(server.seen().len(), 1);

    let other = Entries::usual().file("pkg-1/more", b"x").pack();
    let mut wrong = crate::sample::pin(&other);
    wrong.sha256.clone_from(&pin.sha256);
    let server = Server::new([Reply::file(&other)]);
    let error = Home::with_mirror(&server.mirror()).fails(&wrong);
    let Error::WrongHash {
        from,
        expected,
        found,
    } = &error
    else {
        panic!("{error}")
    };
    assert!(from.starts_with("http://127.0.0.1"));
    assert_eq!(*expected, pin.sha256);
    assert_ne!(found, expected);
}

/// Settings whose mirrors come from a configuration of apt.
fn with_apt(sources: &str) -> Home {
    let home = Home::new();
    let parts = home.settings.apt_dir.join("sources.list.d");
    fs::create_dir_all(&parts).unwrap();
    fs::write(parts.join("debian.sources"), sources).unwrap();
    home
}

#[test]
fn the_next_mirror_is_asked() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let without = Server::new([Reply::status(404)]);
    let page = Server::new([Reply::file(b"<html>")]);
    let good = Server::new([Reply::file(&archive)]);
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let home = with_apt(&format!(
        "Types: deb\nURIs: {} {}\nSuites: trixie\nComponents: main\n\n\
         Types: deb\nURIs: {} http://127.0.0.1:{port}/debian\nSuites: bookworm\nComponents: main\n",
        page.mirror(),
        good.mirror(),
        without.mirror(),
    ));
    check(&home.ensure(&pin).unwrap());
    // The suite's own mirror first, and each once.
    assert_eq!(
        [without.seen().len(), page.seen().len(), good.seen().len()],
        [1, 1, 1]
    );
}

#[test]
fn a_download_goes_on_at_another_mirror() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let first = Server::new([
        Reply::file(&archive).tag("one").cut(100_000),
        Reply::status(404),
    ]);
    let second = Server::new([Reply::file(&archive).tag("two")]);
    let home = with_apt(&format!(
        "Types: deb\nURIs: {} {}\nSuites: bookworm\nComponents: main\n",
        first.mirror(),
        second.mirror(),
    ));
    check(&home.ensure(&pin).unwrap());
    assert_eq!(second.ranges(), [Some("bytes=100000-".into())]);
}

#[test]
fn no_mirror_has_it() {
    let archive = Entries::usual().pack();
    let server = Server::new([Reply::status(404)]);
    let error = Home::with_mirror(&server.mirror()).fails(&pin(&archive));
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert!(error.to_string().contains("404"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn no_mirror_is_known() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    for home in [
        Home::new(),
        with_apt("Types: deb\nURIs: cdrom:[x]/\nSuites: bookworm\n"),
    ] {
        let error = home.fails(&pin);
        assert!(matches!(error, Error::NoMirror { .. }), "{error}");
        assert!(
            error.to_string().contains("TFLITE_SYS_DEBIAN_MIRROR"),
            "{error}"
        );
    }
}

#[test]
fn a_mirror_that_is_no_address() {
    let archive = Entries::usual().pack();
    for mirror in ["mirror.example/debian", "file:///srv/debian", "HTTP"] {
        let error = Home::with_mirror(mirror).fails(&pin(&archive));
        assert!(matches!(error, Error::BadMirror(_)), "{error}");
    }
}
