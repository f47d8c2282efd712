//! Operators: their kind, their tensors, their options.

use super::arity::arity;
use super::error::Fault;
use super::graph::verify_indices;
use super::operands::Operands;
use super::tensor::Facts;
use super::{Code, MAX_RANK, Model, ModelProblem, builtin};
use super::{kernels, options, recurrent, scales, shapes, types, weights};
use crate::schema::field::{operator as at, reshape_options};
use crate::schema::table::{Field, Table, Vector};
use crate::tensor::TensorType;

type Result<T = ()> = std::result::Result<T, Fault>;

/// The type of the union that `RESHAPE`'s options are.
const RESHAPE_OPTIONS: u8 = 17;

/// How many dimensions `RESHAPE`'s options have room for in the runtime.
const MAX_NEW_SHAPE: usize = 8;

/// One step of a subgraph.
pub(super) struct Operator<'m, 'a> {
    table: Table<'m, 'a>,
    code: &'m Code,
    inputs: Vector<'a, i32>,
    outputs: Vector<'a, i32>,
}

/// Where an operator's options name subgraphs.
struct Callees {
    /// Whether they are in the second union of options.
    second: bool,
    /// The type of the union.
    kind: u8,
    fields: &'static [Field],
    /// Whether the field is a vector of indices.
    many: bool,
}

impl<'m, 'a> Operator<'m, 'a> {
    pub(super) fn read(model: &'m Model<'_, 'a>, table: &Table<'m, 'a>) -> Result<Self> {
        let index = table.number::<u32>(at::CODE)?;
        let code = usize::try_from(index)
            .ok()
            .and_then(|index| model.codes.get(index))
            .ok_or(ModelProblem::Index {
                field: at::CODE.1,
                index: index.into(),
                count: model.codes.len(),
            })?;
        Ok(Self {
            table: *table,
            code,
            inputs: table.numbers(at::INPUTS)?,
            outputs: table.numbers(at::OUTPUTS)?,
        })
    }

    pub(super) fn code(&self) -> &'m Code {
        self.code
    }

    pub(super) fn name(&self) -> &'m str {
        &self.code.name
    }

    /// The inputs that are not left out, with their positions.
    pub(super) fn inputs(&self) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        given(self.inputs)
    }

    /// All inputs; -1 for those that are left out.
    pub(super) fn all_inputs(&self) -> impl Iterator<Item = i32> + use<'a> {
        self.inputs.iter()
    }

    /// The outputs that are not left out, with their positions.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        given(self.outputs)
    }

    pub(super) fn verify(&self, model: &Model<'_, '_>, tensors: &[Facts<'a>]) -> Result {
        let builtin = self.code.builtin;
        let is_custom = matches!(builtin, builtin::CUSTOM | builtin::STABLEHLO_CUSTOM_CALL);
        verify_indices(self.inputs, at::INPUTS, tensors.len(), true)?;
        verify_indices(self.outputs, at::OUTPUTS, tensors.len(), is_custom)?;
        let intermediates = self.table.numbers::<i32>(at::INTERMEDIATES)?;
        let are_required = matches!(
            builtin,
            builtin::LSTM | builtin::UNIDIRECTIONAL_SEQUENCE_LSTM
        );
        verify_indices(
            intermediates,
            at::INTERMEDIATES,
            tensors.len(),
            !are_required,
        )?;
        self.verify_optional_inputs()?;
        self.verify_counts()?;
        self.verify_sparse_inputs(tensors)?;
        let outputs = self.outputs.len();
        options::verify(&self.table, builtin, self.inputs, outputs, tensors)?;
        shapes::verify(self.code.builtin, self.inputs, tensors)?;
        let operands = Operands {
            inputs: self.inputs,
            outputs: self.outputs,
            intermediates,
            tensors,
        };
        types::verify(self.name(), operands)?;
        scales::verify(self.name(), operands)?;
        kernels::verify(self.name(), operands)?;
        recurrent::verify(self.name(), operands)?;
        weights::verify(&self.table, self.name(), operands)?;
        if builtin == builtin::CUSTOM && self.table.blob(at::CUSTOM_OPTIONS)?.is_none() {
            let offset = self.table.number::<u64>(at::LARGE_OPTIONS_OFFSET)?;
            let size = self.table.number::<u64>(at::LARGE_OPTIONS_SIZE)?;
            if offset > 1 {
                model.within_file(offset, size, at::LARGE_OPTIONS_OFFSET.1)?;
            }
        }
        match builtin {
            builtin::RESHAPE => {
                self.verify_same_type(tensors)?;
                self.verify_reshape(tensors)
            }
            builtin::SQUEEZE | builtin::EXPAND_DIMS => self.verify_same_type(tensors),
            _ => Ok(()),
        }
    }

    /// The output of `DENSIFY` if the model says of it what it will be: the shape of its constant.
    pub(super) fn densified(&self, tensors: &[Facts<'_>]) -> Option<usize> {
        if self.code.builtin != builtin::DENSIFY {
            return None;
        }
        let ((_, input), (_, output)) = (self.inputs().next()?, self.outputs().next()?);
        let (constant, facts) = (tensors.get(input)?, tensors.get(output)?);
        let is_same = constant.shape.iter().eq(facts.shape.iter());
        (constant.has_fixed_shape && is_same).then_some(output)
    }

    /// Most kernels take the tensors that they need without asking whether they are there.
    fn verify_optional_inputs(&self) -> Result {
        // The first input that may be left out, as all behind it.
        let first = match self.code.builtin {
            builtin::CONV_2D
            | builtin::DEPTHWISE_CONV_2D
            | builtin::FULLY_CONNECTED
            | builtin::CONV_3D => 2,
            builtin::TRANSPOSE_CONV | builtin::CONV_3D_TRANSPOSE | builtin::SVDF => 3,
            builtin::LSTM
            | builtin::UNIDIRECTIONAL_SEQUENCE_LSTM
            | builtin::BIDIRECTIONAL_SEQUENCE_LSTM
            | builtin::BIDIRECTIONAL_SEQUENCE_RNN
            | builtin::IF
            | builtin::WHILE => 1,
            builtin::CUSTOM
            | builtin::CALL
            | builtin::STABLEHLO_CUSTOM_CALL
            | builtin::STABLEHLO_COMPOSITE
            | builtin::STABLEHLO_CASE => 0,
            _ => usize::MAX,
        };
        match self.inputs.iter().position(|input| input == -1) {
            Some(position) if position < first => Err(ModelProblem::LeftOut { position }.into()),
            _ => Ok(()),
        }
    }

    fn verify_counts(&self) -> Result {
        let Some((inputs, outputs)) = arity(self.code.builtin) else {
            return Ok(());
        };
        for (field, count, range) in [
            (at::INPUTS, self.inputs.len(), inputs),
            (at::OUTPUTS, self.outputs.len(), outputs),
        ] {
            if !range.contains(&count) {
                return Err(ModelProblem::Count {
                    field: field.1,
                    count,
                    minimum: *range.start(),
                    maximum: *range.end(),
                }
                .into());
            }
        }
        Ok(())
    }

    /// Other kernels read as many elements as the shape has, but there are fewer.
    fn verify_sparse_inputs(&self, tensors: &[Facts<'_>]) -> Result {
        for (position, tensor) in self.inputs() {
            let is_read = match self.code.builtin {
                builtin::DENSIFY | builtin::CUSTOM => true,
                builtin::FULLY_CONNECTED => position == 1,
                _ => false,
            };
            if !is_read && tensors.get(tensor).is_some_and(|facts| facts.is_sparse) {
                return Err(ModelProblem::Contradiction(
                    "it reads a sparse constant, which only DENSIFY and FULLY_CONNECTED can",
                )
                .into());
            }
        }
        Ok(())
    }

    /// These kernels copy the input's bytes to an output of as many elements.
    fn verify_same_type(&self, tensors: &[Facts<'_>]) -> Result {
        let dtype = |(_, tensor)| tensors.get(tensor).map(|facts: &Facts<'_>| facts.dtype);
        match (
            self.inputs().next().map(dtype),
            self.outputs().next().map(dtype),
        ) {
            (Some(Some(input)), Some(Some(output))) if input != output => Err(ModelProblem::Type {
                dtype: output,
                place: "the output of an operator that keeps its input's type",
            }
            .into()),
            _ => Ok(()),
        }
    }

    fn verify_reshape(&self, tensors: &[Facts<'_>]) -> Result {
        let field = reshape_options::NEW_SHAPE;
        if self.table.number::<u8>(at::OPTIONS_TYPE)? == RESHAPE_OPTIONS
            && let Some(options) = self.table.table(at::OPTIONS)?
            && let Some(shape) = options.vector::<i32>(field)?
        {
            verify_new_shape(shape.iter(), shape.len(), MAX_NEW_SHAPE)?;
        }
        let Some(shape) = self
            .inputs
            .get(1)
            .and_then(|shape| tensors.get(usize::try_from(shape).ok()?))
        else {
            return Ok(());
        };
        // Kernels ignore a shape of another type or rank.
        if shape.dtype != TensorType::Int32 || shape.shape.len() != 1 {
            return Ok(());
        }
        let (count, maximum) = (shape.shape.get(0).unwrap_or(0), MAX_RANK);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let (words, _) = shape.constant.unwrap_or_default().as_chunks::<4>();
        let dims = words.iter().map(|&word| i32::from_le_bytes(word));
        verify_new_shape(dims, count, maximum)
    }

    /// The subgraphs that the operator runs.
    pub(super) fn callees(&self, subgraphs: usize) -> Result<Vec<usize>> {
        let Some(callees) = Callees::of(self.code.builtin) else {
            return Ok(Vec::new());
        };
        let (kind, options) = if callees.second {
            (at::OPTIONS_2_TYPE, at::OPTIONS_2)
        } else {
            (at::OPTIONS_TYPE, at::OPTIONS)
        };
        let is_given = self.table.number::<u8>(kind)? == callees.kind;
        let Some(table) = self.table.table(options)?.filter(|_| is_given) else {
            return Err(ModelProblem::Missing { field: options.1 }.into());
        };
        let mut found = Vec::new();
        for field in callees.fields {
            let indices = if callees.many {
                table.numbers::<i32>(*field)?.to_vec()
            } else {
                vec![table.number::<i32>(*field)?]
            };
            for index in indices {
                let callee = usize::try_from(index)
                    .ok()
                    .filter(|&index| index < subgraphs);
                found.push(callee.ok_or(ModelProblem::Index {
                    field: field.1,
                    index: index.into(),
                    count: subgraphs,
                })?);
            }
        }
        Ok(found)
    }
}

impl Callees {
    fn of(builtin: i32) -> Option<Self> {
        const COND: Field = Field(0, "cond_subgraph_index");
        const LOOP: &[Field] = &[COND, Field(1, "body_subgraph_index")];
        const BRANCHES: &[Field] = &[
            Field(0, "then_subgraph_index"),
            Field(1, "else_subgraph_index"),
        ];
        let (second, kind, fields): (_, _, &[Field]) = match builtin {
            builtin::CALL => (false, 16, &[Field(0, "subgraph")]),
            builtin::IF => (false, 92, BRANCHES),
            builtin::WHILE => (false, 93, LOOP),
            builtin::CALL_ONCE => (false, 103, &[Field(0, "init_subgraph_index")]),
            builtin::STABLEHLO_REDUCE => (true, 6, &[Field(1, "body_subgraph_index")]),
            builtin::STABLEHLO_SCATTER => {
                (true, 7, &[Field(6, "update_computation_subgraph_index")])
            }
            builtin::STABLEHLO_REDUCE_WINDOW => (true, 13, &[Field(5, "body_subgraph_index")]),
            builtin::STABLEHLO_SORT => (true, 14, &[Field(2, "comparator_subgraph_index")]),
            builtin::STABLEHLO_WHILE => (true, 15, LOOP),
            builtin::STABLEHLO_COMPOSITE => (true, 21, &[Field(1, "decomposition_subgraph_index")]),
            builtin::STABLEHLO_CASE => (true, 23, &[Field(0, "branch_subgraph_indices")]),
            _ => return None,
        };
        Some(Self {
            second,
            kind,
            fields,
            many: builtin == builtin::STABLEHLO_CASE,
        })
    }
}

/// At most one dimension is to be found out (-1); others cannot be negative.
fn verify_new_shape(dims: impl Iterator<Item = i32>, count: usize, maximum: usize) -> Result {
    let field = reshape_options::NEW_SHAPE.1;
    if count > maximum {
        return Err(ModelProblem::Count {
            field,
            count,
            minimum: 0,
            maximum,
        }
        .into());
    }
    let mut unknown = 0;
    for dim in dims {
        unknown += i64::from(dim == -1);
        if dim < -1 {
            return Err(ModelProblem::Range {
                field,
                value: dim.into(),
                minimum: -1,
                maximum: i32::MAX.into(),
            }
            .into());
        }
    }
    if unknown > 1 {
        return Err(ModelProblem::Contents {
            what: "the number of unknown dimensions",
            value: unknown,
            expected: 1,
        }
        .into());
    }
    Ok(())
}

fn given<'a>(tensors: Vector<'a, i32>) -> impl Iterator<Item = (usize, usize)> + use<'a> {
    tensors
        .iter()
        .enumerate()
        .filter_map(|(position, tensor)| Some((position, usize::try_from(tensor).ok()?)))
}
