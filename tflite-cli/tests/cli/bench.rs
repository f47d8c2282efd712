//! `tflite bench`.

use serde_json::Value;

use crate::{model, npy, text, tflite};

fn json(arguments: &[&str]) -> Value {
    let output = tflite(&[&["bench", "--json"], arguments].concat()).good();
    serde_json::from_str(&output).expect("one object")
}

#[test]
fn the_fields_are_those_of_the_python_tool() {
    let path = model("conv");
    let result = json(&[
        &path,
        "--runs",
        "20",
        "--warmup-runs",
        "3",
        "--threads",
        "2",
    ]);
    // Those of `ai_edge_litert/tools/benchmark_litert_model.py`.
    for field in [
        "model",
        "model_size_mb",
        "accelerators",
        "signature",
        "fully_accelerated",
        "num_threads",
        "latency",
        "throughput_mb_s",
    ] {
        assert!(!result[field].is_null(), "{field}");
    }
    let latency = &result["latency"];
    let number = |field: &str| latency[field].as_f64().expect(field);
    assert_eq!((number("num_runs"), number("num_warmup_runs")), (20.0, 3.0));
    let order = ["min_ms", "p5_ms", "median_ms", "p95_ms", "max_ms"].map(number);
    assert!(order.is_sorted(), "{order:?}");
    assert!(order[0] > 0.0 && number("std_ms") >= 0.0);
    let average = number("avg_ms");
    assert!(order[0] <= average && average <= order[4]);
    assert!(number("init_ms") >= number("load_ms"));
    assert!(number("warmup_first_ms") > 0.0 && number("warmup_avg_ms") > 0.0);
    assert_eq!(result["num_threads"], 2);
    assert_eq!(result["model"], path);
    let bytes = std::fs::metadata(crate::library("models/conv.tflite"))
        .expect("a model")
        .len();
    let mb = result["model_size_mb"].as_f64().expect("a number");
    assert_eq!(mb, bytes as f64 / 1048576.0);
}

#[test]
fn operators_are_told_apart() {
    let result = json(&[
        &model("conv"),
        "--no-xnnpack",
        "--runs",
        "2",
        "--profile-runs",
        "4",
    ]);
    assert_eq!(
        (&result["xnnpack"], &result["delegated"]),
        (&"off".into(), &0.into())
    );
    let profile = &result["profile"];
    assert_eq!(profile["num_runs"], 4);
    let kinds = profile["kinds"].as_array().expect("a list");
    let mut names: Vec<_> = kinds
        .iter()
        .map(|kind| kind["name"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["CONV_2D", "CUMSUM"]);
    let nodes = profile["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| node["times_called"] == 4));
    let percent = |list: &[Value]| -> f64 {
        list.iter()
            .map(|one| one["percent"].as_f64().expect("a number"))
            .sum()
    };
    assert!((percent(nodes) - 100.0).abs() < 1e-6 && (percent(kinds) - 100.0).abs() < 1e-6);
    let without = json(&[&model("conv"), "--runs", "1", "--profile-runs", "0"]);
    assert!(without["profile"].is_null());
}

#[test]
fn a_duration_is_filled() {
    let start = std::time::Instant::now();
    let arguments = ["--runs", "1", "--warmup-runs", "0", "--duration", "0.3"];
    let result = json(&[&[&*model("add")], &arguments[..]].concat());
    assert!(start.elapsed().as_secs_f64() >= 0.3);
    let latency = &result["latency"];
    assert!(
        latency["num_runs"].as_u64().expect("a number") > 10,
        "{latency}"
    );
    assert!(latency["warmup_first_ms"].is_null() && latency["warmup_avg_ms"].is_null());
}

#[test]
fn inputs_and_shapes_can_be_given() {
    let path = model("dynamic_batch");
    let few = json(&[&path, "--runs", "1"]);
    let many = json(&[&path, "--runs", "1", "--shape", "100,4"]);
    for result in [few, many] {
        let throughput = result["throughput_mb_s"].as_f64().expect("a number");
        let seconds = result["latency"]["avg_ms"].as_f64().expect("a number") / 1e3;
        let bytes = throughput * seconds * 1048576.0;
        assert!(
            (bytes - 16.0).abs() < 1e-3 || (bytes - 1600.0).abs() < 1e-3,
            "{bytes}"
        );
    }
}

/// Random indices are mostly out of range; given ones need not be.
#[test]
fn inputs_that_must_make_sense_can_be_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("indices.npy");
    let indices = |last: i32| {
        let array = npy::Array {
            descr: "<i4".to_owned(),
            shape: vec![3],
            bytes: [0, 1, last]
                .iter()
                .flat_map(|index| index.to_le_bytes())
                .collect(),
        };
        npy::write(&file, &array);
        tflite(&[
            "bench",
            &model("gather"),
            "--runs",
            "2",
            "--input",
            text(&file),
        ])
    };
    indices(0).good();
    indices(100_000).bad(1, &["running the model", "gather"]);
}

#[test]
fn the_table_is_for_people() {
    let output = tflite(&["bench", &model("conv"), "--runs", "3", "--top", "1"]).good();
    for line in [
        "Model initialization",
        "Warmup (first)",
        "Inference (p95)",
        "XNNPACK",
    ] {
        assert!(output.contains(line), "{line}: {output}");
    }
    assert!(output.contains("  and "), "{output}");
}

#[test]
fn a_weight_cache_is_written_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("weights");
    let arguments = [
        &model("conv"),
        "--runs",
        "1",
        "--weight-cache",
        text(&cache),
    ];
    assert_eq!(json(&arguments)["weight_cache"], "saved");
    assert_eq!(json(&arguments)["weight_cache"], "loaded");
    // That of another model does not fit, which is said, and is no failure.
    let other = tflite(&[
        "run",
        &model("int8_conv"),
        "--seed",
        "1",
        "--weight-cache",
        text(&cache),
    ]);
    assert_eq!(other.code, 0);
    assert!(
        other.stderr.starts_with("note: the weight cache"),
        "{}",
        other.stderr
    );
}
