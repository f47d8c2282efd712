//! The built-in pins, and texts that are refused.

use std::collections::HashSet;

use tflite_sys_source::{Error, Pins, pins, pins_text};

#[test]
fn the_built_in_pins_are_sound() {
    let pins = pins().unwrap();
    let pin = pins.get("chromium").unwrap();
    assert!(pin.path.contains(&pin.package));
    // The upstream version is in the file's name and in the name of the folder.
    let upstream = pin.version.split('-').next().unwrap();
    assert!(pin.path.contains(upstream) && pin.root.contains(upstream));
    assert!(
        pin.key().starts_with(&format!("chromium-{upstream}-")),
        "{}",
        pin.key()
    );
    let folders: HashSet<&str> = pin.components.iter().map(|c| c.folder.as_str()).collect();
    assert_eq!(
        folders.len(),
        pin.components.len(),
        "a folder is named twice"
    );
    for component in &pin.components {
        assert!(!component.license.is_empty() && !component.revision.is_empty());
        let licence = |path: &String| {
            let name = path.rsplit('/').next().unwrap();
            // A component that keeps all of `src` has its licence in there.
            name == "LICENSE" || path == "src"
        };
        assert!(
            component.keep.iter().any(licence),
            "no licence is kept of {}",
            component.folder
        );
    }
    assert!(matches!(pins.get("firefox"), Err(Error::Pins(_))));
}

#[test]
fn a_text_that_is_wrong_is_refused() {
    let text = pins_text();
    for (good, bad) in [
        ("format = \"tar.xz\"", "format = \"zip\""),
        ("root = \"", "root = \"../"),
        ("root = \"", "root = \"/"),
        ("folder = \"ruy\"", "folder = \"\""),
        ("\"absl\"", "\"absl/*.h\""),
        ("name = \"chromium\"", "name = \"../chromium\""),
        ("size = ", "size = -"),
        ("sha256 = \"2", "sha256 = \"G"),
        ("sha256 = \"2", "sha256 = \""),
        ("suite = ", "suites = "),
    ] {
        assert!(text.contains(good), "{good}");
        let error = Pins::parse(&text.replacen(good, bad, 1)).unwrap_err();
        assert!(matches!(error, Error::Pins(_)), "{bad}: {error}");
    }
}

#[test]
fn the_key_follows_what_is_unpacked() {
    let key = |text: &str| Pins::parse(text).unwrap().archives[0].key();
    let text = pins_text();
    let same = text.replacen("license = \"MIT\"", "license = \"ISC\"", 1) + "\n# A comment.\n";
    assert_eq!(key(text), key(&same));
    assert_ne!(
        key(text),
        key(&text.replacen("\"*_test.cc\"", "\"*_tests.cc\"", 1))
    );
    assert_ne!(
        key(text),
        key(&text.replacen("sha256 = \"2", "sha256 = \"3", 1))
    );
}
