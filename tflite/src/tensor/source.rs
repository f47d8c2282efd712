//! Where a tensor's elements are.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::ffi::c_int;
use std::ptr::NonNull;

use super::{AffineQuantization, OwnedTensor, Quantization, Shape, TensorType};
use crate::raw::RawTensor;

/// Where a tensor's elements are, and what else there is to know about it.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Runtime(RawTensor<'a>),
    /// A copy.
    Owned(&'a OwnedTensor),
}

impl<'a> Source<'a> {
    pub(super) fn dtype(self) -> TensorType {
        match self {
            Self::Runtime(raw) => TensorType::from_raw(raw.dtype()),
            Self::Owned(owned) => owned.dtype,
        }
    }

    pub(super) fn name(self) -> Cow<'a, str> {
        match self {
            Self::Runtime(raw) => raw.name().to_string_lossy(),
            Self::Owned(owned) => Cow::Borrowed(&owned.name),
        }
    }

    pub(super) fn byte_size(self) -> usize {
        match self {
            Self::Runtime(raw) => raw.byte_size(),
            Self::Owned(owned) => owned.memory.len(),
        }
    }

    /// Where the elements are, if anywhere: as many bytes as the size says.
    pub(super) fn data(self) -> Option<NonNull<u8>> {
        match self {
            Self::Runtime(raw) => raw.data(),
            Self::Owned(owned) => Some(owned.memory.as_ptr()),
        }
    }

    pub(super) fn quantization(self) -> Option<Quantization> {
        match self {
            Self::Runtime(raw) => {
                let params = raw.quantization();
                // c_api.h: without a scale, the parameters mean nothing.
                (params.scale != 0.0).then_some(Quantization {
                    scale: params.scale,
                    zero_point: params.zero_point,
                })
            }
            Self::Owned(owned) => owned.quantization,
        }
    }

    pub(super) fn affine_quantization(self, shape: &Shape) -> Option<AffineQuantization> {
        match self {
            Self::Runtime(raw) => {
                let (scales, zero_points, dimension) = raw.affine_quantization()?;
                AffineQuantization::new(&scales, &zero_points, dimension, shape)
            }
            Self::Owned(owned) => owned.affine_quantization.clone(),
        }
    }

    pub(super) fn dims_signature(self) -> Option<Vec<c_int>> {
        match self {
            Self::Runtime(raw) => raw.dims_signature(),
            Self::Owned(_) => None,
        }
    }

    /// The runtime's tensor; `None` for a copy.
    pub(super) fn runtime(self) -> Option<RawTensor<'a>> {
        match self {
            Self::Runtime(raw) => Some(raw),
            Self::Owned(_) => None,
        }
    }
}
