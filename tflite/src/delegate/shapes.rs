//! Whether XNNPACK may serve shapes.
//!
//! XNNPACK trusts that shapes fit together as the file says: it reads as many channels as a filter
//! has, and as many rows of one tensor as there are of another. The runtime's own kernels check
//! that, or compute something else than XNNPACK, which then does not fit the next operator. So it
//! only gets to work where both agree.

use std::ffi::c_int;

use super::graph::Convolution;

/// `XNN_MAX_TENSOR_DIMS`. The delegate copies dimensions into an array of this length, and does not
/// check how many there are.
const MAX_RANK: usize = 6;

/// The tensors of one subgraph.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(super) tensors: Vec<TensorLayout>,
    pub(super) convolutions: Vec<Convolution>,
    pub(super) divisors: Vec<c_int>,
}

/// The tensors of all subgraphs.
#[derive(Clone, Debug)]
pub(crate) struct Layouts(pub(super) Vec<Layout>);

#[derive(Clone, Debug)]
pub(super) struct TensorLayout {
    pub(super) index: c_int,
    pub(super) dims: Option<Vec<c_int>>,
    /// Its memory is its own, and may change its size during an invocation.
    pub(super) is_dynamic: bool,
    pub(super) is_allocated: bool,
}

impl Layout {
    fn dims(&self, index: c_int) -> Option<&[c_int]> {
        let position = self
            .tensors
            .binary_search_by_key(&index, |t| t.index)
            .ok()?;
        self.tensors.get(position)?.dims.as_deref()
    }

    /// Why XNNPACK must not compute this, with what it was shown when it was applied.
    fn obstacle(&self, shown: &Self) -> Option<String> {
        let of_a_tensor = self.tensors.iter().find_map(|tensor| {
            let what = tensor.obstacle(shown.dims(tensor.index))?;
            Some(format!("tensor {} {what}", tensor.index))
        });
        of_a_tensor.or_else(|| {
            let convolution = self
                .convolutions
                .iter()
                .find(|convolution| !self.fits(convolution, shown))?;
            Some(format!(
                "a convolution's filter has not the channels of its input, tensor {}",
                convolution.input
            ))
        })
    }

    /// XNNPACK knows how many channels go into a convolution from the filter, and from the input
    /// that it was shown; it does not look again.
    fn fits(&self, convolution: &Convolution, shown: &Self) -> bool {
        let channels = |layout: &Self, tensor| layout.dims(tensor)?.last().copied();
        let input = channels(self, convolution.input);
        let from_multiplier = convolution.depth_multiplier.is_none_or(|multiplier| {
            let filter = channels(self, convolution.filter);
            input.and_then(|input| input.checked_mul(multiplier)) == filter
        });
        input.is_some() && input == channels(shown, convolution.input) && from_multiplier
    }
}

impl TensorLayout {
    fn obstacle(&self, shown: Option<&[c_int]>) -> Option<&'static str> {
        if self.is_dynamic {
            return Some("has a shape that depends on values, or holds strings");
        }
        let (Some(dims), Some(shown)) = (&self.dims, shown) else {
            return Some("has no known shape");
        };
        if dims.len() > MAX_RANK {
            return Some("has more than 6 dimensions");
        }
        if dims.len() != shown.len() {
            return Some("has not the number of dimensions that the file says");
        }
        // XNNPACK takes some of them for 1.
        dims.iter().any(|&dim| dim < 1).then_some("has no elements")
    }
}

impl Layouts {
    /// Why XNNPACK must not compute these shapes, on which the runtime's kernels have agreed, with
    /// what it was shown when it was applied; `None` if it may.
    pub(crate) fn obstacle(&self, shown: &Self) -> Option<String> {
        if self.0.len() != shown.0.len() {
            return Some("not all subgraphs can be seen".to_owned());
        }
        let pairs = self.0.iter().zip(&shown.0);
        pairs.enumerate().find_map(|(subgraph, (layout, shown))| {
            let what = layout.obstacle(shown)?;
            Some(format!("in subgraph {subgraph}, {what}"))
        })
    }

    /// Where these shapes, made with XNNPACK, are others than the runtime's kernels agreed upon.
    /// Only subgraphs that `concerns` are compared, and only tensors that have memory.
    pub(crate) fn difference(
        &self,
        agreed: &Self,
        concerns: impl Fn(usize) -> bool,
    ) -> Option<String> {
        if self.0.len() != agreed.0.len() {
            return Some("not all subgraphs can be seen".to_owned());
        }
        let pairs = self.0.iter().zip(&agreed.0);
        pairs
            .enumerate()
            .filter(|&(subgraph, _)| concerns(subgraph))
            .find_map(|(subgraph, (layout, agreed))| {
                let tensor = layout.tensors.iter().find(|tensor| {
                    tensor.is_allocated && tensor.dims.as_deref() != agreed.dims(tensor.index)
                })?;
                Some(format!(
                    "in subgraph {subgraph}, XNNPACK gives tensor {} the shape {:?}, the \
                     runtime's kernels {:?}",
                    tensor.index,
                    tensor.dims.as_deref().unwrap_or_default(),
                    agreed.dims(tensor.index).unwrap_or_default(),
                ))
            })
    }

    /// Why not even the runtime's kernels must compute these shapes: some divide by lengths.
    /// Only subgraphs that `concerns` are looked at.
    pub(crate) fn division(&self, concerns: impl Fn(usize) -> bool) -> Option<String> {
        let layouts = self.0.iter().enumerate();
        layouts
            .filter(|&(subgraph, _)| concerns(subgraph))
            .find_map(|(subgraph, layout)| {
                let mut divisors = layout.divisors.iter().copied();
                let tensor = divisors
                    .find(|&tensor| layout.dims(tensor).is_some_and(|dims| dims.contains(&0)))?;
                Some(format!("in subgraph {subgraph}, tensor {tensor}"))
            })
    }

    /// Takes over the shapes of subgraphs that `concerns`.
    pub(crate) fn update(&mut self, newer: Self, concerns: impl Fn(usize) -> bool) {
        let pairs = self.0.iter_mut().zip(newer.0);
        for (_, (old, newer)) in pairs
            .enumerate()
            .filter(|&(subgraph, _)| concerns(subgraph))
        {
            *old = newer;
        }
    }

    /// Whether all shapes are known before an invocation.
    pub(crate) fn are_static(&self) -> bool {
        self.0
            .iter()
            .all(|layout| layout.tensors.iter().all(|tensor| !tensor.is_dynamic))
    }
}
