//! Outputs for people.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use tflite::{AssociatedFileType, ModelInfo, Tensor, TensorRole, TensorType};

use crate::console::{TITLE, clean, line};
use crate::error::{Failure, Result};
use crate::table::{Align, Table};
use crate::target::{Place, Target};

/// How long a file with labels may be, in bytes.
const MAX_LABELS: u64 = 64 << 20;

/// One label a line.
pub(super) fn read_labels(path: &Path) -> Result<Vec<String>> {
    let mut text = String::new();
    let file = File::open(path).and_then(|file| file.take(MAX_LABELS).read_to_string(&mut text));
    file.map_err(|source| Failure::read(path, source))?;
    let labels: Vec<_> = text.lines().map(|label| label.trim().to_owned()).collect();
    if labels.iter().all(String::is_empty) {
        let path = path.display();
        return Err(Failure::Unfit(format!("there are no labels in {path}")));
    }
    Ok(labels)
}

/// Prints all outputs as NumPy does, with the best labels where there are some.
pub(super) fn write(
    out: &mut impl Write,
    target: &Target<'_>,
    info: &ModelInfo,
    labels: Option<&[String]>,
    top_k: usize,
) -> Result<()> {
    let mut has_labels = false;
    for (at, place) in target.outputs.iter().enumerate() {
        let tensor = target.output(place)?;
        if at > 0 {
            writeln!(out)?;
        }
        let (name, dtype, shape) = (line(&place.name), tensor.dtype(), tensor.shape());
        writeln!(out, "{TITLE}{name}{TITLE:#} {dtype} {shape}")?;
        writeln!(out, "{}", clean(&tensor.to_string()))?;
        let own = || labels_of(info, target.subgraph, place);
        if let Some(labels) = labels.or_else(own)
            && shape.last() == Some(&labels.len())
        {
            has_labels = true;
            write_best(out, &tensor, labels, top_k)?;
        }
    }
    match labels {
        Some(labels) if !has_labels => {
            let count = labels.len();
            let message = format!("no output has a last dimension of {count}, as there are labels");
            Err(Failure::Unfit(message))
        }
        _ => Ok(()),
    }
}

/// The labels of an output's last dimension, from the model.
fn labels_of<'a>(info: &'a ModelInfo, subgraph: usize, place: &Place) -> Option<&'a [String]> {
    let mut labels = info.labels.iter();
    let labels = labels.find(|labels| {
        labels.subgraph == subgraph
            && labels.role == TensorRole::Output
            && labels.index == place.index
            && labels.file.kind == AssociatedFileType::TensorAxisLabels
    })?;
    Some(&labels.labels)
}

/// Prints the best labels of each row.
fn write_best(
    out: &mut impl Write,
    tensor: &Tensor<'_>,
    labels: &[String],
    top_k: usize,
) -> io::Result<()> {
    // Labels of other outputs than numbers mean nothing here.
    let Some(scores) = scores(tensor) else {
        return Ok(());
    };
    for row in scores.chunks(labels.len()) {
        let mut best: Vec<_> = labels.iter().zip(row).collect();
        // The sort is stable: of equal scores, the first one wins, as with NumPy's argmax.
        best.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        writeln!(out)?;
        let mut table = Table::new(&[("", Align::Left), ("", Align::Right)]);
        for (label, score) in best.into_iter().take(top_k) {
            table.row([label.clone(), format!("{score:.4}")]);
        }
        table.write(out)?;
    }
    Ok(())
}

/// The numbers in a tensor, or those that its integers stand for.
fn scores(tensor: &Tensor<'_>) -> Option<Vec<f64>> {
    if let Ok(reals) = tensor.dequantize() {
        return Some(reals.into_iter().map(f64::from).collect());
    }
    fn read<T: tflite::TensorElement + Into<f64>>(tensor: &Tensor<'_>) -> Option<Vec<f64>> {
        let data = tensor.data::<T>().ok()?;
        Some(data.iter().map(|&number| number.into()).collect())
    }
    match tensor.dtype() {
        TensorType::Float32 => read::<f32>(tensor),
        TensorType::Float64 => read::<f64>(tensor),
        TensorType::Int8 => read::<i8>(tensor),
        TensorType::UInt8 => read::<u8>(tensor),
        TensorType::Int16 => read::<i16>(tensor),
        TensorType::UInt16 => read::<u16>(tensor),
        TensorType::Int32 => read::<i32>(tensor),
        TensorType::UInt32 => read::<u32>(tensor),
        // Half-precision numbers too, whatever Rust makes of them.
        _ => {
            let reals = tensor.to_vec::<f32>().ok()?;
            Some(reals.into_iter().map(f64::from).collect())
        }
    }
}
