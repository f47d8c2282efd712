//! What an operator's closures see of their node.

use std::ffi::c_int;

use tflite_sys as sys;

use crate::error::{Error, Result, TensorRole};
use crate::raw::{RawNode, RawTensor};
use crate::tensor::{Access, Shape, Tensor, TensorMut, TensorType, strings};

/// What an operator wants of one of its outputs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OutputState {
    /// The shape is set by each invocation.
    is_dynamic: bool,
    /// This invocation has done so.
    is_resized: bool,
}

/// The shapes of a node.
#[derive(Clone, Debug)]
pub(super) struct Shapes {
    /// `None` for inputs that are left out.
    inputs: Vec<Option<Shape>>,
    /// `None` where it is set by each invocation, or left out.
    outputs: Vec<Option<Shape>>,
}

impl Shapes {
    pub(super) fn contradict(&self, other: &Self) -> bool {
        self.inputs == other.inputs && self.outputs != other.outputs
    }
}

/// What an operator sees of its node while it is [prepared](super::OperatorBuilder::prepare).
#[derive(Debug)]
pub struct PrepareContext<'a> {
    node: RawNode<'a>,
    outputs: &'a mut [OutputState],
}

/// What an operator sees of its node while it is [invoked](super::OperatorBuilder::invoke).
///
/// Inputs can be read beside an output that is written: they never share memory.
#[derive(Debug)]
pub struct InvokeContext<'a> {
    node: RawNode<'a>,
    outputs: &'a mut [OutputState],
}

impl<'a> PrepareContext<'a> {
    /// Fails if this API cannot offer the node's outputs.
    pub(super) fn new(node: RawNode<'a>, outputs: &'a mut Vec<OutputState>) -> Result<Self> {
        let indices = node.outputs();
        outputs.clear();
        outputs.resize(indices.len(), OutputState::default());
        for (position, &index) in indices.iter().enumerate() {
            let Some(tensor) = node.tensor(index) else {
                continue;
            };
            if node.inputs().contains(&index) {
                return refuse(position, "is one of the inputs, too");
            }
            if indices.iter().filter(|&&other| other == index).count() > 1 {
                return refuse(position, "is another output, too");
            }
            let dtype = TensorType::from_raw(tensor.dtype());
            if !(dtype.is_plain() || dtype == TensorType::String) {
                return refuse(position, "is of a type that only the runtime can write");
            }
            if !WRITABLE.contains(&tensor.allocation_type()) {
                return refuse(position, "is a constant or a variable");
            }
        }
        Ok(Self { node, outputs })
    }

    /// How many inputs there are, also those that are left out.
    pub fn input_count(&self) -> usize {
        self.node.inputs().len()
    }

    /// How many outputs there are.
    pub fn output_count(&self) -> usize {
        self.node.outputs().len()
    }

    /// Whether there is this input, and not left out.
    pub fn has_input(&self, index: usize) -> bool {
        has_input(self.node, index)
    }

    /// An input: its type, its shape and its quantization. It has values only if it is a constant.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`]; [`Error::OptionalTensor`] if it is left out. Reading values of one
    /// that is no constant is [`Error::NotInvoked`].
    pub fn input(&self, index: usize) -> Result<Tensor<'a>> {
        let raw = input(self.node, index)?;
        // Other memory may not be allocated yet, or no longer be where the pointer says.
        let access = match raw.allocation_type() {
            sys::kTfLiteMmapRo | sys::kTfLitePersistentRo => Access::Allowed,
            _ => Access::NotInvoked,
        };
        Tensor::new(raw, TensorRole::Input, index, access)
    }

    /// An output: its type, its shape so far, and its quantization. It has no values.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn output(&self, index: usize) -> Result<Tensor<'_>> {
        let raw = output(self.node, index)?;
        Tensor::new(raw, TensorRole::Output, index, Access::NotInvoked)
    }

    /// Gives an output its shape. Its type is the model's.
    ///
    /// Wraps `TfLiteOpaqueContextResizeTensor()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`]; [`Error::OptionalTensor`]; [`Error::InvalidOutputShape`].
    pub fn resize_output(&mut self, index: usize, shape: &[usize]) -> Result<()> {
        let raw = output(self.node, index)?;
        // SAFETY: it is an output, and nobody looks at its memory: views of outputs have none now.
        unsafe { resize(self.node, raw, index, shape) }
    }

    /// Says that [`invoke`](InvokeContext::resize_output) sets an output's shape, because it depends
    /// on values. Operators behind it are prepared anew in each invocation, and XNNPACK is not
    /// used, so this costs time.
    ///
    /// Wraps `TfLiteOpaqueTensorSetAllocationTypeToDynamic()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`]; [`Error::OptionalTensor`]; [`Error::OperatorOutput`] if the
    /// interpreter was given a buffer for it.
    pub fn set_dynamic_output(&mut self, index: usize) -> Result<()> {
        let raw = output(self.node, index)?;
        if raw.allocation_type() == sys::kTfLiteCustom {
            return refuse(index, "has memory of a fixed size, which a user lent it");
        }
        // SAFETY: it is an output whose memory is the arena's or its own, says `new`, and nobody
        // looks at that: views of outputs have none now.
        unsafe { self.node.set_dynamic(raw) };
        if let Some(state) = self.outputs.get_mut(index) {
            state.is_dynamic = true;
        }
        Ok(())
    }

    /// What became of the shapes.
    pub(super) fn shapes(&self) -> Result<Shapes> {
        let shape_of = |index: c_int| self.node.tensor(index).and_then(RawTensor::dims);
        let inputs = self.node.inputs().iter();
        let outputs = self.node.outputs().iter().zip(&*self.outputs);
        Ok(Shapes {
            inputs: inputs.map(|&index| shape_of(index)).collect(),
            outputs: outputs
                .map(|(&index, state)| shape_of(index).filter(|_| !state.is_dynamic))
                .collect(),
        })
    }
}

impl<'a> InvokeContext<'a> {
    /// Makes all outputs zero or empty: no safe function may show memory that nobody initialised.
    pub(super) fn new(node: RawNode<'a>, outputs: &'a mut [OutputState]) -> Result<Self> {
        let indices = node.outputs();
        if outputs.len() != indices.len() {
            return refuse(indices.len(), "was not prepared");
        }
        for (position, (&index, state)) in indices.iter().zip(&mut *outputs).enumerate() {
            state.is_resized = false;
            let Some(tensor) = node.tensor(index) else {
                continue;
            };
            let others = node.inputs().iter().chain(indices);
            if others
                .filter(|&&other| other != index)
                .filter_map(|&other| node.tensor(other))
                .any(|other| overlap(tensor, other))
            {
                return refuse(position, "shares its memory with another tensor");
            }
            if !state.is_dynamic {
                // SAFETY: it is an output, and nobody looks at it yet.
                unsafe { clear(tensor, position) }?;
            }
        }
        Ok(Self { node, outputs })
    }

    /// How many inputs there are, also those that are left out.
    pub fn input_count(&self) -> usize {
        self.node.inputs().len()
    }

    /// How many outputs there are.
    pub fn output_count(&self) -> usize {
        self.node.outputs().len()
    }

    /// Whether there is this input, and not left out.
    pub fn has_input(&self, index: usize) -> bool {
        has_input(self.node, index)
    }

    /// An input. It can be read while outputs are written.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`]; [`Error::OptionalTensor`] if it is left out.
    pub fn input(&self, index: usize) -> Result<Tensor<'a>> {
        let raw = input(self.node, index)?;
        Tensor::new(raw, TensorRole::Input, index, Access::Allowed)
    }

    /// An output, to write: zeros, or empty strings, at first.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`]; [`Error::OptionalTensor`] if it is left out;
    /// [`Error::OperatorOutput`] if it is [dynamic](PrepareContext::set_dynamic_output) and has no
    /// shape yet.
    ///
    /// One at a time; [`outputs_mut`](Self::outputs_mut) has all:
    ///
    /// ```compile_fail,E0499
    /// # fn f(ctx: &mut tflite::InvokeContext<'_>) -> tflite::OperatorResult {
    /// let mut first = ctx.output_mut(0)?;
    /// let mut second = ctx.output_mut(1)?;
    /// first.copy_from_slice(&[1.0_f32])?;
    /// second.copy_from_slice(&[2.0_f32])?;
    /// # Ok(()) }
    /// ```
    pub fn output_mut(&mut self, index: usize) -> Result<TensorMut<'_>> {
        // `&mut self` makes the view exclusive: the node's other tensors lie elsewhere.
        self.writable(index).map(TensorMut::new)
    }

    /// All outputs, to write.
    ///
    /// # Errors
    ///
    /// As [`output_mut`](Self::output_mut).
    ///
    /// ```
    /// use tflite::{Operator, TensorMut};
    ///
    /// let operator = Operator::builder("Divide").invoke(|ctx| {
    ///     let (x, y) = (ctx.input(0)?.data::<i32>()?, ctx.input(1)?.data::<i32>()?);
    ///     let mut outputs = ctx.outputs_mut()?;
    ///     let [quotient, remainder] = &mut outputs[..] else {
    ///         return Err("there should be two outputs".into());
    ///     };
    ///     let (quotient, remainder) = (quotient.data_mut()?, remainder.data_mut()?);
    ///     for (((q, r), &x), &y) in quotient.iter_mut().zip(remainder).zip(x).zip(y) {
    ///         *q = x.checked_div(y).ok_or("division by zero, or an overflow")?;
    ///         *r = x % y;
    ///     }
    ///     Ok(())
    /// });
    /// # operator.build()?;
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn outputs_mut(&mut self) -> Result<Vec<TensorMut<'_>>> {
        // All are different tensors, says `PrepareContext::new`, and lie apart, says `new`.
        (0..self.output_count())
            .map(|index| self.writable(index).map(TensorMut::new))
            .collect()
    }

    /// Gives an output its shape, if that was said to be
    /// [dynamic](PrepareContext::set_dynamic_output) when the operator was prepared. Its elements
    /// are zero, or empty strings.
    ///
    /// Wraps `TfLiteOpaqueContextResizeTensor()`.
    ///
    /// # Errors
    ///
    /// [`Error::OperatorOutput`] if the shape is fixed; [`Error::NoSuchTensor`];
    /// [`Error::OptionalTensor`]; [`Error::InvalidOutputShape`].
    ///
    /// The old memory is gone then:
    ///
    /// ```compile_fail,E0499
    /// # fn f(ctx: &mut tflite::InvokeContext<'_>) -> tflite::OperatorResult {
    /// let old: &mut [f32] = ctx.output_mut(0)?.into_data_mut()?;
    /// ctx.resize_output(0, &[1000])?;
    /// old.fill(1.0);
    /// # Ok(()) }
    /// ```
    pub fn resize_output(&mut self, index: usize, shape: &[usize]) -> Result<()> {
        let raw = output(self.node, index)?;
        let Some(state) = self.outputs.get_mut(index).filter(|state| state.is_dynamic) else {
            return refuse(index, "got its shape when the operator was prepared");
        };
        if raw.allocation_type() != sys::kTfLiteDynamic {
            return refuse(index, "has no memory of its own");
        }
        state.is_resized = false;
        // SAFETY: it is an output of the right kind. Views of outputs borrow this context, so there
        // are none.
        unsafe { resize(self.node, raw, index, shape) }?;
        // SAFETY: as before.
        unsafe { clear(raw, index) }?;
        state.is_resized = true;
        Ok(())
    }

    /// Fails if something is left to do.
    pub(super) fn finish(self) -> Result<()> {
        let mut states = self.outputs.iter().zip(self.node.outputs());
        let missing = states.position(|(state, &index)| {
            state.is_dynamic && !state.is_resized && self.node.tensor(index).is_some()
        });
        match missing {
            None => Ok(()),
            Some(index) => refuse(index, "is dynamic and got no shape"),
        }
    }

    fn writable(&self, index: usize) -> Result<Tensor<'_>> {
        let raw = output(self.node, index)?;
        if self
            .outputs
            .get(index)
            .is_none_or(|state| state.is_dynamic && !state.is_resized)
        {
            return refuse(index, "is dynamic and has no shape yet");
        }
        Tensor::new(raw, TensorRole::Output, index, Access::Allowed)
    }
}

/// Memory that an operator may write: the arena's, the tensor's own, or what a user lent it.
const WRITABLE: [sys::TfLiteAllocationType; 3] =
    [sys::kTfLiteArenaRw, sys::kTfLiteDynamic, sys::kTfLiteCustom];

fn refuse<T>(index: usize, reason: &'static str) -> Result<T> {
    Err(Error::OperatorOutput { index, reason })
}

fn has_input(node: RawNode<'_>, index: usize) -> bool {
    let tensor = node.inputs().get(index);
    tensor.is_some_and(|&tensor| node.tensor(tensor).is_some())
}

fn input<'a>(node: RawNode<'a>, index: usize) -> Result<RawTensor<'a>> {
    find(node, node.inputs(), TensorRole::Input, index)
}

fn output<'a>(node: RawNode<'a>, index: usize) -> Result<RawTensor<'a>> {
    find(node, node.outputs(), TensorRole::Output, index)
}

fn find<'a>(
    node: RawNode<'a>,
    indices: &[c_int],
    role: TensorRole,
    index: usize,
) -> Result<RawTensor<'a>> {
    let count = indices.len();
    let tensor = indices
        .get(index)
        .ok_or(Error::NoSuchTensor { role, index, count })?;
    node.tensor(*tensor)
        .ok_or(Error::OptionalTensor { role, index })
}

/// # Safety
///
/// As for [`RawNode::resize`].
unsafe fn resize(
    node: RawNode<'_>,
    tensor: RawTensor<'_>,
    index: usize,
    shape: &[usize],
) -> Result<()> {
    let shape = Shape::new(shape);
    let dims = shape.c_dims();
    let resized = dims.and_then(|dims| {
        // SAFETY: the caller's promise is the same.
        unsafe { node.resize(tensor, &dims) }.map_err(|_| "the runtime refuses it")
    });
    resized.map_err(|reason| Error::InvalidOutputShape {
        index,
        shape,
        reason,
    })
}

/// Makes a tensor's elements zero, or empty strings. Fails if they have no memory.
///
/// # Safety
///
/// The tensor must be an output of the node that is being invoked, and nobody may look at it.
unsafe fn clear(tensor: RawTensor<'_>, index: usize) -> Result<()> {
    if TensorType::from_raw(tensor.dtype()) == TensorType::String {
        if tensor.allocation_type() != sys::kTfLiteDynamic {
            return refuse(index, "has no memory of its own");
        }
        // SAFETY: the kind has been checked, and the rest is the caller's promise.
        return unsafe { strings::clear(tensor) };
    }
    match (tensor.byte_size(), tensor.data()) {
        (0, _) => Ok(()),
        (_, None) => refuse(index, "has no memory"),
        (bytes, Some(data)) => {
            // SAFETY: memory of this size lies there, the runtime's arena or a heap block, and
            // nobody looks at it, says the caller.
            unsafe { data.write_bytes(0, bytes) };
            Ok(())
        }
    }
}

/// Whether two tensors have a byte in common.
fn overlap(one: RawTensor<'_>, other: RawTensor<'_>) -> bool {
    let range = |tensor: RawTensor<'_>| {
        let start = tensor.data()?.addr().get();
        // Memory does not reach around the end of addresses.
        Some(start..start.saturating_add(tensor.byte_size())).filter(|range| !range.is_empty())
    };
    match (range(one), range(other)) {
        (Some(one), Some(other)) => one.start < other.end && other.start < one.end,
        _ => false,
    }
}
