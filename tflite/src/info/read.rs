//! Reads a model's tables.

use std::collections::BTreeMap;

use super::archive::Archive;
use super::{
    FileInfo, MetadataInfo, ModelInfo, OperatorInfo, QuantizationInfo, SignatureInfo, SubgraphInfo,
    TensorInfo, labels, metadata,
};
use crate::schema::enums::{builtin, operator_name, tensor_type};
use crate::schema::field::{self, model as at};
use crate::schema::table::{Buffer, Field, Malformed, Table};
use crate::schema::{self, Content};

type Result<T> = std::result::Result<T, Malformed>;

/// Metadata with the runtime's version, and with the description for people.
const MIN_RUNTIME_VERSION: &str = "min_runtime_version";
const DESCRIPTION: &str = "TFLITE_METADATA";

/// A kind of operator.
struct Code {
    name: String,
    is_custom: bool,
    version: i32,
}

pub(super) fn read(bytes: &[u8]) -> Result<ModelInfo> {
    let buffer = Buffer::new(bytes);
    let root = schema::root(&buffer)?;
    let buffers = list(&root, at::BUFFERS, |buffer| Content::of(buffer))?;
    let codes = list(&root, at::OPERATOR_CODES, read_code)?;
    let mut info = ModelInfo {
        schema_version: root.number(at::VERSION)?,
        description: root.text(at::DESCRIPTION)?,
        min_runtime_version: None,
        subgraphs: list(&root, at::SUBGRAPHS, |graph| {
            read_subgraph(graph, &codes, &buffers)
        })?,
        signatures: list(&root, at::SIGNATURES, read_signature)?,
        metadata: Vec::new(),
        model_metadata: None,
        files: Vec::new(),
        labels: Vec::new(),
        warnings: Vec::new(),
    };
    let mut description = None;
    for entry in root.tables(at::METADATA)?.unwrap_or_default() {
        let name = entry.text(field::metadata::NAME)?;
        let index = entry.number::<u32>(field::metadata::BUFFER)?;
        let content = usize::try_from(index)
            .ok()
            .and_then(|index| buffers.get(index)?.bytes(bytes))
            .unwrap_or_default();
        match name.as_str() {
            MIN_RUNTIME_VERSION => info.min_runtime_version = version(content),
            DESCRIPTION => description = Some(content),
            _ => (),
        }
        let bytes = size(content.len());
        info.metadata.push(MetadataInfo { name, bytes });
    }
    add_description(&mut info, bytes, description);
    Ok(info)
}

/// The part that the runtime does not know: errors are noted, not returned.
fn add_description(info: &mut ModelInfo, bytes: &[u8], description: Option<&[u8]>) {
    if let Some(description) = description {
        match metadata::read(description) {
            Ok(description) => info.model_metadata = Some(description),
            Err(malformed) => info.warnings.push(format!("{DESCRIPTION}: {malformed}")),
        }
    }
    let archive = match Archive::find(bytes) {
        Ok(Some(archive)) => archive,
        Ok(None) => return,
        Err(reason) => {
            info.warnings.push(format!("the archive: {reason}"));
            return;
        }
    };
    info.files = archive
        .entries()
        .iter()
        .map(|entry| FileInfo {
            name: entry.name.clone(),
            bytes: entry.size,
        })
        .collect();
    if let Some(description) = &info.model_metadata {
        info.labels = labels::read(description, &archive, &mut info.warnings);
    }
}

fn list<'b, 'a, T>(
    table: &Table<'b, 'a>,
    field: Field,
    read: impl Fn(&Table<'b, 'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let tables = table.tables(field)?.unwrap_or_default();
    tables.iter().map(read).collect()
}

fn read_code(code: &Table<'_, '_>) -> Result<Code> {
    use field::operator_code as at;
    let builtin = schema::builtin_code(code)?;
    let is_custom = builtin == builtin::CUSTOM;
    Ok(Code {
        name: if is_custom {
            code.text(at::CUSTOM)?
        } else {
            operator_name(builtin).map_or_else(|| builtin.to_string(), str::to_owned)
        },
        is_custom,
        version: code.scalar(at::VERSION)?.unwrap_or(1),
    })
}

fn read_subgraph(
    graph: &Table<'_, '_>,
    codes: &[Code],
    buffers: &[Content<'_>],
) -> Result<SubgraphInfo> {
    use field::subgraph as at;
    Ok(SubgraphInfo {
        name: graph.text(at::NAME)?,
        inputs: indices(graph, at::INPUTS)?,
        outputs: indices(graph, at::OUTPUTS)?,
        tensors: list(graph, at::TENSORS, |tensor| read_tensor(tensor, buffers))?,
        operators: list(graph, at::OPERATORS, |operator| {
            read_operator(operator, codes)
        })?,
    })
}

/// Indices of tensors, of which negative ones mean that there is none.
fn indices(table: &Table<'_, '_>, field: Field) -> Result<Vec<Option<usize>>> {
    let indices = table.numbers::<i32>(field)?;
    Ok(indices
        .iter()
        .map(|index| usize::try_from(index).ok())
        .collect())
}

fn read_tensor(tensor: &Table<'_, '_>, buffers: &[Content<'_>]) -> Result<TensorInfo> {
    use field::tensor as at;
    let number = tensor.number::<u32>(at::BUFFER)?;
    let buffer = usize::try_from(number).unwrap_or(usize::MAX);
    let content = buffers.get(buffer).filter(|_| buffer != 0);
    Ok(TensorInfo {
        name: tensor.text(at::NAME)?,
        dtype: tensor_type(tensor.number(at::TYPE)?),
        shape: tensor.numbers(at::SHAPE)?.to_vec(),
        shape_signature: tensor.numbers(at::SHAPE_SIGNATURE)?.to_vec(),
        quantization: match tensor.table(at::QUANTIZATION)? {
            Some(quantization) => read_quantization(&quantization)?,
            None => None,
        },
        is_variable: tensor.flag(at::IS_VARIABLE)?,
        buffer,
        constant_bytes: content.and_then(|content| match *content {
            Content::None => None,
            Content::Inside(bytes) => Some(size(bytes.len())),
            Content::Outside { size, .. } => Some(size),
        }),
        is_sparse: tensor.table(at::SPARSITY)?.is_some(),
    })
}

fn read_quantization(parameters: &Table<'_, '_>) -> Result<Option<QuantizationInfo>> {
    use field::quantization as at;
    let scales = parameters.numbers(at::SCALE)?.to_vec();
    let axis = parameters.number::<i32>(at::DIMENSION)?;
    Ok(if scales.is_empty() {
        None
    } else {
        Some(QuantizationInfo {
            scales,
            zero_points: parameters.numbers(at::ZERO_POINT)?.to_vec(),
            axis: usize::try_from(axis).unwrap_or(0),
        })
    })
}

fn read_operator(operator: &Table<'_, '_>, codes: &[Code]) -> Result<OperatorInfo> {
    use field::operator as at;
    let index = operator.number::<u32>(at::CODE)?;
    let code = usize::try_from(index).ok().and_then(|at| codes.get(at));
    // A long name can be shared by many operators.
    let name = code.map_or("", |code| &code.name);
    operator.buffer().charge(name.len(), at::CODE, 0)?;
    Ok(OperatorInfo {
        name: name.to_owned(),
        is_custom: code.is_some_and(|code| code.is_custom),
        version: code.map_or(0, |code| code.version),
        inputs: indices(operator, at::INPUTS)?,
        outputs: indices(operator, at::OUTPUTS)?,
    })
}

fn read_signature(signature: &Table<'_, '_>) -> Result<SignatureInfo> {
    use field::signature as at;
    let number = signature.number::<u32>(at::SUBGRAPH)?;
    Ok(SignatureInfo {
        key: signature.text(at::KEY)?,
        subgraph: usize::try_from(number).unwrap_or(usize::MAX),
        inputs: read_names(signature, at::INPUTS)?,
        outputs: read_names(signature, at::OUTPUTS)?,
    })
}

fn read_names(signature: &Table<'_, '_>, field: Field) -> Result<BTreeMap<String, usize>> {
    use field::tensor_map as at;
    let names = list(signature, field, |entry| {
        let tensor = entry.number::<u32>(at::TENSOR)?;
        Ok((
            entry.text(at::NAME)?,
            usize::try_from(tensor).unwrap_or(usize::MAX),
        ))
    })?;
    Ok(names.into_iter().collect())
}

/// The version in front of the NULs that fill its buffer up.
fn version(content: &[u8]) -> Option<String> {
    let end = content.iter().position(|&byte| byte == 0);
    let text = content.get(..end.unwrap_or(content.len()))?;
    let text = std::str::from_utf8(text).ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
