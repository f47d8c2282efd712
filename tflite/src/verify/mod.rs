//! Refuses models that would lead the runtime astray.
//!
//! The runtime checks that a model is a well-formed FlatBuffer. It then trusts what the fields
//! say: that a constant is as long as its shape asks for, that something computes each tensor
//! before it is read, that subgraphs do not call themselves. This module checks that first, in
//! safe Rust. What it accepts may still be refused by the runtime, with an error.

#![forbid(unsafe_code)]

mod arity;
mod calls;
mod constant;
mod error;
mod graph;
mod kernels;
mod operands;
mod operator;
mod options;
mod recurrent;
mod scales;
mod shapes;
mod sparsity;
mod tensor;
mod types;
mod weights;

use crate::schema::enums::{builtin, operator_name};
use crate::schema::table::{Buffer, Table};
use crate::schema::{self, Content, field};

pub(crate) use error::Refusal;
pub use error::{ModelPart, ModelProblem};

use error::{In, Result};

/// The only version of the schema that the runtime reads.
const SCHEMA_VERSION: u32 = 3;

/// The greatest rank of a tensor.
///
/// The runtime itself has no limit, and kernels have their own, mostly 4 to 8. Some kernels call
/// themselves once for each dimension, so there has to be one; TensorFlow's is the same.
const MAX_RANK: usize = 254;

/// How many elements a tensor may have: kernels count them with `int`.
const MAX_ELEMENTS: u64 = i32::MAX as u64;

/// How deep subgraphs may call each other: the runtime uses the stack for each level.
const MAX_CALL_DEPTH: usize = 64;

/// How many blocks a row of quantized sparse weights may have, and the greatest index of one: the
/// kernel copies them into bytes.
const MAX_SPARSE_BLOCKS: i32 = u8::MAX as i32;

/// What all checks need to know about the model.
struct Model<'b, 'a> {
    file: &'a [u8],
    buffers: Vec<Content<'a>>,
    codes: Vec<Code>,
    subgraphs: Vec<Table<'b, 'a>>,
}

/// A kind of operator.
struct Code {
    builtin: i32,
    name: String,
}

/// Accepts a model, or says what is wrong with it.
pub(crate) fn verify(bytes: &[u8]) -> Result {
    let buffer = Buffer::new(bytes);
    let root = schema::root(&buffer)?;
    use field::model as at;
    let whole = || ModelPart::Model;
    let version = root.number::<u32>(at::VERSION)?;
    if version != SCHEMA_VERSION {
        return Err(ModelProblem::Version {
            version,
            supported: SCHEMA_VERSION,
        })
        .within(whole);
    }
    let subgraphs = root.tables(at::SUBGRAPHS)?.unwrap_or_default();
    if subgraphs.is_empty() {
        let field = at::SUBGRAPHS.1;
        return Err(ModelProblem::Missing { field }).within(whole);
    }
    let Some(buffers) = root.tables(at::BUFFERS)? else {
        let field = at::BUFFERS.1;
        return Err(ModelProblem::Missing { field }).within(whole);
    };
    let model = Model {
        file: bytes,
        buffers: buffers
            .iter()
            .map(Content::of)
            .collect::<std::result::Result<_, _>>()?,
        codes: codes(&root)?,
        subgraphs,
    };
    let mut graphs = Vec::with_capacity(model.subgraphs.len());
    for index in 0..model.subgraphs.len() {
        graphs.push(graph::verify(&model, index)?);
    }
    graph::verify_calls(&graphs)?;
    verify_signatures(&root, &graphs)?;
    verify_metadata(&root, &model)
}

fn codes(root: &Table<'_, '_>) -> Result<Vec<Code>> {
    use field::operator_code as at;
    let codes = root
        .tables(field::model::OPERATOR_CODES)?
        .unwrap_or_default();
    let mut named = Vec::with_capacity(codes.len());
    for (index, code) in codes.iter().enumerate() {
        let builtin = schema::builtin_code(code)?;
        let name = if builtin == builtin::CUSTOM {
            if code.string(at::CUSTOM)?.is_none_or(<[u8]>::is_empty) {
                let field = at::CUSTOM.1;
                return Err(ModelProblem::Missing { field })
                    .within(|| ModelPart::OperatorCode { index });
            }
            code.text(at::CUSTOM)?
        } else {
            operator_name(builtin).map_or_else(|| builtin.to_string(), str::to_owned)
        };
        named.push(Code { builtin, name });
    }
    Ok(named)
}

/// The runtime follows both kinds of index without a look.
fn verify_signatures(root: &Table<'_, '_>, graphs: &[graph::Graph]) -> Result {
    use field::{signature as at, tensor_map};
    let index_of = |(index, field, count): (u32, &'static str, usize)| {
        let found = usize::try_from(index).ok().filter(|&index| index < count);
        found.ok_or(ModelProblem::Index {
            field,
            index: index.into(),
            count,
        })
    };
    let signatures = root.tables(field::model::SIGNATURES)?.unwrap_or_default();
    for (index, signature) in signatures.iter().enumerate() {
        let part = || ModelPart::Signature {
            index,
            key: signature.text(at::KEY).unwrap_or_default(),
        };
        let subgraph = signature.number::<u32>(at::SUBGRAPH)?;
        let subgraph = index_of((subgraph, at::SUBGRAPH.1, graphs.len())).within(part)?;
        let tensors = graphs.get(subgraph).map_or(0, |graph| graph.tensors);
        for names in [at::INPUTS, at::OUTPUTS] {
            for name in signature.tables(names)?.unwrap_or_default() {
                let tensor = name.number::<u32>(tensor_map::TENSOR)?;
                index_of((tensor, tensor_map::TENSOR.1, tensors)).within(part)?;
            }
        }
    }
    Ok(())
}

fn verify_metadata(root: &Table<'_, '_>, model: &Model<'_, '_>) -> Result {
    use field::metadata as at;
    let entries = root.tables(field::model::METADATA)?.unwrap_or_default();
    for (index, entry) in entries.iter().enumerate() {
        let buffer = entry.number::<u32>(at::BUFFER)?;
        model
            .buffer(buffer, at::BUFFER.1)
            .map(drop)
            .within(|| ModelPart::Metadata {
                index,
                name: entry.text(at::NAME).unwrap_or_default(),
            })?;
    }
    Ok(())
}

impl<'a> Model<'_, 'a> {
    /// A buffer that exists and lies within the file.
    fn buffer(
        &self,
        index: u32,
        field: &'static str,
    ) -> std::result::Result<Content<'a>, ModelProblem> {
        let content = usize::try_from(index)
            .ok()
            .and_then(|index| self.buffers.get(index))
            .ok_or(ModelProblem::Index {
                field,
                index: index.into(),
                count: self.buffers.len(),
            })?;
        if let Content::Outside { offset, size } = *content {
            self.within_file(offset, size, "buffer")?;
        }
        Ok(*content)
    }

    /// Data behind the FlatBuffer. The runtime adds the two numbers without looking at the carry.
    fn within_file(
        &self,
        offset: u64,
        size: u64,
        field: &'static str,
    ) -> std::result::Result<(), ModelProblem> {
        let file = u64::try_from(self.file.len()).unwrap_or(u64::MAX);
        match offset.checked_add(size) {
            Some(end) if end <= file => Ok(()),
            _ => Err(ModelProblem::Outside {
                field,
                offset,
                size,
                file,
            }),
        }
    }
}
