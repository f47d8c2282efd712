//! The tensors of an operator, by their positions.

use super::tensor::Facts;
use crate::schema::table::Vector;
use crate::tensor::TensorType;

/// What an operator reads and writes.
#[derive(Clone, Copy)]
pub(super) struct Operands<'o, 'a> {
    pub(super) inputs: Vector<'a, i32>,
    pub(super) outputs: Vector<'a, i32>,
    pub(super) intermediates: Vector<'a, i32>,
    /// Those of the whole subgraph.
    pub(super) tensors: &'o [Facts<'a>],
}

/// Where a tensor stands.
#[derive(Clone, Copy)]
pub(super) enum At {
    In(usize),
    Out(usize),
    /// Among the intermediates.
    Mid(usize),
}

impl At {
    /// The field of the schema, and the position there.
    pub(super) fn parts(self) -> (&'static str, usize) {
        match self {
            Self::In(position) => ("inputs", position),
            Self::Out(position) => ("outputs", position),
            Self::Mid(position) => ("intermediates", position),
        }
    }
}

impl<'o, 'a> Operands<'o, 'a> {
    /// `None` if there are not so many, or if it is left out.
    pub(super) fn get(&self, at: At) -> Option<&'o Facts<'a>> {
        let index = match at {
            At::In(position) => self.inputs.get(position),
            At::Out(position) => self.outputs.get(position),
            At::Mid(position) => self.intermediates.get(position),
        };
        self.tensors.get(usize::try_from(index?).ok()?)
    }

    pub(super) fn dtype(&self, at: At) -> Option<TensorType> {
        self.get(at).map(|facts| facts.dtype)
    }

    /// Whether an input is there and of this type.
    pub(super) fn is_input(&self, position: usize, dtype: TensorType) -> bool {
        self.dtype(At::In(position)) == Some(dtype)
    }

    /// Whether an input is there.
    pub(super) fn has_input(&self, position: usize) -> bool {
        self.get(At::In(position)).is_some()
    }

    /// All positions, with what stands there.
    pub(super) fn all(&self) -> impl Iterator<Item = (At, &'o Facts<'a>)> {
        let this = *self;
        (0..this.inputs.len())
            .map(At::In)
            .chain((0..this.outputs.len()).map(At::Out))
            .chain((0..this.intermediates.len()).map(At::Mid))
            .filter_map(move |at| Some((at, this.get(at)?)))
    }
}
