//! Which paths of an archive are kept.

use std::path::Path;

use crate::{Component, Pin};

/// Paths for a message, the first few and the number of the others.
pub(crate) fn list(paths: &[String]) -> String {
    const SHOWN: usize = 5;
    let text = paths[..paths.len().min(SHOWN)].join(", ");
    match paths.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The `keep` and `exclude` lists of a pin, ready to ask.
pub(crate) struct Selection<'a> {
    components: Vec<Rules<'a>>,
}

struct Rules<'a> {
    folder: &'a str,
    keep: Vec<&'a str>,
    leave: Vec<&'a str>,
    patterns: Vec<Vec<&'a str>>,
}

impl<'a> Selection<'a> {
    pub(crate) fn new(pin: &'a Pin) -> Self {
        Self {
            components: pin.components.iter().map(Rules::new).collect(),
        }
    }

    /// Whether the file at `path` (below the archive's root, with `/`) is kept.
    pub(crate) fn keeps(&self, path: &str) -> bool {
        self.components.iter().any(|rules| {
            path.strip_prefix(rules.folder)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| rules.keeps(rest))
        })
    }

    /// The paths that are kept by name, below the archive's root.
    pub(crate) fn roots(&self) -> impl Iterator<Item = String> {
        self.components.iter().flat_map(|rules| {
            rules
                .keep
                .iter()
                .map(|path| format!("{}/{path}", rules.folder))
        })
    }

    /// The kept paths that `dir`, an unpacked tree, does not have. Folders are only made for files
    /// in them, so that a folder that exists is not empty.
    pub(crate) fn missing_in(&self, dir: &Path) -> Vec<String> {
        self.roots()
            .filter(|root| !dir.join(root).exists())
            .collect()
    }
}

impl<'a> Rules<'a> {
    fn new(component: &'a Component) -> Self {
        let (patterns, leave): (Vec<&str>, Vec<&str>) = component
            .exclude
            .iter()
            .map(String::as_str)
            .partition(|path| path.contains('*'));
        Self {
            folder: &component.folder,
            keep: component.keep.iter().map(String::as_str).collect(),
            leave,
            patterns: patterns
                .into_iter()
                .map(|pattern| pattern.split('*').collect())
                .collect(),
        }
    }

    fn keeps(&self, path: &str) -> bool {
        let longest = |roots: &[&str]| {
            roots
                .iter()
                .filter(|root| within(path, root))
                .map(|root| root.len())
                .max()
        };
        // None sorts below any length: what is in no list is not kept.
        longest(&self.keep) > longest(&self.leave)
            && (self.keep.contains(&path)
                || !self.patterns.iter().any(|parts| matches(path, parts)))
    }
}

/// Whether `path` is `root` or is inside it.
fn within(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether `path` matches the pattern whose parts between the `*` are given.
fn matches(path: &str, parts: &[&str]) -> bool {
    let [first, middle @ .., last] = parts else {
        return false;
    };
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        // The leftmost place leaves the most for the parts that follow.
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules<'a>(component: &'a Component) -> Rules<'a> {
        Rules::new(component)
    }

    fn component(keep: &[&str], exclude: &[&str]) -> Component {
        let owned = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
        Component {
            folder: "c".to_owned(),
            project: String::new(),
            revision: String::new(),
            license: String::new(),
            keep: owned(keep),
            exclude: owned(exclude),
        }
    }

    #[test]
    fn the_longest_path_decides() {
        let c = component(
            &["src", "src/docs/figures", "src/docs/a.txt"],
            &["src/docs"],
        );
        let r = rules(&c);
        assert!(r.keeps("src/a.c"));
        assert!(!r.keeps("src/docs/index.md"));
        assert!(r.keeps("src/docs/figures/x.h"));
        assert!(r.keeps("src/docs/a.txt"));
        assert!(!r.keeps("other/a.c"));
        // A name that only begins alike is another folder.
        assert!(!r.keeps("srcs/a.c"));
        assert!(r.keeps("src/docsets/a.c"));
    }

    #[test]
    fn patterns_take_files_out_unless_they_are_named() {
        let c = component(
            &["src", "src/tools/run.py"],
            &["*_test.cc", "*.py", "*-wasm*.c", "src/gpu/*.cc", "*/BUILD"],
        );
        let r = rules(&c);
        assert!(!r.keeps("src/a_test.cc"));
        assert!(r.keeps("src/a_test.h"));
        assert!(!r.keeps("src/x.py"));
        assert!(r.keeps("src/tools/run.py"));
        assert!(!r.keeps("src/gen/f32-wasmsimd-x4.c"));
        assert!(r.keeps("src/gen/f32-wasmsimd-x4.h"));
        assert!(!r.keeps("src/gpu/deep/er.cc"));
        assert!(r.keeps("src/gpu/er.h"));
        assert!(!r.keeps("src/BUILD"));
        assert!(r.keeps("src/BUILD.h"));
    }

    #[test]
    fn long_lists_are_cut() {
        let paths: Vec<String> = (0..7).map(|number| number.to_string()).collect();
        assert_eq!(list(&paths[..5]), "0, 1, 2, 3, 4");
        assert_eq!(list(&paths), "0, 1, 2, 3, 4 and 2 more");
    }

    #[test]
    fn pattern_parts_do_not_overlap() {
        assert!(matches("ab-c", &["a", "c"]));
        assert!(!matches("a", &["a", "a"]));
        assert!(!matches("xay", &["", "a", "ay"]));
        assert!(matches("xaay", &["", "a", "ay"]));
    }
}
