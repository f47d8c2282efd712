//! Signatures: a model's functions, with names for inputs and outputs.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{CStr, CString};
use std::sync::Arc;

use crate::error::{Error, TensorRole};
use crate::schema;
use crate::schema::field::{model, signature, subgraph, tensor as tensor_field, tensor_map};
use crate::schema::table::{Buffer, Field, Malformed, Table};

/// One of a model's functions: its key, and the names of its inputs and outputs.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/signatures.tflite");
/// let model = tflite::Model::from_file(path)?;
/// let sum = &model.signatures()[1];
/// assert_eq!(sum.key(), "sum");
/// assert_eq!(sum.input_names().collect::<Vec<_>>(), ["a", "b"]);
/// assert_eq!(sum.output_names().collect::<Vec<_>>(), ["total"]);
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signature {
    key: String,
    /// `None` for what stands in for a signature in a model that has none.
    c_key: Option<CString>,
    subgraph: usize,
    inputs: Names,
    outputs: Names,
}

/// Where each name stands among the inputs or outputs of the subgraph. Sorted, as in the runtime.
type Names = BTreeMap<String, Place>;

/// One input or output.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Among the subgraph's inputs or outputs.
    pub(crate) index: usize,
    pub(crate) c_name: CString,
}

impl Signature {
    /// What the signature is called, such as `serving_default`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The names of the inputs, in alphabetical order.
    pub fn input_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inputs.keys().map(String::as_str)
    }

    /// The names of the outputs, in alphabetical order.
    pub fn output_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.outputs.keys().map(String::as_str)
    }

    /// All signatures of a model that the runtime can run.
    ///
    /// They are read here, not in C, since the C functions trust the model: they follow the number
    /// of a subgraph that does not exist, and count a signature's names by the subgraph's inputs.
    /// Signatures that would lead them astray are left out.
    pub(crate) fn read_all(file: &[u8]) -> Vec<Arc<Self>> {
        // The verifier has read the same fields, so that none is damaged.
        Self::try_read_all(file).unwrap_or_default()
    }

    fn try_read_all(file: &[u8]) -> Result<Vec<Arc<Self>>, Malformed> {
        let buffer = Buffer::new(file);
        let root = schema::root(&buffer)?;
        let subgraphs = root.tables(model::SUBGRAPHS)?.unwrap_or_default();
        let definitions = root.tables(model::SIGNATURES)?.unwrap_or_default();
        // C takes the first one with a key, be it good or not.
        let mut counts: HashMap<&[u8], usize> = HashMap::new();
        for definition in &definitions {
            if let Some(key) = definition.string(signature::KEY)? {
                // As C sees it, up to the first NUL.
                let key = key.split(|&byte| byte == 0).next().unwrap_or_default();
                *counts.entry(key).or_default() += 1;
            }
        }
        let mut signatures = Vec::new();
        for definition in &definitions {
            if let Some(signature) = Self::read(definition, &subgraphs)?
                && counts.get(signature.key.as_bytes()) == Some(&1)
            {
                signatures.push(Arc::new(signature));
            }
        }
        Ok(signatures)
    }

    /// What stands in for a signature in a model that has none: the inputs and outputs themselves,
    /// with the names of the tensors, or `input0`, `input1` and so on where there is no name.
    ///
    /// C has the same, but looks for names of what is left out, and shows the last one of several
    /// inputs with the same name. `None` then.
    pub(crate) fn placeholder(file: &[u8]) -> Option<Arc<Self>> {
        Self::try_placeholder(file).ok().flatten().map(Arc::new)
    }

    fn try_placeholder(file: &[u8]) -> Result<Option<Self>, Malformed> {
        let buffer = Buffer::new(file);
        let root = schema::root(&buffer)?;
        let definitions = root.tables(model::SIGNATURES)?.unwrap_or_default();
        let subgraphs = root.tables(model::SUBGRAPHS)?.unwrap_or_default();
        let (true, Some(graph)) = (definitions.is_empty(), subgraphs.first()) else {
            return Ok(None);
        };
        let inputs = placeholder_names(graph, subgraph::INPUTS, "input")?;
        let outputs = placeholder_names(graph, subgraph::OUTPUTS, "output")?;
        Ok(inputs.zip(outputs).map(|(inputs, outputs)| Self {
            key: String::new(),
            c_key: None,
            subgraph: 0,
            inputs,
            outputs,
        }))
    }

    fn read(
        definition: &Table<'_, '_>,
        subgraphs: &[Table<'_, '_>],
    ) -> Result<Option<Self>, Malformed> {
        let index = definition.number::<u32>(signature::SUBGRAPH)?;
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let (Some(key), Some(graph)) = (
            definition.string(signature::KEY)?.and_then(text),
            subgraphs.get(index),
        ) else {
            return Ok(None);
        };
        let inputs = read_names(definition, signature::INPUTS, graph, subgraph::INPUTS)?;
        let outputs = read_names(definition, signature::OUTPUTS, graph, subgraph::OUTPUTS)?;
        // The memory of an input without a name would stay as it is allocated.
        let tensors = graph.numbers::<i32>(subgraph::INPUTS)?.to_vec();
        let inputs = inputs.filter(|inputs| {
            let named: Vec<i32> = inputs
                .values()
                .filter_map(|place| tensors.get(place.index).copied())
                .collect();
            tensors
                .iter()
                .all(|tensor| *tensor < 0 || named.contains(tensor))
        });
        let (Some(inputs), Some(outputs), Ok(c_key)) = (inputs, outputs, CString::new(key)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            key: key.to_owned(),
            c_key: Some(c_key),
            subgraph: index,
            inputs,
            outputs,
        }))
    }

    /// The subgraph that it runs. 0 is the one that the interpreter itself runs.
    pub(crate) fn subgraph(&self) -> usize {
        self.subgraph
    }

    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Place> {
        self.inputs.values()
    }

    pub(crate) fn outputs(&self) -> impl Iterator<Item = &Place> {
        self.outputs.values()
    }

    pub(crate) fn find(&self, role: TensorRole, name: &str) -> Result<&Place, Error> {
        let names = match role {
            TensorRole::Input => &self.inputs,
            // There are no names for others.
            _ => &self.outputs,
        };
        names.get(name).ok_or_else(|| Error::NoSuchName {
            signature: self.key.clone(),
            role,
            name: name.to_owned(),
            known: names.keys().cloned().collect(),
        })
    }

    /// What C calls it; `None` is the default.
    pub(crate) fn c_key(&self) -> Option<&CStr> {
        self.c_key.as_deref()
    }
}

/// `None` if a name cannot be asked for, or a tensor is no input or output of the subgraph at all.
fn read_names(
    definition: &Table<'_, '_>,
    names: Field,
    graph: &Table<'_, '_>,
    tensors: Field,
) -> Result<Option<Names>, Malformed> {
    let tensors = graph.numbers::<i32>(tensors)?.to_vec();
    let mut found = Names::new();
    for entry in definition.tables(names)?.unwrap_or_default() {
        let number = i32::try_from(entry.number::<u32>(tensor_map::TENSOR)?);
        let index = tensors.iter().position(|&other| Ok(other) == number);
        let name = entry.string(tensor_map::NAME)?.and_then(text);
        let (Some(name), Some(index)) = (name, index) else {
            return Ok(None);
        };
        let Ok(c_name) = CString::new(name) else {
            return Ok(None);
        };
        found.insert(name.to_owned(), Place { index, c_name });
    }
    Ok(Some(found))
}

/// `None` if there are no good names.
fn placeholder_names(
    graph: &Table<'_, '_>,
    indices: Field,
    instead: &str,
) -> Result<Option<Names>, Malformed> {
    let tensors = graph.tables(subgraph::TENSORS)?.unwrap_or_default();
    let mut found = Names::new();
    for (index, number) in graph.numbers::<i32>(indices)?.iter().enumerate() {
        let position = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(tensor) = tensors.get(position) else {
            return Ok(None);
        };
        let name = match tensor.string(tensor_field::NAME)?.unwrap_or_default() {
            b"" => format!("{instead}{index}"),
            name => match text(name) {
                Some(name) => name.to_owned(),
                None => return Ok(None),
            },
        };
        let Ok(c_name) = CString::new(&*name) else {
            return Ok(None);
        };
        if found.insert(name, Place { index, c_name }).is_some() {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// C sees names up to the first NUL, and Rust as UTF-8. Others cannot be asked for.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_that_c_would_stumble_over_are_left_out() {
        let model = include_bytes!("../tests/models/signatures.tflite");
        let whole = Signature::read_all(model);
        assert_eq!(
            whole
                .iter()
                .map(|signature| signature.key())
                .collect::<Vec<_>>(),
            ["double", "sum"]
        );
        assert_eq!(
            whole
                .iter()
                .map(|signature| signature.subgraph())
                .collect::<Vec<_>>(),
            [0, 1]
        );
        let broken = include_bytes!("../tests/models/broken_signatures.tflite");
        // The others name a tensor that is neither input nor output, or share their key with one
        // of those.
        assert_eq!(
            Signature::read_all(broken)
                .iter()
                .map(|signature| signature.key())
                .collect::<Vec<_>>(),
            ["good"]
        );
    }

    #[test]
    fn no_model_has_no_signatures() {
        assert!(Signature::read_all(b"").is_empty());
        assert!(Signature::read_all(include_bytes!("../tests/models/no_input.tflite")).is_empty());
    }
}
