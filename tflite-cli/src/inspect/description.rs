//! What a model's authors say of it, as `--json` prints it.

use serde::Serialize;
use tflite::{
    AssociatedFile, AssociatedFileType, FileInfo, Labels, MetadataInfo, ModelMetadata,
    Normalization, SubgraphMetadata, TensorMetadata,
};

/// Named data, or a file in the archive.
#[derive(Serialize)]
pub(super) struct FileEntry {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// `TFLITE_METADATA`.
#[derive(Serialize)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) version: String,
    pub(super) author: String,
    pub(super) license: String,
    pub(super) min_parser_version: String,
    pub(super) associated_files: Vec<File>,
    pub(super) subgraphs: Vec<Graph>,
}

#[derive(Serialize)]
pub(super) struct Graph {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) inputs: Vec<Tensor>,
    pub(super) outputs: Vec<Tensor>,
    pub(super) associated_files: Vec<File>,
}

#[derive(Serialize)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) dimension_names: Vec<String>,
    pub(super) normalization: Option<MeanAndStd>,
    pub(super) associated_files: Vec<File>,
}

#[derive(Serialize)]
pub(super) struct MeanAndStd {
    pub(super) mean: Vec<f32>,
    pub(super) std: Vec<f32>,
}

#[derive(Serialize)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) description: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) locale: String,
    pub(super) version: String,
}

/// Labels of an input or output.
#[derive(Serialize)]
pub(super) struct LabelList {
    pub(super) subgraph: usize,
    pub(super) role: String,
    pub(super) index: usize,
    pub(super) file: File,
    pub(super) labels: Vec<String>,
}

impl From<&MetadataInfo> for FileEntry {
    fn from(info: &MetadataInfo) -> Self {
        Self {
            name: info.name.clone(),
            bytes: info.bytes,
        }
    }
}

impl From<&FileInfo> for FileEntry {
    fn from(info: &FileInfo) -> Self {
        Self {
            name: info.name.clone(),
            bytes: info.bytes,
        }
    }
}

impl From<&ModelMetadata> for Description {
    fn from(metadata: &ModelMetadata) -> Self {
        Self {
            name: metadata.name.clone(),
            description: metadata.description.clone(),
            version: metadata.version.clone(),
            author: metadata.author.clone(),
            license: metadata.license.clone(),
            min_parser_version: metadata.min_parser_version.clone(),
            associated_files: files(&metadata.associated_files),
            subgraphs: metadata.subgraphs.iter().map(Graph::from).collect(),
        }
    }
}

impl From<&SubgraphMetadata> for Graph {
    fn from(metadata: &SubgraphMetadata) -> Self {
        Self {
            name: metadata.name.clone(),
            description: metadata.description.clone(),
            inputs: metadata.inputs.iter().map(Tensor::from).collect(),
            outputs: metadata.outputs.iter().map(Tensor::from).collect(),
            associated_files: files(&metadata.associated_files),
        }
    }
}

impl From<&TensorMetadata> for Tensor {
    fn from(metadata: &TensorMetadata) -> Self {
        Self {
            name: metadata.name.clone(),
            description: metadata.description.clone(),
            dimension_names: metadata.dimension_names.clone(),
            normalization: metadata.normalization.as_ref().map(MeanAndStd::from),
            associated_files: files(&metadata.associated_files),
        }
    }
}

impl From<&Normalization> for MeanAndStd {
    fn from(normalization: &Normalization) -> Self {
        Self {
            mean: normalization.mean.clone(),
            std: normalization.std.clone(),
        }
    }
}

fn files(files: &[AssociatedFile]) -> Vec<File> {
    files.iter().map(File::from).collect()
}

impl From<&AssociatedFile> for File {
    fn from(file: &AssociatedFile) -> Self {
        Self {
            name: file.name.clone(),
            description: file.description.clone(),
            kind: kind(file.kind),
            locale: file.locale.clone(),
            version: file.version.clone(),
        }
    }
}

/// The schema's name.
fn kind(kind: AssociatedFileType) -> String {
    use AssociatedFileType as Type;
    match kind {
        Type::Unspecified => "UNKNOWN",
        Type::Descriptions => "DESCRIPTIONS",
        Type::TensorAxisLabels => "TENSOR_AXIS_LABELS",
        Type::TensorValueLabels => "TENSOR_VALUE_LABELS",
        Type::TensorAxisScoreCalibration => "TENSOR_AXIS_SCORE_CALIBRATION",
        Type::Vocabulary => "VOCABULARY",
        Type::ScannIndexFile => "SCANN_INDEX_FILE",
        Type::Unknown(number) => return number.to_string(),
        _ => "UNKNOWN",
    }
    .to_owned()
}

impl From<&Labels> for LabelList {
    fn from(labels: &Labels) -> Self {
        Self {
            subgraph: labels.subgraph,
            role: labels.role.to_string(),
            index: labels.index,
            file: File::from(&labels.file),
            labels: labels.labels.clone(),
        }
    }
}
