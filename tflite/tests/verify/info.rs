//! What is read of models, against what TensorFlow's own classes read.
//!
//! `tests/models/info.py` writes `info.json` and makes `described.tflite`.

use std::collections::BTreeMap;

use serde::Deserialize;
use tflite::{
    AssociatedFileType, Error, Model, ModelInfo, OperatorInfo, SubgraphInfo, TensorInfo, TensorRole,
};

use super::folder;

#[derive(Deserialize)]
struct Golden {
    model: String,
    description: String,
    min_runtime_version: Option<String>,
    metadata: Vec<(String, u64)>,
    signatures: Vec<GoldenSignature>,
    files: Vec<(String, u64)>,
    subgraphs: Vec<GoldenSubgraph>,
}

#[derive(Deserialize)]
struct GoldenSignature {
    key: String,
    subgraph: usize,
    inputs: BTreeMap<String, usize>,
    outputs: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct GoldenSubgraph {
    name: String,
    inputs: Vec<Option<usize>>,
    outputs: Vec<Option<usize>>,
    tensors: Vec<GoldenTensor>,
    operators: Vec<GoldenOperator>,
}

#[derive(Deserialize)]
struct GoldenTensor {
    name: String,
    dtype: String,
    shape: Vec<i32>,
    shape_signature: Vec<i32>,
    scales: Vec<f32>,
    zero_points: Vec<i64>,
    axis: usize,
    is_variable: bool,
    buffer: usize,
    constant_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct GoldenOperator {
    name: String,
    is_custom: bool,
    version: i32,
    inputs: Vec<Option<usize>>,
    outputs: Vec<Option<usize>>,
}

fn info(name: &str) -> ModelInfo {
    Model::from_file(folder(&format!("{name}.tflite")))
        .expect("sound")
        .info()
        .expect("readable")
}

fn golden() -> Vec<Golden> {
    let text = std::fs::read_to_string(folder("info.json")).expect("made by info.py");
    serde_json::from_str(&text).expect("as info.py writes it")
}

#[test]
fn models_are_read_as_by_tensorflow() {
    let golden = golden();
    assert!(golden.len() > 10);
    for golden in golden {
        let (info, name) = (info(&golden.model), &golden.model);
        assert_eq!(info.schema_version, 3, "{name}");
        assert_eq!(info.description, golden.description, "{name}");
        assert_eq!(
            info.min_runtime_version, golden.min_runtime_version,
            "{name}"
        );
        let metadata: Vec<_> = info
            .metadata
            .into_iter()
            .map(|entry| (entry.name, entry.bytes))
            .collect();
        assert_eq!(metadata, golden.metadata, "{name}");
        let files: Vec<_> = info
            .files
            .into_iter()
            .map(|file| (file.name, file.bytes))
            .collect();
        assert_eq!(files, golden.files, "{name}");
        assert_eq!(info.signatures.len(), golden.signatures.len(), "{name}");
        for (signature, golden) in info.signatures.iter().zip(&golden.signatures) {
            assert_eq!(signature.key, golden.key, "{name}");
            assert_eq!(signature.subgraph, golden.subgraph, "{name}");
            assert_eq!(signature.inputs, golden.inputs, "{name}");
            assert_eq!(signature.outputs, golden.outputs, "{name}");
        }
        assert_eq!(info.subgraphs.len(), golden.subgraphs.len(), "{name}");
        for (graph, golden) in info.subgraphs.iter().zip(&golden.subgraphs) {
            assert_subgraph(graph, golden, name);
        }
    }
}

fn assert_subgraph(graph: &SubgraphInfo, golden: &GoldenSubgraph, name: &str) {
    assert_eq!(graph.name, golden.name, "{name}");
    assert_eq!(graph.inputs, golden.inputs, "{name}");
    assert_eq!(graph.outputs, golden.outputs, "{name}");
    assert_eq!(graph.tensors.len(), golden.tensors.len(), "{name}");
    for (tensor, golden) in graph.tensors.iter().zip(&golden.tensors) {
        assert_tensor(tensor, golden, name);
    }
    assert_eq!(graph.operators.len(), golden.operators.len(), "{name}");
    for (operator, golden) in graph.operators.iter().zip(&golden.operators) {
        assert_operator(operator, golden, name);
    }
}

fn assert_tensor(tensor: &TensorInfo, golden: &GoldenTensor, name: &str) {
    assert_eq!(tensor.name, golden.name, "{name}");
    assert_eq!(tensor.dtype.name(), golden.dtype, "{name}");
    assert_eq!(tensor.shape, golden.shape, "{name}");
    assert_eq!(tensor.shape_signature, golden.shape_signature, "{name}");
    assert_eq!(tensor.is_variable, golden.is_variable, "{name}");
    assert_eq!(tensor.buffer, golden.buffer, "{name}");
    assert_eq!(tensor.constant_bytes, golden.constant_bytes, "{name}");
    match &tensor.quantization {
        None => assert!(golden.scales.is_empty(), "{name}"),
        Some(quantization) => {
            assert_eq!(quantization.scales, golden.scales, "{name}");
            assert_eq!(quantization.zero_points, golden.zero_points, "{name}");
            assert_eq!(quantization.axis, golden.axis, "{name}");
        }
    }
}

fn assert_operator(operator: &OperatorInfo, golden: &GoldenOperator, name: &str) {
    assert_eq!(operator.name, golden.name, "{name}");
    assert_eq!(operator.is_custom, golden.is_custom, "{name}");
    assert_eq!(operator.version, golden.version, "{name}");
    assert_eq!(operator.inputs, golden.inputs, "{name}");
    assert_eq!(operator.outputs, golden.outputs, "{name}");
}

#[test]
fn the_golden_models_have_all_that_matters() {
    let golden = golden();
    let mut tensors = golden.iter().flat_map(|model| &model.subgraphs[0].tensors);
    assert!(tensors.any(|tensor| tensor.scales.len() > 1), "channels");
    let mut tensors = golden.iter().flat_map(|model| &model.subgraphs[0].tensors);
    assert!(tensors.any(|tensor| tensor.shape_signature.contains(&-1)));
    assert!(golden.iter().any(|model| model.subgraphs.len() > 1));
    assert!(
        golden
            .iter()
            .any(|model| model.subgraphs[0].inputs.contains(&None))
    );
}

#[test]
fn operators_are_counted() {
    let info = info("conv");
    let counts = info.operator_counts();
    assert_eq!(counts.get("CONV_2D"), Some(&2), "{counts:?}");
    assert_eq!(counts.get("CUMSUM"), Some(&1), "{counts:?}");
}

#[test]
fn descriptions_for_people_are_read() {
    let info = info("described");
    let model = info.model_metadata.expect("TFLITE_METADATA");
    assert_eq!(model.name, "Adder");
    assert_eq!(model.description, "adds");
    assert_eq!(model.version, "v2");
    assert_eq!(model.author, "a test");
    assert_eq!(model.license, "MIT");
    assert_eq!(model.min_parser_version, "1.5.0");
    assert_eq!(
        model.associated_files[0].kind,
        AssociatedFileType::Descriptions
    );
    let [graph] = model.subgraphs.as_slice() else {
        panic!("{:?}", model.subgraphs)
    };
    assert_eq!(graph.name, "main");
    assert_eq!(graph.inputs[0].name, "picture");
    assert_eq!(graph.inputs[0].description, "what there is to see");
    assert_eq!(graph.inputs[0].dimension_names, ["colour"]);
    let normalization = graph.inputs[0].normalization.as_ref().expect("there");
    assert_eq!(normalization.mean, [127.5, 1.0, 2.0]);
    assert_eq!(normalization.std, [128.0]);
    assert_eq!(graph.inputs[1].normalization, None);
    let file = &graph.outputs[0].associated_files[2];
    assert_eq!(file.name, "missing.txt");
    assert_eq!(file.kind, AssociatedFileType::TensorValueLabels);
}

#[test]
fn labels_are_read_from_the_archive() {
    let info = info("described");
    let [english, german] = info.labels.as_slice() else {
        panic!("{:?}", info.labels)
    };
    assert_eq!(english.labels, ["red", "green", "", "blue"]);
    assert_eq!(english.role, TensorRole::Output);
    assert_eq!((english.subgraph, english.index), (0, 0));
    assert_eq!(english.file.locale, "en");
    assert_eq!(german.file.locale, "de");
    assert_eq!(german.labels.len(), 81);
    assert_eq!(german.labels[79], "grün");
    assert_eq!(german.labels[80], "blau");
    assert_eq!(
        info.warnings,
        ["the file \"missing.txt\" is not in the archive"]
    );
}

#[test]
fn a_damaged_archive_is_only_warned_of() {
    let whole = std::fs::read(folder("described.tflite")).expect("there");
    let find = |needle: &[u8]| {
        let found = whole
            .windows(needle.len())
            .position(|window| window == needle);
        found.expect("there")
    };
    let warnings = |bytes: &[u8]| {
        let info = Model::from_bytes(bytes)
            .expect("sound")
            .info()
            .expect("sound");
        info.warnings.join(", ")
    };
    let mut damaged = whole.clone();
    damaged[find(b"red\ngreen")] = b'R';
    assert!(warnings(&damaged).contains("\"labels.txt\" is damaged"));
    let mut damaged = whole.clone();
    damaged[find(b"PK\x01\x02")] = 0;
    assert!(warnings(&damaged).contains("the archive: its list is damaged"));
    let cut = &whole[..whole.len() - 1];
    assert!(warnings(cut).contains("the archive: its end is cut off"));
    let shifted = [whole.as_slice(), b"a comment"].concat();
    assert_eq!(
        warnings(&shifted),
        "the file \"missing.txt\" is not in the archive"
    );
    let metadata = find(b"M001");
    let mut damaged = whole.clone();
    damaged[metadata - 4..metadata].fill(0xff);
    assert!(warnings(&damaged).starts_with("TFLITE_METADATA: "));
}

#[test]
fn no_model_is_an_error() {
    for bytes in [b"".as_slice(), b"TFL3", b"\x10\0\0\0TFL3"] {
        let result = ModelInfo::from_bytes(bytes);
        assert!(
            matches!(result, Err(Error::InvalidModel { .. })),
            "{result:?}"
        );
    }
}
