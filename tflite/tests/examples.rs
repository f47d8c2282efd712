//! The examples work, with the arguments that they have by default.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What each example prints, as far as it does not depend on the machine.
const EXPECTED: &[(&str, &[&str])] = &[
    ("cancel", &["cancelled\n", "counted to 3\n"]),
    (
        "custom_op",
        &[
            "Encountered unresolved custom op: Atan",
            "= [0.4636, 0.4636, -0.7854, 1.5610]\n",
            "\n0:1          Atan ",
        ],
    ),
    ("label_image", &["7.752  pants\n", " 2.916  dress\n"]),
    ("pool", &["Shared\n", "800 invocations of 8 threads\n"]),
    (
        "signatures",
        &[
            "double\n  input  x: float32 [2]\n  output y: float32 [2]\n         [2.0, 2.0]\n",
            "sum\n  input  a: float32 [3]\n  input  b: float32 [3]\n",
        ],
    ),
];

#[test]
fn each_example_does_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected: BTreeMap<_, _> = EXPECTED.iter().copied().collect();
    for entry in fs::read_dir(root.join("examples")).expect("there") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        let words = expected.get(&*name);
        let words = words.unwrap_or_else(|| panic!("what does the example {name} print?"));
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(root)
            .args(["run", "--quiet", "--offline", "--example", &name])
            // `cargo test` has built them there, unless only this test was asked for.
            .arg("--target-dir")
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(".."))
            .output()
            .expect("cargo");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        let text = String::from_utf8_lossy(&output.stdout);
        for word in *words {
            assert!(
                text.contains(word),
                "{name} prints\n{text}\nwithout\n{word}"
            );
        }
    }
    let there = |name: &str| {
        root.join("examples")
            .join(name)
            .with_extension("rs")
            .exists()
    };
    assert!(EXPECTED.iter().all(|(name, _)| there(name)));
}
