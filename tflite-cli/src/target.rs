//! What is run: a model as such, or one of its signatures.

use clap::Args;
use tflite::{
    Error, Interpreter, ModelInfo, SignatureRunner, SubgraphInfo, Tensor, TensorMut, XnnpackStatus,
};

use crate::error::{Failure, Result};

/// Which of the model's functions.
#[derive(Args)]
pub(crate) struct TargetOptions {
    /// Run this signature; without it, the one that stands for the model as such
    #[arg(long, value_name = "KEY")]
    signature: Option<String>,
}

/// Inputs and outputs with names, and what runs them.
pub(crate) struct Target<'a> {
    runner: Runner<'a>,
    pub(crate) inputs: Vec<Place>,
    pub(crate) outputs: Vec<Place>,
    /// The key, if it is a signature.
    pub(crate) signature: Option<String>,
    /// The index of the subgraph that is run.
    pub(crate) subgraph: usize,
}

enum Runner<'a> {
    /// The first subgraph, with or without a signature.
    Whole(&'a mut Interpreter),
    /// Another one.
    Signature(SignatureRunner<'a>),
}

/// An input or output.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// In the signature; of the tensor, if the signature has none for it.
    pub(crate) name: String,
    /// Of the tensor.
    pub(crate) tensor_name: String,
    /// Among all inputs or outputs of the subgraph.
    pub(crate) index: usize,
    /// Whether the file has its contents.
    pub(crate) is_constant: bool,
}

impl<'a> Target<'a> {
    pub(crate) fn new(
        interpreter: &'a mut Interpreter,
        info: &ModelInfo,
        options: &TargetOptions,
    ) -> Result<Self> {
        let model = interpreter.model().clone();
        let usable = |key: &str| model.signatures().iter().any(|known| known.key() == key);
        let signature = match &options.signature {
            Some(key) => {
                let found = info.signatures.iter().find(|other| other.key == *key);
                let found = found.filter(|_| usable(key));
                Some(found.ok_or_else(|| {
                    let known: Vec<_> = model.signatures().iter().map(|one| one.key()).collect();
                    Failure::Usage(format!("there is no signature {key:?}, only {known:?}"))
                })?)
            }
            None => {
                let mut signatures = info.signatures.iter();
                signatures.find(|other| other.subgraph == 0 && usable(&other.key))
            }
        };
        let subgraph = signature.map_or(0, |signature| signature.subgraph);
        let graph = info.subgraphs.get(subgraph);
        let inputs = signature.map(|signature| &signature.inputs);
        let outputs = signature.map(|signature| &signature.outputs);
        let mut target = Self {
            inputs: places(graph, |graph| &graph.inputs, inputs),
            outputs: places(graph, |graph| &graph.outputs, outputs),
            signature: signature.map(|signature| signature.key.clone()),
            subgraph,
            runner: match signature {
                // The interpreter can do more: it leaves XNNPACK out where a shape does not fit.
                Some(signature) if signature.subgraph != 0 => {
                    let runner = interpreter.signature_runner(&signature.key);
                    Runner::Signature(runner.map_err(runtime)?)
                }
                _ => Runner::Whole(interpreter),
            },
        };
        if let Runner::Signature(runner) = &target.runner {
            // Only what has a name can be had there.
            let signature = runner.signature();
            let known: Vec<_> = signature.input_names().collect();
            target.inputs.retain(|place| known.contains(&&*place.name));
            let known: Vec<_> = signature.output_names().collect();
            target.outputs.retain(|place| known.contains(&&*place.name));
        }
        Ok(target)
    }

    /// Which input is meant, by name, by its tensor's name, or by its number.
    pub(crate) fn find_input(&self, name: &str) -> Option<usize> {
        let by_name = |place: &Place| place.name == name;
        let by_tensor = |place: &Place| place.tensor_name == name;
        let mut places = self.inputs.iter();
        (places.position(by_name))
            .or_else(|| self.inputs.iter().position(by_tensor))
            .or_else(|| name.parse().ok().filter(|&at| at < self.inputs.len()))
    }

    /// The error for an input that does not exist.
    pub(crate) fn no_input(&self, name: &str) -> Failure {
        let known: Vec<_> = self.inputs.iter().map(|place| &place.name).collect();
        Failure::Usage(format!("there is no input {name:?}, only {known:?}"))
    }

    pub(crate) fn input(&self, place: &Place) -> Result<Tensor<'_>> {
        match &self.runner {
            Runner::Whole(interpreter) => interpreter.input(place.index),
            Runner::Signature(runner) => runner.input(&place.name),
        }
        .map_err(runtime)
    }

    pub(crate) fn input_mut(&mut self, place: &Place) -> Result<TensorMut<'_>> {
        match &mut self.runner {
            Runner::Whole(interpreter) => interpreter.input_mut(place.index),
            Runner::Signature(runner) => runner.input_mut(&place.name),
        }
        .map_err(runtime)
    }

    pub(crate) fn output(&self, place: &Place) -> Result<Tensor<'_>> {
        match &self.runner {
            Runner::Whole(interpreter) => interpreter.output(place.index),
            Runner::Signature(runner) => runner.output(&place.name),
        }
        .map_err(runtime)
    }

    /// Gives inputs other shapes, all at once.
    pub(crate) fn resize(&mut self, shapes: &[(&Place, &[usize])]) -> Result<()> {
        match &mut self.runner {
            Runner::Whole(interpreter) => {
                let shapes: Vec<_> = shapes.iter().map(|(at, dims)| (at.index, *dims)).collect();
                interpreter.resize_inputs(&shapes)
            }
            Runner::Signature(runner) => {
                let shapes: Vec<_> = shapes.iter().map(|(at, dims)| (&*at.name, *dims)).collect();
                runner.resize_inputs(&shapes)
            }
        }
        .map_err(|error| match error {
            Error::XnnpackShapes { .. } => {
                Failure::runtime("resizing the inputs (--no-xnnpack may help)", error)
            }
            error @ Error::InvalidShape { .. } => Failure::Unfit(error.to_string()),
            error => Failure::runtime("resizing the inputs", error),
        })
    }

    pub(crate) fn invoke(&mut self) -> tflite::Result<()> {
        match &mut self.runner {
            Runner::Whole(interpreter) => interpreter.invoke(),
            Runner::Signature(runner) => runner.invoke(),
        }
    }
}

/// What became of XNNPACK, in a word, and why if it is refused.
pub(crate) fn xnnpack_name(status: &XnnpackStatus) -> (&'static str, Option<&str>) {
    match status {
        XnnpackStatus::Off => ("off", None),
        XnnpackStatus::Applied => ("applied", None),
        XnnpackStatus::Unavailable => ("unavailable", None),
        XnnpackStatus::Refused { reason } => ("refused", Some(reason)),
        _ => ("unknown", None),
    }
}

fn runtime(error: Error) -> Failure {
    Failure::runtime("the runtime", error)
}

/// The inputs or outputs that are not left out.
fn places(
    graph: Option<&SubgraphInfo>,
    indices: fn(&SubgraphInfo) -> &Vec<Option<usize>>,
    names: Option<&std::collections::BTreeMap<String, usize>>,
) -> Vec<Place> {
    let Some(graph) = graph else {
        return Vec::new();
    };
    let place = |(index, at): (usize, &Option<usize>)| {
        let at = (*at)?;
        let tensor = graph.tensors.get(at)?;
        let name = names.and_then(|names| {
            let mut named = names.iter().filter(|(_, tensor)| **tensor == at);
            named.next().map(|(name, _)| name.clone())
        });
        Some(Place {
            name: name.unwrap_or_else(|| tensor.name.clone()),
            tensor_name: tensor.name.clone(),
            index,
            is_constant: tensor.constant_bytes.is_some(),
        })
    };
    indices(graph)
        .iter()
        .enumerate()
        .filter_map(place)
        .collect()
}
