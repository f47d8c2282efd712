//! `SAFETY.md`: the tests that it names are there, and its list is whole.

use std::collections::BTreeSet;
use std::fs;

use super::text::{Tests, code, is_test_name, read, root, rows, rust_files, without_comments};

#[test]
fn each_test_that_is_named_is_there() {
    let text = read("SAFETY.md");
    let tests = Tests::read();
    let names: Vec<&str> = code(&text).filter(|name| is_test_name(name)).collect();
    assert!(names.len() > 100, "{}", names.len());
    let missing: Vec<_> = names.iter().filter(|name| !tests.has(name)).collect();
    assert!(missing.is_empty(), "there is no {missing:#?}");
}

#[test]
fn each_module_with_unsafe_code_has_its_row() {
    let text = read("SAFETY.md");
    let start = text.find("## Modules with unsafe code").expect("a section");
    let modules: BTreeSet<String> = rows(&text[start..])
        .flat_map(|row| code(row[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let (mut checked, mut missing) = (0, Vec::new());
    for path in rust_files("src") {
        let source = without_comments(&fs::read_to_string(&path).expect("readable"));
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        // Blocks and implementations; not the lints' names.
        let is_unsafe = ["unsafe {", "unsafe impl", "unsafe extern"]
            .iter()
            .any(|word| source.contains(word));
        if !is_unsafe {
            continue;
        }
        checked += 1;
        let inside = path.strip_prefix(root().join("src")).expect("below");
        let module = inside.with_extension("");
        let module = module.to_string_lossy();
        let module = module.trim_end_matches("/mod");
        // A module's row speaks for its parts, except for those modules that do many things.
        let wholes = module.match_indices('/').map(|(at, _)| &module[..at]);
        let wholes = wholes.filter(|whole| !["interpreter", "tensor", "raw"].contains(whole));
        if !wholes
            .chain([module])
            .any(|module| modules.contains(module))
        {
            missing.push(module.to_owned());
        }
    }
    assert_eq!(
        missing, [""; 0],
        "modules with unsafe code and without a row"
    );
    assert!(checked > 10, "{checked}");
}

#[test]
fn each_finding_has_its_answer() {
    let text = read("SAFETY.md");
    let start = text
        .find("## Holes known from other wrappers")
        .expect("a section");
    let found = [
        ("T", 15),
        ("C", 17),
        ("E", 18),
        ("L", 1),
        ("D", 12),
        ("R", 6),
    ];
    let mut expected: Vec<String> = found
        .iter()
        .flat_map(|(wrapper, count)| (1..=*count).map(move |n| format!("{wrapper}{n}")))
        .collect();
    let mut actual = Vec::new();
    for row in rows(&text[start..]) {
        let [id, hole, kind, answer] = row[..] else {
            panic!("{row:?}")
        };
        actual.push(id.to_owned());
        assert!(!hole.is_empty() && !answer.is_empty(), "{id}");
        let has_test = code(answer).any(is_test_name);
        match kind {
            "T" | "R" | "T, R" => assert!(has_test || id == "E13", "{id}: no test"),
            "–" => {}
            other => panic!("{id}: {other:?}"),
        }
    }
    expected.sort();
    actual.sort();
    assert_eq!(actual, expected);
}
