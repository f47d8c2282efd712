//! What is inside a model, without running it.

#![forbid(unsafe_code)]

mod archive;
mod labels;
mod metadata;
mod read;

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::tensor::TensorType;
use crate::verify::Refusal;

pub use labels::Labels;
pub use metadata::{
    AssociatedFile, AssociatedFileType, ModelMetadata, Normalization, SubgraphMetadata,
    TensorMetadata,
};

/// What a model consists of: functions, operators, tensors, names, descriptions, labels.
///
/// It is read from the file alone, by safe code. No interpreter is made, and no operator needs to
/// be known.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/int8_dense.tflite");
/// let info = tflite::Model::from_file(path)?.info()?;
/// let graph = &info.subgraphs[0];
/// let input = &graph.tensors[graph.inputs[0].expect("not left out")];
/// assert_eq!(input.dtype, tflite::TensorType::Int8);
/// assert_eq!(input.shape, [1, 8]);
/// assert_eq!(info.operator_counts()["FULLY_CONNECTED"], 1);
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The version of the file format: 3.
    pub schema_version: u32,
    /// What the converter says of itself or of the model. May be empty.
    pub description: String,
    /// The oldest runtime that has all operators in the versions used, such as `1.14.0`. A lower
    /// bound, as the converter knew it.
    pub min_runtime_version: Option<String>,
    /// The functions. The first one is what an [`Interpreter`](crate::Interpreter) runs.
    pub subgraphs: Vec<SubgraphInfo>,
    /// The functions' names, and names of their inputs and outputs.
    pub signatures: Vec<SignatureInfo>,
    /// Named data: `min_runtime_version`, `TFLITE_METADATA`, and whatever tools add.
    pub metadata: Vec<MetadataInfo>,
    /// What `TFLITE_METADATA` says, if there is any.
    pub model_metadata: Option<ModelMetadata>,
    /// The files of the ZIP archive behind the model, such as `labels.txt`.
    pub files: Vec<FileInfo>,
    /// The labels of inputs and outputs, from those files.
    pub labels: Vec<Labels>,
    /// What was found, but could not be read. None of it matters for running the model.
    pub warnings: Vec<String>,
}

/// A function: its tensors, and its operators in the order in which they run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubgraphInfo {
    /// Its name, such as `main`. May be empty.
    pub name: String,
    /// The inputs as indices of `tensors`; `None` for one that is left out.
    pub inputs: Vec<Option<usize>>,
    /// The outputs as indices of `tensors`.
    pub outputs: Vec<Option<usize>>,
    /// All tensors: inputs, outputs, constants, and what lies between.
    pub tensors: Vec<TensorInfo>,
    /// The operators.
    pub operators: Vec<OperatorInfo>,
}

/// A tensor as the file describes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// Its name. May be empty, and need not be unique.
    pub name: String,
    /// The type of its elements.
    pub dtype: TensorType,
    /// The shape, such as `[1, 224, 224, 3]`. Unknown dimensions are 1. Empty for scalars, and
    /// where the rank is unknown.
    pub shape: Vec<i32>,
    /// The shape with -1 for unknown dimensions, such as `[-1, 224, 224, 3]`. Empty if the file has
    /// none, which means that all dimensions are known.
    pub shape_signature: Vec<i32>,
    /// How numbers stand for other numbers, if they do.
    pub quantization: Option<QuantizationInfo>,
    /// Whether the contents stay from one invocation to the next.
    pub is_variable: bool,
    /// The index of the buffer with the contents; 0 if there are none.
    pub buffer: usize,
    /// How many bytes of contents are in the file; `None` if the tensor is no constant.
    pub constant_bytes: Option<u64>,
    /// Whether only some of the elements are stored.
    pub is_sparse: bool,
}

/// Which numbers the elements of a tensor stand for: `scale * (element - zero_point)`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuantizationInfo {
    /// One for the whole tensor, or one for each index of `axis`.
    pub scales: Vec<f32>,
    /// As many as `scales`.
    pub zero_points: Vec<i64>,
    /// The dimension that `scales` belong to, if there are several.
    pub axis: usize,
}

/// One step of a function.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OperatorInfo {
    /// What it computes: `CONV_2D`, or a custom operator's name. A number if this crate does not
    /// know the operator.
    pub name: String,
    /// Whether it is a custom operator.
    pub is_custom: bool,
    /// The version, from 1. Runtimes that are too old have only lower ones.
    pub version: i32,
    /// What it reads, as indices of the subgraph's tensors; `None` for what is left out.
    pub inputs: Vec<Option<usize>>,
    /// What it writes, as indices of the subgraph's tensors.
    pub outputs: Vec<Option<usize>>,
}

/// A function's name, and names of its inputs and outputs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SignatureInfo {
    /// The name, such as `serving_default`.
    pub key: String,
    /// The index of the subgraph.
    pub subgraph: usize,
    /// The inputs' names, and which of the subgraph's tensors they stand for.
    pub inputs: BTreeMap<String, usize>,
    /// The outputs' names, and which of the subgraph's tensors they stand for.
    pub outputs: BTreeMap<String, usize>,
}

/// Named data in a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MetadataInfo {
    /// The name.
    pub name: String,
    /// How many bytes of data there are.
    pub bytes: u64,
}

/// A file in the archive behind a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileInfo {
    /// The name.
    pub name: String,
    /// The size when unpacked, in bytes.
    pub bytes: u64,
}

impl ModelInfo {
    /// Reads what is in a model.
    ///
    /// The model need not make sense, nor run: this also describes those that
    /// [`Model::from_bytes`](crate::Model::from_bytes) refuses.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidModel`] if the bytes are no model or a damaged one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        read::read(bytes)
            .map_err(|malformed| Error::refused(bytes.len(), Refusal::Malformed(malformed)))
    }

    /// How many operators of each name there are, in all functions together.
    pub fn operator_counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for operator in self.subgraphs.iter().flat_map(|graph| &graph.operators) {
            *counts.entry(operator.name.as_str()).or_insert(0) += 1;
        }
        counts
    }
}
