//! Subgraphs: what flows from operator to operator, and which subgraph calls which.

use super::calls::{self, Parameter, Passed};
use super::error::{Fault, In, Result};
use super::operator::Operator;
use super::tensor::{self, Facts};
use super::{MAX_CALL_DEPTH, Model, ModelPart, ModelProblem, builtin};
use crate::schema::field::operator::INPUTS;
use crate::schema::field::{subgraph as at, tensor as tensor_at};
use crate::schema::table::{Field, Vector};
use crate::tensor::TensorType;

/// What a subgraph means to those that call it.
pub(super) struct Graph {
    /// How many tensors there are.
    pub(super) tensors: usize,
    calls: Vec<Call>,
    inputs: Vec<Parameter>,
    outputs: Vec<TensorType>,
    /// Inputs that are left out cannot be passed on by a caller.
    has_optional_input: bool,
}

struct Call {
    callee: usize,
    operator: usize,
    name: String,
    passed: Option<Passed>,
}

/// The stage at which a tensor is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody has written it yet.
    Unknown,
    Constant,
    Variable,
    Input,
    Computed,
}

impl State {
    /// Why an operator must not write the tensor.
    fn refuses_output(self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Constant => Some("a constant"),
            Self::Variable => Some("a variable"),
            Self::Input => Some("an input of the subgraph"),
            Self::Computed => Some("computed by an operator before"),
        }
    }
}

pub(super) fn verify(model: &Model<'_, '_>, index: usize) -> Result<Graph> {
    let whole = || ModelPart::Subgraph { index };
    let Some(graph) = model.subgraphs.get(index) else {
        return Err(ModelProblem::Contradiction("there is no such subgraph")).within(whole);
    };
    let Some(tables) = graph.tables(at::TENSORS)? else {
        let field = at::TENSORS.1;
        return Err(ModelProblem::Missing { field }).within(whole);
    };
    let mut tensors = Vec::with_capacity(tables.len());
    for (position, table) in tables.iter().enumerate() {
        let facts = tensor::verify(model, table, tables.len());
        tensors.push(facts.within(|| ModelPart::Tensor {
            subgraph: index,
            index: position,
            name: table.text(tensor_at::NAME).unwrap_or_default(),
        })?);
    }
    let inputs = graph.numbers::<i32>(at::INPUTS)?;
    let outputs = graph.numbers::<i32>(at::OUTPUTS)?;
    verify_indices(inputs, at::INPUTS, tensors.len(), true).within(whole)?;
    verify_indices(outputs, at::OUTPUTS, tensors.len(), false).within(whole)?;

    let mut states: Vec<State> = tensors.iter().map(initial).collect();
    for input in inputs
        .iter()
        .filter_map(|input| usize::try_from(input).ok())
    {
        if let Some(state @ State::Unknown) = states.get_mut(input) {
            *state = State::Input;
        }
    }
    let mut calls = Vec::new();
    for (position, table) in graph
        .tables(at::OPERATORS)?
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let operator =
            Operator::read(model, table).within(|| part(index, position, "of unknown kind"))?;
        let here = || part(index, position, operator.name());
        operator.verify(model, &tensors).within(here)?;
        follow(&operator, &tensors, &mut states).within(here)?;
        if let Some(facts) =
            (operator.densified(&tensors)).and_then(|output| tensors.get_mut(output))
        {
            facts.has_fixed_shape = true;
        }
        let callees = operator.callees(model.subgraphs.len()).within(here)?;
        for (place, callee) in callees.into_iter().enumerate() {
            calls.push(Call {
                callee,
                operator: position,
                name: operator.name().to_owned(),
                passed: Passed::of(&operator, place, &tensors),
            });
        }
    }
    verify_outputs(outputs, &tensors, &states).within(whole)?;
    Ok(Graph {
        tensors: tensors.len(),
        calls,
        inputs: Parameter::all(inputs, &tensors),
        outputs: calls::results(outputs, &tensors),
        has_optional_input: inputs.iter().any(|input| input == -1),
    })
}

fn part(subgraph: usize, index: usize, name: &str) -> ModelPart {
    ModelPart::Operator {
        subgraph,
        index,
        name: name.to_owned(),
    }
}

fn initial(facts: &Facts<'_>) -> State {
    if facts.constant.is_some() {
        State::Constant
    } else if facts.is_variable {
        State::Variable
    } else {
        State::Unknown
    }
}

/// Tensor indices that exist; -1 stands for one that is left out.
pub(super) fn verify_indices(
    indices: Vector<'_, i32>,
    field: Field,
    count: usize,
    optional: bool,
) -> std::result::Result<(), ModelProblem> {
    let is_good = |index: i32| {
        usize::try_from(index).is_ok_and(|index| index < count) || (optional && index == -1)
    };
    match indices.iter().find(|&index| !is_good(index)) {
        None => Ok(()),
        Some(index) => Err(ModelProblem::Index {
            field: field.1,
            index: index.into(),
            count,
        }),
    }
}

/// Notes what an operator computes, if it may and if all that it reads is there.
fn follow(
    operator: &Operator<'_, '_>,
    tensors: &[Facts<'_>],
    states: &mut [State],
) -> std::result::Result<(), Fault> {
    for (position, tensor) in operator.inputs() {
        is_there(INPUTS, position, tensor, tensors, states)?;
    }
    for (position, tensor) in operator.outputs() {
        let Some(state) = states.get_mut(tensor) else {
            continue;
        };
        // Custom operators may hand a tensor on by naming it as input and output.
        let handed_on = operator.code().builtin == builtin::CUSTOM
            && *state != State::Constant
            && operator.inputs().any(|(_, input)| input == tensor);
        // The converter gives a state of half precision its first value this way.
        let first_value =
            *state == State::Variable && operator.code().builtin == builtin::DEQUANTIZE;
        match state.refuses_output() {
            Some(reason) if !handed_on && !first_value => {
                return Err(ModelProblem::Overwritten {
                    position,
                    tensor,
                    reason,
                }
                .into());
            }
            _ => *state = State::Computed,
        }
    }
    Ok(())
}

fn is_there(
    field: Field,
    position: usize,
    tensor: usize,
    tensors: &[Facts<'_>],
    states: &[State],
) -> std::result::Result<(), ModelProblem> {
    if states
        .get(tensor)
        .is_some_and(|&state| state != State::Unknown)
    {
        return Ok(());
    }
    match tensors.get(tensor) {
        // Some writers leave the data of constants without elements out.
        Some(facts) if facts.is_empty() => Ok(()),
        Some(facts) if facts.is_external => Err(ModelProblem::Contradiction(
            "an input is in another file, which the runtime does not load",
        )),
        _ => Err(ModelProblem::NotComputed {
            field: field.1,
            position,
            tensor,
        }),
    }
}

fn verify_outputs(
    outputs: Vector<'_, i32>,
    tensors: &[Facts<'_>],
    states: &[State],
) -> std::result::Result<(), ModelProblem> {
    for (position, output) in outputs.iter().enumerate() {
        let tensor = usize::try_from(output).unwrap_or(usize::MAX);
        is_there(at::OUTPUTS, position, tensor, tensors, states)?;
        if tensors.get(tensor).is_some_and(|facts| facts.is_sparse) {
            return Err(ModelProblem::Contradiction(
                "a sparse constant is an output",
            ));
        }
    }
    Ok(())
}

/// Subgraphs that call themselves would do so until the stack ends.
pub(super) fn verify_calls(graphs: &[Graph]) -> Result {
    // How deep the calls of each subgraph go. A subgraph is looked at again as long as one that it
    // calls got deeper; with a cycle that never ends but at the limit.
    let mut depths = vec![0_usize; graphs.len()];
    for _ in 0..=MAX_CALL_DEPTH {
        let mut changed = None;
        for (caller, graph) in graphs.iter().enumerate() {
            for call in &graph.calls {
                let depth = depths.get(call.callee).copied().unwrap_or(0) + 1;
                if let Some(own) = depths.get_mut(caller).filter(|own| **own < depth) {
                    *own = depth;
                    changed = Some((caller, call));
                }
            }
        }
        let Some((caller, call)) = changed else {
            return verify_callees(graphs);
        };
        if depths.iter().any(|&depth| depth > MAX_CALL_DEPTH) {
            let problem = ModelProblem::Contradiction(
                "subgraphs call each other in a circle, or more than 64 deep",
            );
            return Err(problem).within(|| call.part(caller));
        }
    }
    verify_callees(graphs)
}

fn verify_callees(graphs: &[Graph]) -> Result {
    for (caller, graph) in graphs.iter().enumerate() {
        for call in &graph.calls {
            // Calls replace the memory of inputs and outputs by the caller's, also that which the
            // interpreter shows.
            if call.callee == 0 {
                let problem = ModelProblem::Contradiction("it calls the main subgraph");
                return Err(problem).within(|| call.part(caller));
            }
            let Some(callee) = graphs.get(call.callee) else {
                continue;
            };
            if callee.has_optional_input {
                let problem =
                    ModelProblem::Contradiction("it calls a subgraph whose inputs are left out");
                return Err(problem).within(|| call.part(caller));
            }
            if let Some(passed) = &call.passed {
                let fits = passed.verify(&callee.inputs, &callee.outputs);
                fits.within(|| call.part(caller))?;
            }
        }
    }
    Ok(())
}

impl Call {
    fn part(&self, subgraph: usize) -> ModelPart {
        ModelPart::Operator {
            subgraph,
            index: self.operator,
            name: self.name.clone(),
        }
    }
}
