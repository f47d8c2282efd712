//! Labels of inputs and outputs.

use super::archive::Archive;
use super::metadata::{AssociatedFile, AssociatedFileType, ModelMetadata, TensorMetadata};
use crate::error::TensorRole;

/// What all files with labels may have together, in bytes.
const MAX_TOTAL: usize = 64 << 20;

/// How many labels a file may have. Empty ones take more memory than the file.
const MAX_LABELS: usize = 1 << 20;

/// What the indices or the values of an input or output are called.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/described.tflite");
/// let info = tflite::Model::from_file(path)?.info()?;
/// let english = info.labels.iter().find(|labels| labels.file.locale == "en");
/// let english = english.expect("this model has some");
/// assert_eq!((english.role, english.index), (tflite::TensorRole::Output, 0));
/// assert_eq!(english.labels, ["red", "green", "", "blue"]);
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Labels {
    /// The index of the subgraph.
    pub subgraph: usize,
    /// Whether they belong to an input or an output.
    pub role: TensorRole,
    /// Its place among the subgraph's inputs or outputs.
    pub index: usize,
    /// The file that they are from: its kind tells indices from values, its locale the language.
    pub file: AssociatedFile,
    /// One label for each index or value, from 0.
    pub labels: Vec<String>,
}

pub(super) fn read(
    description: &ModelMetadata,
    archive: &Archive<'_>,
    warnings: &mut Vec<String>,
) -> Vec<Labels> {
    let mut found = Vec::new();
    let mut total = 0_usize;
    for (subgraph, graph) in description.subgraphs.iter().enumerate() {
        let roles = [
            (TensorRole::Input, &graph.inputs),
            (TensorRole::Output, &graph.outputs),
        ];
        for (role, index, file) in roles.into_iter().flat_map(|(role, list)| files(role, list)) {
            let text = match archive.read(&file.name) {
                Ok(text) => text,
                Err(reason) => {
                    warnings.push(format!("the file {:?} {reason}", file.name));
                    continue;
                }
            };
            // Many tensors can refer to one large file.
            total = total.saturating_add(text.len());
            if total > MAX_TOTAL {
                warnings.push("the labels have more than 64 MiB".to_owned());
                return found;
            }
            let labels = lines(&text);
            if labels.len() > MAX_LABELS {
                warnings.push(format!("the file {:?} has too many lines", file.name));
                continue;
            }
            found.push(Labels {
                subgraph,
                role,
                index,
                file: file.clone(),
                labels,
            });
        }
    }
    found
}

/// The files with labels among those of the inputs, or of the outputs.
fn files(
    role: TensorRole,
    tensors: &[TensorMetadata],
) -> impl Iterator<Item = (TensorRole, usize, &AssociatedFile)> {
    tensors.iter().enumerate().flat_map(move |(index, tensor)| {
        tensor
            .associated_files
            .iter()
            .filter(|file| {
                matches!(
                    file.kind,
                    AssociatedFileType::TensorAxisLabels | AssociatedFileType::TensorValueLabels
                )
            })
            .map(move |file| (role, index, file))
    })
}

/// Empty lines count, but for the one behind the last line's end. One more than allowed at most.
fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text)
        .lines()
        .take(MAX_LABELS + 1)
        .map(str::to_owned)
        .collect()
}
