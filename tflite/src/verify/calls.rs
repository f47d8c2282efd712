//! What operators pass to the subgraphs that they run.
//!
//! The kernels compare numbers of tensors, but give the caller's types to the callee's inputs, and
//! the callee's to their own outputs. All other rules rely on the types that the file says.

use super::ModelProblem;
use super::operator::Operator;
use super::tensor::Facts;
use crate::schema::enums::builtin;
use crate::schema::table::Vector;
use crate::tensor::TensorType;

/// An input of a subgraph.
pub(super) struct Parameter {
    dtype: TensorType,
    is_constant: bool,
}

/// What one call passes, and what it gets back.
pub(super) struct Passed {
    arguments: Vec<Option<TensorType>>,
    results: Vec<TensorType>,
}

impl Parameter {
    /// The inputs of a subgraph; those that are left out are refused elsewhere.
    pub(super) fn all(inputs: Vector<'_, i32>, tensors: &[Facts<'_>]) -> Vec<Self> {
        let tensor = |input| tensors.get(usize::try_from(input).ok()?);
        let given = inputs.iter().filter_map(tensor);
        given
            .map(|facts| Self {
                dtype: facts.dtype,
                is_constant: facts.constant.is_some(),
            })
            .collect()
    }
}

/// The types of a subgraph's outputs.
pub(super) fn results(outputs: Vector<'_, i32>, tensors: &[Facts<'_>]) -> Vec<TensorType> {
    let dtype = |output| {
        tensors
            .get(usize::try_from(output).ok()?)
            .map(|facts| facts.dtype)
    };
    outputs.iter().filter_map(dtype).collect()
}

impl Passed {
    /// For the subgraph at this position among those that the operator names; `None` if the
    /// operator does not run it, but looks what it would compute.
    pub(super) fn of(
        operator: &Operator<'_, '_>,
        position: usize,
        tensors: &[Facts<'_>],
    ) -> Option<Self> {
        let dtype = |tensor: usize| tensors.get(tensor).map(|facts| facts.dtype);
        let mut arguments: Vec<_> = operator
            .all_inputs()
            .map(|input| dtype(usize::try_from(input).ok()?))
            .collect();
        let mut results: Vec<_> = operator
            .outputs()
            .filter_map(|(_, output)| dtype(output))
            .collect();
        match operator.code().builtin {
            builtin::IF | builtin::STABLEHLO_CASE => {
                // The condition, or the branch's number.
                arguments.drain(..1.min(arguments.len()));
            }
            builtin::WHILE if position == 0 => results = vec![TensorType::Bool],
            builtin::WHILE | builtin::CALL_ONCE | builtin::STABLEHLO_COMPOSITE => {}
            _ => return None,
        }
        Some(Self { arguments, results })
    }

    /// Compares it with what the callee takes and gives.
    pub(super) fn verify(
        &self,
        inputs: &[Parameter],
        outputs: &[TensorType],
    ) -> Result<(), ModelProblem> {
        if self.arguments.len() != inputs.len() || self.results.len() != outputs.len() {
            return Err(ModelProblem::Contradiction(
                "it calls a subgraph with another number of inputs or outputs",
            ));
        }
        for (argument, input) in self.arguments.iter().zip(inputs) {
            if input.is_constant {
                return Err(ModelProblem::Contradiction(
                    "it calls a subgraph of which an input is a constant",
                ));
            }
            match argument {
                None => {
                    return Err(ModelProblem::Contradiction(
                        "it passes on an input that is left out",
                    ));
                }
                Some(dtype) if *dtype != input.dtype => {
                    return Err(ModelProblem::Type {
                        dtype: *dtype,
                        place: "passed to a subgraph that takes another type",
                    });
                }
                Some(_) => {}
            }
        }
        match self
            .results
            .iter()
            .zip(outputs)
            .find(|(own, other)| own != other)
        {
            None => Ok(()),
            Some((_, dtype)) => Err(ModelProblem::Type {
                dtype: *dtype,
                place: "returned by a subgraph to an operator that computes another type",
            }),
        }
    }
}
