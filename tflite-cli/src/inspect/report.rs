//! What `tflite inspect` tells, as `--json` prints it. `docs/json.md` describes each field.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use tflite::{
    Interpreter, InterpreterOptions, Model, ModelInfo, OperatorInfo, QuantizationInfo,
    SignatureInfo, SubgraphInfo, TensorInfo,
};

use super::description::{Description, FileEntry, LabelList};
use crate::target::xnnpack_name;

/// A model, and why it was refused if it was.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) size: usize,
    pub(super) info: ModelInfo,
    pub(super) model: tflite::Result<Model>,
}

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) path: String,
    pub(super) bytes: usize,
    pub(super) schema_version: u32,
    pub(super) description: String,
    pub(super) min_runtime_version: Option<String>,
    pub(super) runtime_version: &'static str,
    /// What is wrong with the model.
    pub(super) problem: Option<String>,
    pub(super) execution: Execution,
    pub(super) signatures: Vec<Signature>,
    pub(super) inputs: Vec<Tensor>,
    pub(super) outputs: Vec<Tensor>,
    pub(super) operators: Vec<OperatorKind>,
    pub(super) subgraphs: Vec<Subgraph>,
    pub(super) metadata: Vec<FileEntry>,
    pub(super) model_metadata: Option<Description>,
    pub(super) files: Vec<FileEntry>,
    pub(super) labels: Vec<LabelList>,
    pub(super) warnings: Vec<String>,
}

/// What an interpreter says.
#[derive(Serialize)]
pub(super) struct Execution {
    pub(super) runnable: bool,
    /// Why it cannot be run.
    pub(super) problem: Option<String>,
    /// `applied`, `off`, `unavailable`, `refused`; nothing if there is no interpreter.
    pub(super) xnnpack: Option<&'static str>,
    /// Why XNNPACK is refused.
    pub(super) xnnpack_reason: Option<String>,
    pub(super) operators: Option<usize>,
    pub(super) delegated: Option<usize>,
    pub(super) partitions: Option<usize>,
    #[serde(skip)]
    delegated_operators: Vec<Vec<usize>>,
}

#[derive(Serialize)]
pub(super) struct Signature {
    pub(super) key: String,
    pub(super) subgraph: usize,
    pub(super) inputs: Vec<Named>,
    pub(super) outputs: Vec<Named>,
}

/// An input or output of a signature.
#[derive(Serialize)]
pub(super) struct Named {
    /// In the signature.
    pub(super) name: String,
    /// `None` if the file refers to a tensor that does not exist.
    pub(super) tensor: Option<Tensor>,
}

#[derive(Clone, Serialize)]
pub(super) struct Tensor {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) dtype: String,
    /// -1 for dimensions that the model leaves open.
    pub(super) shape: Vec<i32>,
    pub(super) quantization: Option<Quantization>,
    pub(super) is_variable: bool,
    pub(super) is_sparse: bool,
    pub(super) constant_bytes: Option<u64>,
}

#[derive(Clone, Serialize)]
pub(super) struct Quantization {
    pub(super) scales: Vec<f32>,
    pub(super) zero_points: Vec<i64>,
    pub(super) axis: usize,
}

/// All operators of one name.
#[derive(Serialize)]
pub(super) struct OperatorKind {
    pub(super) name: String,
    pub(super) is_custom: bool,
    pub(super) versions: BTreeSet<i32>,
    pub(super) count: usize,
    pub(super) delegated: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Subgraph {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<Option<usize>>,
    pub(super) operators: Vec<Operator>,
    pub(super) tensors: Vec<Tensor>,
}

#[derive(Serialize)]
pub(super) struct Operator {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) version: i32,
    pub(super) is_custom: bool,
    pub(super) delegated: Option<bool>,
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<Option<usize>>,
}

impl Report {
    pub(super) fn new(source: Source<'_>, options: InterpreterOptions) -> Self {
        let Source {
            path,
            size,
            info,
            model,
        } = source;
        let execution = Execution::of(&model, options);
        let subgraphs: Vec<Subgraph> = (info.subgraphs.iter().enumerate())
            .map(|(index, graph)| Subgraph::of(index, graph, &info, &execution))
            .collect();
        let main = info.subgraphs.first();
        let interface = |indices: fn(&SubgraphInfo) -> &[Option<usize>]| {
            let graph = main.into_iter();
            graph
                .flat_map(|graph| indices(graph).iter().map(move |index| (graph, index)))
                .filter_map(|(graph, index)| Tensor::of(graph, (*index)?))
                .collect()
        };
        Self {
            path: path.to_string_lossy().into_owned(),
            bytes: size,
            schema_version: info.schema_version,
            min_runtime_version: info.min_runtime_version.clone(),
            runtime_version: tflite::version(),
            problem: model.err().map(|error| error.to_string()),
            signatures: info
                .signatures
                .iter()
                .map(|signature| Signature::of(signature, &info))
                .collect(),
            inputs: interface(|graph| &graph.inputs),
            outputs: interface(|graph| &graph.outputs),
            operators: kinds(&subgraphs),
            metadata: info.metadata.iter().map(FileEntry::from).collect(),
            model_metadata: info.model_metadata.as_ref().map(Description::from),
            files: info.files.iter().map(FileEntry::from).collect(),
            labels: info.labels.iter().map(LabelList::from).collect(),
            warnings: info.warnings,
            description: info.description,
            execution,
            subgraphs,
        }
    }
}

impl Execution {
    /// Makes an interpreter to ask it.
    fn of(model: &tflite::Result<Model>, options: InterpreterOptions) -> Self {
        let refused = |problem| Self {
            runnable: false,
            problem,
            xnnpack: None,
            xnnpack_reason: None,
            operators: None,
            delegated: None,
            partitions: None,
            delegated_operators: Vec::new(),
        };
        let Ok(model) = model else {
            return refused(None);
        };
        let report = match Interpreter::new(model, options) {
            Ok(interpreter) => interpreter.delegate_report(),
            Err(error) => return refused(Some(error.to_string())),
        };
        let (xnnpack, reason) = xnnpack_name(&report.xnnpack);
        Self {
            runnable: true,
            problem: None,
            xnnpack: Some(xnnpack),
            xnnpack_reason: reason.map(str::to_owned),
            operators: Some(report.operators),
            delegated: Some(report.delegated),
            partitions: Some(report.partitions),
            delegated_operators: report.delegated_operators,
        }
    }

    fn is_delegated(&self, subgraphs: usize, subgraph: usize, operator: usize) -> Option<bool> {
        // Delegates are offered all subgraphs; otherwise nobody could tell which is which.
        if !self.runnable || self.delegated_operators.len() != subgraphs {
            return None;
        }
        let delegated = self.delegated_operators.get(subgraph)?;
        Some(delegated.binary_search(&operator).is_ok())
    }
}

impl Signature {
    fn of(signature: &SignatureInfo, info: &ModelInfo) -> Self {
        let named = |names: &BTreeMap<String, usize>| {
            let graph = info.subgraphs.get(signature.subgraph);
            let named = |(name, &index): (&String, &usize)| Named {
                name: name.clone(),
                tensor: graph.and_then(|graph| Tensor::of(graph, index)),
            };
            names.iter().map(named).collect()
        };
        Self {
            key: signature.key.clone(),
            subgraph: signature.subgraph,
            inputs: named(&signature.inputs),
            outputs: named(&signature.outputs),
        }
    }
}

impl Tensor {
    fn of(graph: &SubgraphInfo, index: usize) -> Option<Self> {
        let tensor: &TensorInfo = graph.tensors.get(index)?;
        let shape = match &tensor.shape_signature[..] {
            [] => &tensor.shape,
            signature => signature,
        };
        Some(Self {
            index,
            name: tensor.name.clone(),
            dtype: tensor.dtype.to_string(),
            shape: shape.to_vec(),
            quantization: tensor.quantization.as_ref().map(Quantization::from),
            is_variable: tensor.is_variable,
            is_sparse: tensor.is_sparse,
            constant_bytes: tensor.constant_bytes,
        })
    }
}

impl From<&QuantizationInfo> for Quantization {
    fn from(info: &QuantizationInfo) -> Self {
        Self {
            scales: info.scales.clone(),
            zero_points: info.zero_points.clone(),
            axis: info.axis,
        }
    }
}

impl Subgraph {
    fn of(index: usize, graph: &SubgraphInfo, info: &ModelInfo, execution: &Execution) -> Self {
        let operator = |(at, operator): (usize, &OperatorInfo)| Operator {
            index: at,
            name: operator.name.clone(),
            version: operator.version,
            is_custom: operator.is_custom,
            delegated: execution.is_delegated(info.subgraphs.len(), index, at),
            inputs: operator.inputs.clone(),
            outputs: operator.outputs.clone(),
        };
        Self {
            index,
            name: graph.name.clone(),
            inputs: graph.inputs.clone(),
            outputs: graph.outputs.clone(),
            operators: graph.operators.iter().enumerate().map(operator).collect(),
            tensors: (0..graph.tensors.len())
                .filter_map(|at| Tensor::of(graph, at))
                .collect(),
        }
    }
}

/// The operators of all subgraphs by their names, the most frequent first.
fn kinds(subgraphs: &[Subgraph]) -> Vec<OperatorKind> {
    let mut kinds: BTreeMap<(&str, bool), OperatorKind> = BTreeMap::new();
    for operator in subgraphs.iter().flat_map(|graph| &graph.operators) {
        let key = (operator.name.as_str(), operator.is_custom);
        let kind = kinds.entry(key).or_insert_with(|| OperatorKind {
            name: operator.name.clone(),
            is_custom: operator.is_custom,
            versions: BTreeSet::new(),
            count: 0,
            delegated: operator.delegated.map(|_| 0),
        });
        kind.versions.insert(operator.version);
        kind.count += 1;
        if let (Some(count), Some(true)) = (&mut kind.delegated, operator.delegated) {
            *count += 1;
        }
    }
    let mut kinds: Vec<_> = kinds.into_values().collect();
    // The sort is stable: equal counts stay in alphabetical order.
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    kinds
}
