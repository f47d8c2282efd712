//! Signatures: a model's functions, with names for inputs and outputs.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::sync::Arc;

use crate::error::{Error, Result, TensorRole};
use crate::flatbuffer::Table;

/// The numbers of fields in the file format.
mod field {
    pub(super) const MODEL_SUBGRAPHS: usize = 2;
    pub(super) const MODEL_SIGNATURES: usize = 7;
    pub(super) const SUBGRAPH_INPUTS: usize = 1;
    pub(super) const SUBGRAPH_OUTPUTS: usize = 2;
    pub(super) const SIGNATURE_INPUTS: usize = 0;
    pub(super) const SIGNATURE_OUTPUTS: usize = 1;
    pub(super) const SIGNATURE_KEY: usize = 2;
    pub(super) const SIGNATURE_SUBGRAPH: usize = 4;
    pub(super) const TENSOR_NAME: usize = 0;
    pub(super) const TENSOR_INDEX: usize = 1;
}

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
    c_key: CString,
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
    pub(crate) fn read_all(model: &[u8]) -> Vec<Arc<Self>> {
        let Some(root) = Table::root(model) else {
            return Vec::new();
        };
        let subgraphs: Vec<_> = root.tables(field::MODEL_SUBGRAPHS).collect();
        let signatures: Vec<_> = root.tables(field::MODEL_SIGNATURES).collect();
        // C takes the first one with a key, be it good or not.
        let is_unique = |key: &str| {
            signatures
                .iter()
                .filter(|other| c_text(other) == Some(key.as_bytes()))
                .count()
                == 1
        };
        signatures
            .iter()
            .filter_map(|signature| Self::read(signature, &subgraphs))
            .filter(|signature| is_unique(&signature.key))
            .map(Arc::new)
            .collect()
    }

    fn read(signature: &Table<'_>, subgraphs: &[Table<'_>]) -> Option<Self> {
        let key = text(signature.string(field::SIGNATURE_KEY)?)?;
        let subgraph = signature.u32(field::SIGNATURE_SUBGRAPH).unwrap_or(0);
        let subgraph = usize::try_from(subgraph).ok()?;
        let graph = subgraphs.get(subgraph)?;
        let names = |names, tensors| read_names(signature, names, graph, tensors);
        Some(Self {
            key: key.to_owned(),
            c_key: CString::new(key).ok()?,
            subgraph,
            inputs: names(field::SIGNATURE_INPUTS, field::SUBGRAPH_INPUTS)?,
            outputs: names(field::SIGNATURE_OUTPUTS, field::SUBGRAPH_OUTPUTS)?,
        })
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

    pub(crate) fn find(&self, role: TensorRole, name: &str) -> Result<&Place> {
        let names = match role {
            TensorRole::Input => &self.inputs,
            TensorRole::Output => &self.outputs,
        };
        names.get(name).ok_or_else(|| Error::NoSuchName {
            signature: self.key.clone(),
            role,
            name: name.to_owned(),
            known: names.keys().cloned().collect(),
        })
    }

    pub(crate) fn c_key(&self) -> &CStr {
        &self.c_key
    }
}

/// `None` if a tensor is no input or output of the subgraph at all.
fn read_names(
    signature: &Table<'_>,
    names: usize,
    subgraph: &Table<'_>,
    tensors: usize,
) -> Option<Names> {
    let tensors: Vec<i32> = subgraph.i32s(tensors).into_iter().flatten().collect();
    signature
        .tables(names)
        .map(|tensor| {
            let name = text(tensor.string(field::TENSOR_NAME)?)?;
            let number = i32::try_from(tensor.u32(field::TENSOR_INDEX).unwrap_or(0)).ok()?;
            let index = tensors.iter().position(|&other| other == number)?;
            Some((
                name.to_owned(),
                Place {
                    index,
                    c_name: CString::new(name).ok()?,
                },
            ))
        })
        .collect()
}

/// A signature's key as C sees it: up to the first NUL.
fn c_text<'a>(signature: &Table<'a>) -> Option<&'a [u8]> {
    signature
        .string(field::SIGNATURE_KEY)?
        .split(|&byte| byte == 0)
        .next()
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
