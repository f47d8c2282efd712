//! What `tflite inspect` tells, for people.

use std::io::{self, Write};

use anstyle::Style;

use super::description::{Description, LabelList};
use super::report::{Execution, Named, Quantization, Report, Subgraph, Tensor};
use crate::console::{self, BAD, GOOD, TITLE, clean, line};
use crate::table::{Align, Table};

use Align::{Left, Right};

/// How many labels are shown.
const LABELS: usize = 12;

pub(super) fn write(out: &mut impl Write, report: &Report, all: bool) -> io::Result<()> {
    write_summary(out, report)?;
    for signature in &report.signatures {
        let graph = match signature.subgraph {
            0 => String::new(),
            other => format!(" (subgraph {other})"),
        };
        title(out, &format!("Signature {:?}{graph}", signature.key))?;
        let mut table = interface();
        let sides = [("input", &signature.inputs), ("output", &signature.outputs)];
        for (role, named) in sides {
            for named in named {
                table.row(named_row(role, named));
            }
        }
        table.write(out)?;
    }
    // The signatures' names stand for the same tensors, mostly.
    if all || report.signatures.iter().all(|other| other.subgraph != 0) {
        title(out, "Inputs and outputs")?;
        let mut table = interface();
        for (role, tensors) in [("input", &report.inputs), ("output", &report.outputs)] {
            for tensor in tensors {
                table.row(row(role, &tensor.name, tensor));
            }
        }
        table.write(out)?;
    }
    write_operators(out, report)?;
    if all {
        for graph in &report.subgraphs {
            write_subgraph(out, graph)?;
        }
    }
    if let Some(description) = &report.model_metadata {
        write_description(out, description)?;
    }
    write_files(out, report)?;
    for labels in &report.labels {
        write_labels(out, labels)?;
    }
    for warning in &report.warnings {
        writeln!(out, "\n{BAD}could not be read{BAD:#}: {}", line(warning))?;
    }
    Ok(())
}

fn title(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{TITLE}{}{TITLE:#}", line(text))
}

fn write_summary(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "{TITLE}{}{TITLE:#}", line(&report.path))?;
    let size = match report.bytes {
        few @ ..1000 => format!("{few} bytes"),
        many => format!("{} ({many} bytes)", console::bytes(many as u64)),
    };
    fact(out, "size", &size)?;
    let format = format!("TensorFlow Lite, schema {}", report.schema_version);
    fact(out, "format", &format)?;
    if !report.description.is_empty() {
        fact(out, "description", &report.description)?;
    }
    let needed = match &report.min_runtime_version {
        Some(version) => format!("{version} or later"),
        None => "not said".to_owned(),
    };
    let needed = format!("{needed}; this one is {}", report.runtime_version);
    fact(out, "runtime", &needed)?;
    let tensors = report.subgraphs.iter().flat_map(|graph| &graph.tensors);
    let weights = tensors.filter_map(|tensor| tensor.constant_bytes);
    let weights = console::bytes(weights.fold(0, u64::saturating_add));
    fact(out, "constants", &weights)?;
    match &report.problem {
        None => mark(out, "verified", GOOD, "OK", "")?,
        Some(problem) => mark(out, "verified", BAD, "refused", problem)?,
    }
    write_execution(out, &report.execution)
}

/// One line of the summary.
fn fact(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {name:<11}  {}", line(value))
}

/// One line of the summary, with a word that stands out.
fn mark(
    out: &mut impl Write,
    name: &str,
    style: Style,
    word: &str,
    reason: &str,
) -> io::Result<()> {
    let separator = if reason.is_empty() { "" } else { ": " };
    let reason = line(reason);
    writeln!(
        out,
        "  {name:<11}  {style}{word}{style:#}{separator}{reason}"
    )
}

fn write_execution(out: &mut impl Write, execution: &Execution) -> io::Result<()> {
    if let Some(problem) = &execution.problem {
        return mark(out, "execution", BAD, "impossible", problem);
    }
    let (Some(xnnpack), Some(operators), Some(delegated), Some(partitions)) = (
        execution.xnnpack,
        execution.operators,
        execution.delegated,
        execution.partitions,
    ) else {
        return Ok(());
    };
    let what = match (xnnpack, &execution.xnnpack_reason) {
        ("applied", _) => {
            let operators = count(operators, "operator");
            let partitions = count(partitions, "partition");
            format!("computes {delegated} of {operators} in {partitions}")
        }
        (word, None) => word.to_owned(),
        (word, Some(reason)) => format!("{word}: {reason}"),
    };
    fact(out, "XNNPACK", &what)
}

/// Such as `1 operator`, `2 operators`.
fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn interface() -> Table {
    Table::new(&[
        ("", Left),
        ("name", Left),
        ("type", Left),
        ("shape", Left),
        ("quantization", Left),
    ])
}

fn named_row(role: &str, named: &Named) -> [String; 5] {
    match &named.tensor {
        Some(tensor) => row(role, &named.name, tensor),
        None => {
            let missing = "no such tensor".to_owned();
            let empty = String::new;
            [
                role.to_owned(),
                named.name.clone(),
                missing,
                empty(),
                empty(),
            ]
        }
    }
}

fn row(role: &str, name: &str, tensor: &Tensor) -> [String; 5] {
    [
        role.to_owned(),
        name.to_owned(),
        tensor.dtype.clone(),
        format!("{:?}", tensor.shape),
        quantization(tensor.quantization.as_ref()),
    ]
}

fn quantization(quantization: Option<&Quantization>) -> String {
    let Some(quantization) = quantization else {
        return String::new();
    };
    match (&quantization.scales[..], &quantization.zero_points[..]) {
        ([scale], [] | [0]) => format!("{scale} * q"),
        ([scale], [below @ ..0]) => format!("{scale} * (q + {})", below.unsigned_abs()),
        ([scale], [above]) => format!("{scale} * (q - {above})"),
        (scales, _) => format!(
            "{} along axis {}",
            count(scales.len(), "scale"),
            quantization.axis
        ),
    }
}

fn write_operators(out: &mut impl Write, report: &Report) -> io::Result<()> {
    if report.operators.is_empty() {
        return Ok(());
    }
    let subgraphs = match report.subgraphs.len() {
        1 => String::new(),
        more => format!(" in {more} subgraphs"),
    };
    let operators = report.operators.iter().map(|kind| kind.count).sum();
    title(out, &format!("{}{subgraphs}", count(operators, "operator")))?;
    let mut table = Table::new(&[
        ("name", Left),
        ("version", Left),
        ("count", Right),
        ("by XNNPACK", Right),
    ]);
    for kind in &report.operators {
        let versions: Vec<_> = kind.versions.iter().map(ToString::to_string).collect();
        let name = match kind.is_custom {
            true => format!("{} (custom)", kind.name),
            false => kind.name.clone(),
        };
        table.row([
            name,
            versions.join(", "),
            kind.count.to_string(),
            kind.delegated
                .map_or_else(|| "-".to_owned(), |count| count.to_string()),
        ]);
    }
    table.write(out)
}

fn write_subgraph(out: &mut impl Write, graph: &Subgraph) -> io::Result<()> {
    title(out, &format!("Subgraph {} {:?}", graph.index, graph.name))?;
    let mut table = Table::new(&[
        ("", Right),
        ("operator", Left),
        ("by", Left),
        ("inputs", Left),
        ("outputs", Left),
    ]);
    for operator in &graph.operators {
        let by = match operator.delegated {
            Some(true) => "XNNPACK",
            Some(false) => "kernel",
            None => "",
        };
        table.row([
            operator.index.to_string(),
            operator.name.clone(),
            by.to_owned(),
            indices(&operator.inputs),
            indices(&operator.outputs),
        ]);
    }
    table.write(out)?;
    writeln!(out)?;
    let mut table = Table::new(&[
        ("", Right),
        ("tensor", Left),
        ("shape", Left),
        ("holds", Left),
        ("quantization", Left),
        ("name", Left),
    ]);
    for tensor in &graph.tensors {
        let mut holds = match tensor.constant_bytes {
            Some(bytes) => format!("{} constant", console::bytes(bytes)),
            None if tensor.is_variable => "variable".to_owned(),
            None => String::new(),
        };
        if tensor.is_sparse {
            holds.push_str(", sparse");
        }
        table.row([
            tensor.index.to_string(),
            tensor.dtype.clone(),
            format!("{:?}", tensor.shape),
            holds,
            quantization(tensor.quantization.as_ref()),
            tensor.name.clone(),
        ]);
    }
    table.write(out)
}

/// Such as `3 -1 4`, where -1 stands for what is left out.
fn indices(indices: &[Option<usize>]) -> String {
    let text = |index: &Option<usize>| index.map_or_else(|| "-1".to_owned(), |at| at.to_string());
    indices.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn write_description(out: &mut impl Write, description: &Description) -> io::Result<()> {
    title(out, "Description")?;
    let mut table = Table::new(&[("", Left), ("", Left)]);
    for (name, value) in [
        ("name", &description.name),
        ("version", &description.version),
        ("author", &description.author),
        ("license", &description.license),
        ("description", &description.description),
    ] {
        if !value.is_empty() {
            table.row([name.to_owned(), value.clone()]);
        }
    }
    for graph in &description.subgraphs {
        for (role, tensors) in [("input", &graph.inputs), ("output", &graph.outputs)] {
            for (index, tensor) in tensors.iter().enumerate() {
                let mut parts = vec![tensor.name.clone(), tensor.description.clone()];
                if let Some(normalization) = &tensor.normalization {
                    let (mean, std) = (&normalization.mean, &normalization.std);
                    parts.push(format!("(x - {mean:?}) / {std:?}"));
                }
                parts.retain(|part| !part.is_empty());
                table.row([format!("{role} {index}"), parts.join(", ")]);
            }
        }
    }
    table.write(out)
}

fn write_files(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let kinds = [("Metadata", &report.metadata), ("Files", &report.files)];
    for (what, entries) in kinds {
        if entries.is_empty() {
            continue;
        }
        title(out, what)?;
        let mut table = Table::new(&[("", Left), ("", Right)]);
        for entry in entries {
            table.row([entry.name.clone(), console::bytes(entry.bytes)]);
        }
        table.write(out)?;
    }
    Ok(())
}

fn write_labels(out: &mut impl Write, labels: &LabelList) -> io::Result<()> {
    let LabelList { role, index, .. } = labels;
    let locale = match &labels.file.locale[..] {
        "" => String::new(),
        locale => format!(", language {locale:?}"),
    };
    let labels = &labels.labels;
    let what = format!("{} of {role} {index}{locale}", count(labels.len(), "label"));
    title(out, &what)?;
    let shown: Vec<_> = labels
        .iter()
        .take(LABELS)
        .map(|label| line(label))
        .collect();
    let rest = match labels.len().saturating_sub(LABELS) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    writeln!(out, "  {}{rest}", clean(&shown.join(", ")))
}
