//! One subgraph of an interpreter, as a delegate sees it.

use std::ffi::{c_int, c_void};
use std::ops::Add;
use std::ptr::NonNull;
use std::slice;

use tflite_sys as sys;

use super::shapes::{Layout, TensorLayout};

/// Operators, in one subgraph or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) operators: usize,
    pub(crate) delegated: usize,
    pub(crate) partitions: usize,
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            operators: self.operators + other.operators,
            delegated: self.delegated + other.delegated,
            partitions: self.partitions + other.partitions,
        }
    }
}

/// A convolution, by the indices of its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Convolution {
    pub(crate) input: c_int,
    pub(crate) filter: c_int,
    /// How many channels come out for each one that goes in; `None` if it is not depthwise.
    pub(crate) depth_multiplier: Option<c_int>,
}

/// One subgraph of an interpreter.
pub(crate) struct Subgraph {
    context: NonNull<sys::TfLiteOpaqueContext>,
    pub(crate) count: Count,
    /// Which operators a delegate computes, as indices of those in the file.
    pub(crate) delegated: Vec<usize>,
    /// The subgraph's inputs, what its operators compute, and what convolutions read. Delegates
    /// keep to themselves what is between the operators that they took.
    tensors: Vec<c_int>,
    convolutions: Vec<Convolution>,
    /// What operators read and compute whose kernels divide by lengths.
    divisors: Vec<c_int>,
}

/// Operators whose kernels divide by lengths, or count them down from the last one, without a check
/// whether there are any.
const DIVIDING: [sys::TfLiteBuiltinOperator; 8] = [
    sys::kTfLiteBuiltinConv2d,
    sys::kTfLiteBuiltinDepthwiseConv2d,
    sys::kTfLiteBuiltinTransposeConv,
    sys::kTfLiteBuiltinAveragePool2d,
    sys::kTfLiteBuiltinMaxPool2d,
    sys::kTfLiteBuiltinL2Pool2d,
    sys::kTfLiteBuiltinResizeBilinear,
    sys::kTfLiteBuiltinResizeNearestNeighbor,
];

/// An operator in the execution plan.
pub(super) struct Node {
    node: *const sys::TfLiteOpaqueNode,
    pub(super) code: sys::TfLiteBuiltinOperator,
}

/// How `TfLiteDepthwiseConvParams` starts. builtin_op_data.h: new members are added at the end.
#[repr(C)]
struct DepthwiseParams {
    padding: c_int,
    stride_width: c_int,
    stride_height: c_int,
    depth_multiplier: c_int,
}

impl Subgraph {
    /// # Safety
    ///
    /// To be called within a delegate's callback, with its context.
    pub(super) unsafe fn look(context: *mut sys::TfLiteOpaqueContext) -> Option<Self> {
        let context = NonNull::new(context)?;
        // SAFETY: the caller's promise is the same.
        let plan = unsafe { plan(context) }?;
        // SAFETY: as before.
        let mut tensors = unsafe { inputs(context) }?;
        let mut convolutions = Vec::new();
        let mut divisors = Vec::new();
        let mut partitions = 0;
        for &index in &plan {
            // SAFETY: the context is valid, and the index comes from its plan.
            let node = unsafe { Node::get(context, index) }?;
            // The runtime appends one node for each partition, and keeps those that it replaces.
            if node.code == sys::kTfLiteBuiltinDelegate {
                partitions += 1;
            }
            // SAFETY: the node was just had from the context.
            let outputs = unsafe { node.outputs() }?;
            if DIVIDING.contains(&node.code) {
                // SAFETY: as before.
                divisors.extend(unsafe { node.inputs() }?);
                divisors.extend(&outputs);
            }
            tensors.extend(outputs);
            // SAFETY: as before.
            if let Some(convolution) = unsafe { node.convolution() } {
                tensors.extend([convolution.input, convolution.filter]);
                convolutions.push(convolution);
            }
        }
        // SAFETY: the context is valid.
        let tensor_count = unsafe { sys::TfLiteOpaqueContextGetNumTensors(context.as_ptr()) };
        let tensor_count = c_int::try_from(tensor_count).ok()?;
        tensors.extend(&divisors);
        // What is optional and left out has the index -1. There are never fewer tensors later on.
        tensors.retain(|index| (0..tensor_count).contains(index));
        tensors.sort_unstable();
        tensors.dedup();
        // SAFETY: the context is valid.
        let nodes = unsafe { sys::TfLiteOpaqueContextGetNumNodes(context.as_ptr()) };
        let operators = nodes.checked_sub(partitions)?;
        // The runtime makes one node for each operator, in the file's order, before all others.
        let mut is_planned = vec![false; operators];
        for &index in &plan {
            let operator = usize::try_from(index).ok()?;
            if let Some(planned) = is_planned.get_mut(operator) {
                *planned = true;
            }
        }
        let delegated: Vec<usize> = (0..operators).filter(|&at| !is_planned[at]).collect();
        Some(Self {
            context,
            count: Count {
                operators,
                delegated: delegated.len(),
                partitions,
            },
            delegated,
            tensors,
            convolutions,
            divisors,
        })
    }

    /// # Safety
    ///
    /// The interpreter must be alive, and nobody else may use it meanwhile.
    pub(super) unsafe fn layout(&self) -> Layout {
        let tensors = self.tensors.iter().map(|&index| {
            // SAFETY: the context is the interpreter's, and `look` has compared the index with
            // the number of tensors.
            let tensor =
                unsafe { sys::TfLiteOpaqueContextGetOpaqueTensor(self.context.as_ptr(), index) };
            // SAFETY: the tensor was just had, and nothing changes it meanwhile.
            unsafe { tensor_layout(index, tensor) }
        });
        Layout {
            tensors: tensors.collect(),
            convolutions: self.convolutions.clone(),
            divisors: self.divisors.clone(),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.context == other.context
    }
}

impl Node {
    /// # Safety
    ///
    /// To be called within a delegate's callback, with its context.
    pub(super) unsafe fn get(
        context: NonNull<sys::TfLiteOpaqueContext>,
        index: c_int,
    ) -> Option<Self> {
        let mut node = std::ptr::null_mut();
        let mut operator = std::ptr::null_mut();
        // SAFETY: the context is valid, a wrong index would be an error, and both pointers can be
        // written.
        let status = unsafe {
            sys::TfLiteOpaqueContextGetNodeAndRegistration(
                context.as_ptr(),
                index,
                &raw mut node,
                &raw mut operator,
            )
        };
        if status != sys::kTfLiteOk || node.is_null() || operator.is_null() {
            return None;
        }
        // SAFETY: the operator was loaded, and is valid as long as the plan is not changed.
        let code = unsafe { sys::TfLiteOperatorGetBuiltInCode(operator) };
        Some(Self { node, code })
    }

    /// # Safety
    ///
    /// The node must be valid.
    unsafe fn inputs(&self) -> Option<Vec<c_int>> {
        let (mut indices, mut count) = (std::ptr::null(), 0);
        // SAFETY: the node is valid, and both can be written.
        let status =
            unsafe { sys::TfLiteOpaqueNodeInputs(self.node, &raw mut indices, &raw mut count) };
        // SAFETY: C has set both.
        unsafe { copy(status, indices, count) }
    }

    /// # Safety
    ///
    /// The node must be valid.
    unsafe fn outputs(&self) -> Option<Vec<c_int>> {
        let (mut indices, mut count) = (std::ptr::null(), 0);
        // SAFETY: the node is valid, and both can be written.
        let status =
            unsafe { sys::TfLiteOpaqueNodeOutputs(self.node, &raw mut indices, &raw mut count) };
        // SAFETY: C has set both.
        unsafe { copy(status, indices, count) }
    }

    /// `None` if this is none.
    ///
    /// # Safety
    ///
    /// The node must be valid.
    unsafe fn convolution(&self) -> Option<Convolution> {
        let is_depthwise = match self.code {
            sys::kTfLiteBuiltinDepthwiseConv2d => true,
            sys::kTfLiteBuiltinConv2d => false,
            _ => return None,
        };
        // SAFETY: the caller's promise is the same.
        let &[input, filter, ..] = &*unsafe { self.inputs() }? else {
            return None;
        };
        let mut depth_multiplier = None;
        if is_depthwise {
            // SAFETY: the node is valid.
            let data: *mut c_void = unsafe { sys::TfLiteOpaqueNodeGetBuiltinData(self.node) };
            let params = NonNull::new(data)?.cast::<DepthwiseParams>();
            // SAFETY: this is the struct that belongs to this operator's code.
            depth_multiplier = Some(unsafe { params.read() }.depth_multiplier);
        }
        Some(Convolution {
            input,
            filter,
            depth_multiplier,
        })
    }
}

/// The nodes in the order in which they are computed.
///
/// # Safety
///
/// To be called within a delegate's callback, with its context.
pub(super) unsafe fn plan(context: NonNull<sys::TfLiteOpaqueContext>) -> Option<Vec<c_int>> {
    let mut plan = std::ptr::null_mut();
    // SAFETY: the context is valid, and `plan` can be written.
    let status =
        unsafe { sys::TfLiteOpaqueContextGetExecutionPlan(context.as_ptr(), &raw mut plan) };
    if plan.is_null() {
        return None;
    }
    // SAFETY: the plan was loaded, and belongs to the runtime until the next such call.
    let length = unsafe { (*plan).size };
    // SAFETY: as before; the elements lie behind the length.
    let nodes = unsafe { &raw const (*plan).data }.cast::<c_int>();
    // SAFETY: there are as many as the length says.
    unsafe { copy(status, nodes, length) }
}

/// # Safety
///
/// To be called within a delegate's callback, with its context.
unsafe fn inputs(context: NonNull<sys::TfLiteOpaqueContext>) -> Option<Vec<c_int>> {
    let (mut indices, mut count) = (std::ptr::null(), 0);
    // SAFETY: the context is valid, and both can be written.
    let status = unsafe {
        sys::TfLiteOpaqueContextGetInputs(context.as_ptr(), &raw mut indices, &raw mut count)
    };
    // SAFETY: C has set both.
    unsafe { copy(status, indices, count) }
}

/// # Safety
///
/// If the status is that of a success and the count not 0, so many numbers must lie there.
unsafe fn copy(
    status: sys::TfLiteStatus,
    numbers: *const c_int,
    count: c_int,
) -> Option<Vec<c_int>> {
    if status != sys::kTfLiteOk {
        return None;
    }
    let count = usize::try_from(count).ok()?;
    if count == 0 {
        return Some(Vec::new());
    }
    if numbers.is_null() {
        return None;
    }
    // SAFETY: the caller's promise is the same; they are copied at once.
    Some(unsafe { slice::from_raw_parts(numbers, count) }.to_vec())
}

/// # Safety
///
/// The tensor must be valid.
unsafe fn tensor_layout(index: c_int, tensor: *const sys::TfLiteOpaqueTensor) -> TensorLayout {
    // SAFETY: the tensor is valid.
    let rank = unsafe { sys::TfLiteOpaqueTensorNumDims(tensor) };
    let dims = (0..rank).map(|position| {
        // SAFETY: the tensor is valid, and the position below the rank.
        unsafe { sys::TfLiteOpaqueTensorDim(tensor, position) }
    });
    let dims = (rank >= 0).then(|| dims.collect());
    // SAFETY: the tensor is valid.
    let kind = unsafe { sys::TfLiteOpaqueTensorGetAllocationType(tensor) };
    // SAFETY: the tensor is valid.
    let data = unsafe { sys::TfLiteOpaqueTensorData(tensor) };
    TensorLayout {
        index,
        dims,
        is_dynamic: kind == sys::kTfLiteDynamic,
        is_allocated: !data.is_null(),
    }
}
