//! What the source does not do.

use std::fs;

use super::text::{has_word, rust_files, without_comments};

/// Where one of the words stands outside of comments.
fn find(words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in rust_files("src") {
        let source = without_comments(&fs::read_to_string(&path).expect("readable"));
        for (number, line) in source.lines().enumerate() {
            for word in words {
                if has_word(line, word) {
                    found.push(format!("{}:{}: {word}", path.display(), number + 1));
                }
            }
        }
    }
    found
}

#[test]
fn nothing_is_printed() {
    let words = [
        "println", "eprintln", "print", "eprint", "dbg", "stdout", "stderr",
    ];
    assert_eq!(find(&words), [""; 0]);
}

#[test]
fn nothing_is_exported() {
    assert_eq!(find(&["no_mangle", "export_name"]), [""; 0]);
}

#[test]
fn words_are_found() {
    assert!(!find(&["fn"]).is_empty());
}
