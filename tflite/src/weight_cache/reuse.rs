//! Models whose packed weights XNNPACK would mix up.
//!
//! A cache that is kept by a model's buffers knows packed weights by the buffers of weights and
//! bias, and a number that says little else: neither scales nor zero points, and shapes only by
//! some exclusive or. Two operators with the same buffers then get the same packed weights, however
//! they differ, and read past their end at worst. Operators that are all the same, as those of
//! several signatures, may do that; others must not.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use crate::schema::enums::builtin;
use crate::schema::field::{
    convolution_options as strides, fully_connected_options, metadata, model as at, operator,
    quantization, subgraph, tensor,
};
use crate::schema::table::{Buffer, Malformed, Table};
use crate::schema::{self, Content};

type Result<T> = std::result::Result<T, Malformed>;

/// Metadata of models that may be computed in half precision.
const REDUCED_PRECISION: &str = "reduced_precision_support";

/// Where the bytes of weights and bias are: two buffers may have the same ones.
type Identity = (usize, Option<usize>);

/// All that may decide how weights are packed.
#[derive(Debug, PartialEq)]
struct Packing {
    code: i32,
    weights: Vec<Facts>,
    bias: Vec<Facts>,
    input: Facts,
    output: Facts,
    strides: (i32, i32),
    format: (i8, i8),
}

/// What packing may read of a tensor.
#[derive(Debug, PartialEq)]
struct Facts {
    dtype: i8,
    shape: Vec<i32>,
    scales: Vec<u32>,
    zero_points: Vec<i64>,
    dimension: i32,
    /// Which tensor this is, if there is more to it: blocks, or zeros that are left out.
    special: Option<(usize, i32)>,
}

/// Why a cache that is kept by buffers must not be used with this model, if it must not.
pub(super) fn obstacle(bytes: &[u8], half_precision: bool) -> Option<String> {
    match find(bytes, half_precision) {
        Ok(obstacle) => obstacle,
        // The verifier has read it, so this does not happen.
        Err(malformed) => Some(malformed.to_string()),
    }
}

fn find(bytes: &[u8], half_precision: bool) -> Result<Option<String>> {
    let buffer = Buffer::new(bytes);
    let root = schema::root(&buffer)?;
    let mut codes = Vec::new();
    for code in root.tables(at::OPERATOR_CODES)?.unwrap_or_default() {
        codes.push(schema::builtin_code(&code)?);
    }
    let mut buffers = Vec::new();
    for buffer in root.tables(at::BUFFERS)?.unwrap_or_default() {
        let content = Content::of(&buffer)?.bytes(bytes);
        buffers.push(content.map(|content| content.as_ptr().addr()));
    }
    let half_precision = half_precision || has_reduced_precision(&root)?;
    let mut seen = BTreeMap::<Identity, Box<Packing>>::new();
    let graphs = root.tables(at::SUBGRAPHS)?.unwrap_or_default();
    for (index, graph) in graphs.iter().enumerate() {
        let graph = Graph::read(index, graph, &codes, &buffers)?;
        for position in 0..graph.operators.len() {
            let reason = match graph.packing(position)? {
                Found::Nothing => continue,
                Found::Unknown => "has constants that XNNPACK cannot tell apart",
                Found::Packing(identity, packing) => match seen.get(&identity) {
                    None => {
                        seen.insert(identity, packing);
                        continue;
                    }
                    Some(_) if half_precision => {
                        "shares its weights with another one, and there is half precision"
                    }
                    Some(other) if *other == packing => continue,
                    Some(_) => "shares its weights with another one that differs",
                },
            };
            return Ok(Some(format!(
                "in subgraph {index}, operator {position} {reason}"
            )));
        }
    }
    Ok(None)
}

fn has_reduced_precision(root: &Table<'_, '_>) -> Result<bool> {
    for entry in root.tables(at::METADATA)?.unwrap_or_default() {
        if entry.text(metadata::NAME)? == REDUCED_PRECISION {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One subgraph.
struct Graph<'b, 'a> {
    index: usize,
    tensors: Vec<Table<'b, 'a>>,
    operators: Vec<Operator<'b, 'a>>,
    /// Where the contents of the model's buffers are.
    buffers: &'b [Option<usize>],
    /// What unpacks a constant: the constant, by what comes out.
    unpacked: BTreeMap<i32, i32>,
}

struct Operator<'b, 'a> {
    table: Table<'b, 'a>,
    code: i32,
    inputs: Vec<i32>,
    outputs: Vec<i32>,
}

enum Found {
    /// No packed weights.
    Nothing,
    /// Packed weights without a name.
    Unknown,
    Packing(Identity, Box<Packing>),
}

impl<'b, 'a> Graph<'b, 'a> {
    fn read(
        index: usize,
        table: &Table<'b, 'a>,
        codes: &[i32],
        buffers: &'b [Option<usize>],
    ) -> Result<Self> {
        let mut operators = Vec::new();
        let mut unpacked = BTreeMap::new();
        for table in table.tables(subgraph::OPERATORS)?.unwrap_or_default() {
            let code = table.number::<u32>(operator::CODE)?;
            let code = usize::try_from(code).ok().and_then(|code| codes.get(code));
            let operator = Operator {
                code: code.copied().unwrap_or(-1),
                inputs: table.numbers(operator::INPUTS)?.to_vec(),
                outputs: table.numbers(operator::OUTPUTS)?.to_vec(),
                table,
            };
            if let (builtin::DEQUANTIZE | builtin::DENSIFY, [from], [to]) =
                (operator.code, &*operator.inputs, &*operator.outputs)
            {
                unpacked.insert(*to, *from);
            }
            operators.push(operator);
        }
        Ok(Self {
            index,
            tensors: table.tables(subgraph::TENSORS)?.unwrap_or_default(),
            operators,
            buffers,
            unpacked,
        })
    }

    fn packing(&self, position: usize) -> Result<Found> {
        let Some(operator) = self.operators.get(position) else {
            return Ok(Found::Nothing);
        };
        let input = |position: usize| operator.inputs.get(position).copied().unwrap_or(-1);
        let [data, weights, bias] = match operator.code {
            builtin::CONV_2D | builtin::DEPTHWISE_CONV_2D | builtin::FULLY_CONNECTED => {
                [0, 1, 2].map(input)
            }
            builtin::TRANSPOSE_CONV => [2, 1, 3].map(input),
            builtin::BATCH_MATMUL => {
                let is_constant = |tensor| Ok(self.origin(tensor)?.0.is_some());
                return Ok(if is_constant(input(0))? || is_constant(input(1))? {
                    Found::Unknown
                } else {
                    Found::Nothing
                });
            }
            _ => return Ok(Found::Nothing),
        };
        let (Some(weights), weights_facts) = self.origin(weights)? else {
            return Ok(Found::Nothing);
        };
        let (bias, bias_facts) = self.origin(bias)?;
        let output = operator.outputs.first().copied().unwrap_or(-1);
        let options = operator.table.table(operator::OPTIONS)?;
        let mut packing = Box::new(Packing {
            code: operator.code,
            weights: weights_facts,
            bias: bias_facts,
            input: self.facts(data)?,
            output: self.facts(output)?,
            strides: (0, 0),
            format: (0, 0),
        });
        // Only the number of channels, which comes last, decides.
        packing.input.shape = packing.input.shape.last().copied().into_iter().collect();
        packing.output.shape.clear();
        if let Some(options) = options {
            if operator.code == builtin::FULLY_CONNECTED {
                packing.format = (
                    options.number(fully_connected_options::FORMAT)?,
                    options.number(fully_connected_options::ASYMMETRIC)?,
                );
            } else {
                packing.strides = (
                    options.number(strides::STRIDE_WIDTH)?,
                    options.number(strides::STRIDE_HEIGHT)?,
                );
            }
        }
        Ok(Found::Packing((weights, bias), packing))
    }

    fn tensor(&self, index: i32) -> Option<&Table<'b, 'a>> {
        self.tensors.get(usize::try_from(index).ok()?)
    }

    /// Where the bytes of a constant are, or of the constant that this is unpacked from; and what is
    /// known of the tensors on the way there.
    fn origin(&self, index: i32) -> Result<(Option<usize>, Vec<Facts>)> {
        let mut index = index;
        let mut facts = Vec::new();
        // Each step leads to an earlier operator, in a sound model.
        for _ in 0..=self.unpacked.len() {
            let Some(tensor) = self.tensor(index) else {
                break;
            };
            facts.push(self.facts(index)?);
            let buffer = usize::try_from(tensor.number::<u32>(tensor::BUFFER)?);
            let content = buffer.ok().and_then(|buffer| self.buffers.get(buffer));
            if let Some(Some(position)) = content {
                return Ok((Some(*position), facts));
            }
            match self.unpacked.get(&index) {
                Some(from) => index = *from,
                None => break,
            }
        }
        Ok((None, facts))
    }

    fn facts(&self, index: i32) -> Result<Facts> {
        let mut facts = Facts {
            dtype: -1,
            shape: Vec::new(),
            scales: Vec::new(),
            zero_points: Vec::new(),
            dimension: 0,
            special: None,
        };
        let Some(tensor) = self.tensor(index) else {
            return Ok(facts);
        };
        facts.dtype = tensor.number(tensor::TYPE)?;
        facts.shape = tensor.numbers(tensor::SHAPE)?.to_vec();
        let mut is_special = tensor.table(tensor::SPARSITY)?.is_some();
        if let Some(table) = tensor.table(tensor::QUANTIZATION)? {
            let scales = table.numbers::<f32>(quantization::SCALE)?;
            facts.scales = scales.iter().map(f32::to_bits).collect();
            facts.zero_points = table.numbers(quantization::ZERO_POINT)?.to_vec();
            facts.dimension = table.number(quantization::DIMENSION)?;
            is_special |= table.number::<u8>(quantization::DETAILS_TYPE)? != 0;
        }
        facts.special = is_special.then_some((self.index, index));
        Ok(facts)
    }
}
