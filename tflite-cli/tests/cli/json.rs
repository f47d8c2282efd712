//! `docs/json.md` describes what `--json` prints: each field that there is, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{model, tflite};

/// For the place of each field, its types. A place is a section of the document and a path.
type Fields = BTreeMap<(String, String), BTreeSet<String>>;

/// Objects with a section of their own: where they are, and what that is called.
const OBJECTS: [(&str, &str); 15] = [
    ("inspect:inputs[]", "tensor"),
    ("inspect:outputs[]", "tensor"),
    ("inspect:signatures[].inputs[].tensor", "tensor"),
    ("inspect:signatures[].outputs[].tensor", "tensor"),
    ("inspect:subgraphs[].tensors[]", "tensor"),
    ("inspect:labels[].file", "file"),
    ("inspect:model_metadata", "description"),
    ("description:associated_files[]", "file"),
    ("description:subgraphs[].associated_files[]", "file"),
    ("description:subgraphs[].inputs[]", "described tensor"),
    ("description:subgraphs[].outputs[]", "described tensor"),
    ("described tensor:associated_files[]", "file"),
    ("bench:latency", "latency"),
    ("bench:profile.kinds[]", "kind"),
    ("bench:profile.nodes[]", "node"),
];

fn collect(value: &Value, section: &str, path: &str, fields: &mut Fields) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !path.is_empty() {
        let place = (section.to_owned(), path.to_owned());
        fields.entry(place).or_default().insert(kind.to_owned());
    }
    let at = format!("{section}:{path}");
    let own = OBJECTS.iter().find(|(place, _)| *place == at);
    let (section, path) = own.map_or((section, path), |(_, name)| (name, ""));
    match value {
        Value::Array(list) => {
            let path = format!("{path}[]");
            list.iter()
                .for_each(|one| collect(one, section, &path, fields));
        }
        Value::Object(map) => {
            for (name, one) in map {
                let dot = if path.is_empty() { "" } else { "." };
                collect(one, section, &format!("{path}{dot}{name}"), fields);
            }
        }
        _ => (),
    }
}

/// The rows of the document's tables: `` | `path` | types | meaning | ``.
fn documented() -> Fields {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let text = fs::read_to_string(path).expect("a document");
    let mut section = String::new();
    let mut fields = Fields::new();
    for line in text.lines() {
        if let Some(title) = line.trim_start_matches('#').strip_prefix(' ')
            && line.starts_with("##")
        {
            section = title.trim_matches('`').to_owned();
        }
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, path, types, meaning, _] = cells[..] else {
            continue;
        };
        let Some(path) = path
            .strip_prefix('`')
            .and_then(|path| path.strip_suffix('`'))
        else {
            continue;
        };
        assert!(!meaning.is_empty(), "{line}");
        let types = types.split(" or ").map(str::to_owned).collect();
        let place = (section.clone(), path.to_owned());
        assert!(fields.insert(place, types).is_none(), "twice: {line}");
    }
    fields
}

#[test]
fn the_document_describes_what_is_printed() {
    let mut found = Fields::new();
    let mut add = |section: &str, arguments: &[&str]| {
        let output = tflite(arguments);
        let json: Value = serde_json::from_str(&output.stdout).expect("one object");
        collect(&json, section, "", &mut found);
    };
    for name in [
        "described",
        "int8_conv",
        "unknown_operator",
        "refused/sparse_index",
        "refused/signature_tensor",
        "optional_input",
        "counter",
        "dynamic_output",
        "refused/subgraph_input",
    ] {
        add("inspect", &["inspect", "--json", &model(name)]);
    }
    let conv = model("conv");
    add(
        "verify",
        &["verify", "--json", &conv, &model("refused/rank")],
    );
    add(
        "bench",
        &["bench", "--json", &conv, "--runs=2", "--warmup-runs=0"],
    );
    add(
        "bench",
        &[
            "bench",
            "--json",
            &conv,
            "--runs=2",
            "--no-xnnpack",
            "--profile-runs=0",
        ],
    );
    add(
        "bench",
        &[
            "bench",
            "--json",
            &model("dynamic_output"),
            "--runs=2",
            "--seed=1",
        ],
    );
    add(
        "bench",
        &["bench", "--json", &model("no_input"), "--runs=1"],
    );

    let documented = documented();
    let mut problems = Vec::new();
    for (place, types) in &found {
        let Some(known) = documented.get(place) else {
            problems.push(format!("not documented: {place:?} {types:?}"));
            continue;
        };
        // A number without digits behind the point may be printed as an integer.
        let fits =
            |kind: &String| known.contains(kind) || (kind == "integer" && known.contains("number"));
        if !types.iter().all(fits) {
            problems.push(format!("{place:?}: {types:?}, not {known:?}"));
        }
    }
    for (place, known) in &documented {
        let Some(types) = found.get(place) else {
            problems.push(format!("documented, but never there: {place:?}"));
            continue;
        };
        let unseen: Vec<_> = known.difference(types).collect();
        // What only other machines print.
        if !unseen.is_empty() && place.1 != "peak_rss_mb" {
            problems.push(format!("{place:?} is never {unseen:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
