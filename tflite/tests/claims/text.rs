//! Reading the source, the tests and the documents.

use std::fs;
use std::path::{Path, PathBuf};

/// The crate's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Rust files below a folder.
pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the crate") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "{folder}");
    files
}

/// Rust without comments. What stands behind `//` in a string is taken for one, which does no harm
/// here.
pub(crate) fn without_comments(source: &str) -> String {
    source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .fold(String::new(), |text, line| text + line + "\n")
}

/// Whether `word` stands in the text, and is not part of a longer one.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(inside) && !text[at + word.len()..].starts_with(inside)
    })
}

/// What stands in backticks.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The cells of each row of the tables in a text, without the tables' heads.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let mut in_table = false;
    text.lines().filter_map(move |line| {
        let Some(line) = line.strip_prefix('|') else {
            in_table = false;
            return None;
        };
        if line.starts_with("---") {
            in_table = true;
            return None;
        }
        let cells = line.trim_end_matches('|').split('|').map(str::trim);
        in_table.then(|| cells.collect())
    })
}

/// Whether a name in a document is meant as a test's or module's: `files::an_empty_file`, or as a
/// case's for the compiler: `compile_fail/data_mut_twice`.
pub(crate) fn is_test_name(name: &str) -> bool {
    let is_path = name.split("::").all(|part| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    });
    (name.contains("::") && is_path && !name.starts_with("tflite_sys::"))
        || name.starts_with("compile_fail/")
        || name.starts_with("compile_pass/")
}

/// The Rust files of source and tests, to look names up in.
pub(crate) struct Tests(Vec<(Vec<String>, String)>);

impl Tests {
    pub(crate) fn read() -> Self {
        let files = ["src", "tests", "../tflite-sys/tests"]
            .map(rust_files)
            .concat();
        let read = |path: &PathBuf| {
            let mut modules: Vec<String> = path
                .with_extension("")
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect();
            modules.retain(|module| module != "mod" && module != "main");
            (modules, without_comments(&read(path)))
        };
        Self(files.iter().map(read).collect())
    }

    /// Whether there is such a test, module or case.
    pub(crate) fn has(&self, name: &str) -> bool {
        if name.starts_with("compile_") {
            let path = root().join("tests").join(name).with_extension("rs");
            return path.exists();
        }
        let (modules, item) = name.rsplit_once("::").expect("a path");
        let modules: Vec<&str> = modules.split("::").collect();
        self.0.iter().any(|(path, source)| {
            // The last modules may be inside the file.
            (0..=modules.len()).any(|inside| {
                let (outside, inside) = modules.split_at(modules.len() - inside);
                !outside.is_empty()
                    && path.ends_with(&outside.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>())
                    && inside
                        .iter()
                        .all(|module| has_word(source, &format!("mod {module}")))
                    && ["fn", "mod"]
                        .iter()
                        .any(|kind| has_word(source, &format!("{kind} {item}")))
            })
        })
    }
}

#[test]
fn names_that_are_not_there_are_found_out() {
    let tests = Tests::read();
    for name in [
        "text::names_that_are_not_there_are_found_out",
        "dtype::tests::every_number_of_the_header_is_known_and_others_are_kept",
        "tensor::dtype::tests",
        "layout::xnnpack_options",
        "compile_fail/data_mut_twice",
    ] {
        assert!(tests.has(name), "{name}");
    }
    for name in [
        "text::nonesuch",
        "nonesuch::read",
        "compile_fail/nonesuch",
        "dtype::nonesuch::names",
    ] {
        assert!(!tests.has(name), "{name}");
    }
}

#[test]
fn words_are_whole() {
    assert!(has_word("a.get(0)", "get"));
    assert!(!has_word("a.get_mut(0), forget()", "get"));
    assert_eq!(without_comments("a // b\n/// c\nd"), "a \n\nd\n");
    assert_eq!(code("a `b` c `d::e`").collect::<Vec<_>>(), ["b", "d::e"]);
    let table = "text\n| a | b |\n|---|---|\n| c | `d` |\n\n| no table |";
    assert_eq!(rows(table).collect::<Vec<_>>(), [["c", "`d`"]]);
}
