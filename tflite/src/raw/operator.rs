//! Custom operators, and what the runtime shows them.

use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;

use tflite_sys as sys;

use super::{RawOptions, RawTensor, check};
use crate::error::Status;

/// What the runtime calls. None of them may unwind.
#[derive(Clone, Copy)]
pub(crate) struct OperatorCallbacks {
    pub(crate) init: unsafe extern "C" fn(
        *mut c_void,
        *mut sys::TfLiteOpaqueContext,
        *const std::ffi::c_char,
        usize,
    ) -> *mut c_void,
    pub(crate) free: unsafe extern "C" fn(*mut c_void, *mut sys::TfLiteOpaqueContext, *mut c_void),
    pub(crate) prepare: NodeCallback,
    pub(crate) invoke: NodeCallback,
}

pub(crate) type NodeCallback = unsafe extern "C" fn(
    *mut c_void,
    *mut sys::TfLiteOpaqueContext,
    *mut sys::TfLiteOpaqueNode,
) -> sys::TfLiteStatus;

/// Owns a `TfLiteOperator`.
pub(crate) struct RawOperator(NonNull<sys::TfLiteOperator>);

impl RawOperator {
    /// A custom operator.
    ///
    /// # Safety
    ///
    /// Name and user data must outlive the result, and the callbacks must fit the user data.
    pub(crate) unsafe fn create(
        name: &CStr,
        version: c_int,
        user_data: *mut c_void,
        callbacks: OperatorCallbacks,
    ) -> Option<Self> {
        // SAFETY: the name is a string. C keeps the pointer, and that it and the user data live on
        // is the caller's promise.
        let operator = unsafe {
            sys::TfLiteOperatorCreate(
                sys::kTfLiteBuiltinCustom as sys::TfLiteBuiltinOperator,
                name.as_ptr(),
                version,
                user_data,
            )
        };
        let operator = Self(NonNull::new(operator)?);
        let raw = operator.0.as_ptr();
        // SAFETY: the operator is alive, and nobody else has it yet.
        check(unsafe { sys::TfLiteOperatorSetInitWithData(raw, Some(callbacks.init)) }).ok()?;
        // SAFETY: as before.
        check(unsafe { sys::TfLiteOperatorSetFreeWithData(raw, Some(callbacks.free)) }).ok()?;
        // SAFETY: as before.
        check(unsafe { sys::TfLiteOperatorSetPrepareWithData(raw, Some(callbacks.prepare)) })
            .ok()?;
        // SAFETY: as before.
        check(unsafe { sys::TfLiteOperatorSetInvokeWithData(raw, Some(callbacks.invoke)) }).ok()?;
        Some(operator)
    }
}

impl Drop for RawOperator {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; whoever lent it out to an interpreter
        // drops that first.
        unsafe { sys::TfLiteOperatorDelete(self.0.as_ptr()) };
    }
}

// SAFETY: operator.h does not say whether an operator is bound to a thread. In the pinned source (the
// one of Chromium 150.0.7871.100, core/c/operator.cc) it is a plain struct of numbers and pointers.
// What the user data may do is the owner's to say.
unsafe impl Send for RawOperator {}
// SAFETY: as for `Send`; interpreters read a custom operator only (core/subgraph.cc, core/c/c_api.cc).
unsafe impl Sync for RawOperator {}

impl RawOptions {
    /// # Safety
    ///
    /// The operator must outlive every interpreter created with these options.
    pub(crate) unsafe fn add_operator(&mut self, operator: &RawOperator) {
        // SAFETY: both are alive; that the operator lives on is the caller's promise.
        unsafe { sys::TfLiteInterpreterOptionsAddOperator(self.0.as_ptr(), operator.0.as_ptr()) };
    }
}

/// A node of a graph, as an operator's callback sees it, during that callback.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawNode<'a> {
    context: NonNull<sys::TfLiteOpaqueContext>,
    node: NonNull<sys::TfLiteOpaqueNode>,
    callback: PhantomData<&'a ()>,
}

impl<'a> RawNode<'a> {
    /// # Safety
    ///
    /// Both must be what the runtime gave to a callback that lasts for `'a`.
    pub(crate) unsafe fn new(
        context: *mut sys::TfLiteOpaqueContext,
        node: *mut sys::TfLiteOpaqueNode,
    ) -> Option<Self> {
        Some(Self {
            context: NonNull::new(context)?,
            node: NonNull::new(node)?,
            callback: PhantomData,
        })
    }

    /// What `init` returned.
    pub(crate) fn user_data(self) -> *mut c_void {
        // SAFETY: the node is valid during the callback.
        unsafe { sys::TfLiteOpaqueNodeGetUserData(self.node.as_ptr()) }
    }

    /// The inputs as indices of tensors, -1 for what is left out.
    pub(crate) fn inputs(self) -> &'a [c_int] {
        let (mut indices, mut count) = (std::ptr::null(), 0);
        // SAFETY: the node is valid during the callback, and both can be written.
        let status = unsafe {
            sys::TfLiteOpaqueNodeInputs(self.node.as_ptr(), &raw mut indices, &raw mut count)
        };
        // SAFETY: C has set both, and nobody changes a node's inputs during the callback.
        unsafe { list(status, indices, count) }
    }

    /// The outputs as indices of tensors, -1 for what is left out.
    pub(crate) fn outputs(self) -> &'a [c_int] {
        let (mut indices, mut count) = (std::ptr::null(), 0);
        // SAFETY: the node is valid during the callback, and both can be written.
        let status = unsafe {
            sys::TfLiteOpaqueNodeOutputs(self.node.as_ptr(), &raw mut indices, &raw mut count)
        };
        // SAFETY: C has set both, and nobody changes a node's outputs during the callback.
        unsafe { list(status, indices, count) }
    }

    /// `None` if there is no such tensor.
    pub(crate) fn tensor(self, index: c_int) -> Option<RawTensor<'a>> {
        // SAFETY: the context is valid during the callback.
        let count = unsafe { sys::TfLiteOpaqueContextGetNumTensors(self.context.as_ptr()) };
        if usize::try_from(index).is_ok_and(|index| index < count) {
            // SAFETY: the context is valid and the index below the number of tensors. Tensors
            // stay where they are as long as nobody adds some, which nobody does in a callback.
            let tensor =
                unsafe { sys::TfLiteOpaqueContextGetOpaqueTensor(self.context.as_ptr(), index) };
            // c_api_types.h: it is the same object.
            RawTensor::new(tensor.cast())
        } else {
            None
        }
    }

    /// Gives a tensor another shape.
    ///
    /// # Safety
    ///
    /// The tensor must be one of this node's outputs, and nobody may look at its memory. While the
    /// operator is invoked, it must be of the kind `kTfLiteDynamic`.
    pub(crate) unsafe fn resize(self, tensor: RawTensor<'_>, dims: &[c_int]) -> Result<(), Status> {
        let Ok(rank) = c_int::try_from(dims.len()) else {
            return Err(Status::Error);
        };
        // SAFETY: the size is not negative.
        let array = unsafe { sys::TfLiteIntArrayCreate(rank) };
        let Some(array) = NonNull::new(array) else {
            return Err(Status::Error);
        };
        // SAFETY: the array was just made; its elements lie behind its length.
        let data = unsafe { &raw mut (*array.as_ptr()).data }.cast::<c_int>();
        // SAFETY: there is room for as many elements as it was made for.
        unsafe { data.copy_from_nonoverlapping(dims.as_ptr(), dims.len()) };
        // SAFETY: context and tensor are valid during the callback, and the array becomes the
        // runtime's, even if this fails. The rest is the caller's promise.
        check(unsafe {
            sys::TfLiteOpaqueContextResizeTensor(
                self.context.as_ptr(),
                tensor.opaque_mut(),
                array.as_ptr(),
            )
        })
    }

    /// Gives a tensor memory of its own, whose size may change while the operator is invoked.
    ///
    /// # Safety
    ///
    /// The tensor must be one of this node's outputs, its memory the arena's or its own, and nobody
    /// may look at that. The operator must be being prepared.
    pub(crate) unsafe fn set_dynamic(self, tensor: RawTensor<'_>) {
        // SAFETY: the tensor is valid during the callback, and the rest is the caller's promise.
        unsafe { sys::TfLiteOpaqueTensorSetAllocationTypeToDynamic(tensor.opaque_mut()) };
    }

    /// Adds a message to the interpreter's log.
    pub(crate) fn report(self, message: &CStr) {
        // SAFETY: the context is valid during the callback. The format takes one string, and
        // there is one.
        unsafe {
            sys::TfLiteOpaqueContextReportError(
                self.context.as_ptr(),
                c"%s".as_ptr(),
                message.as_ptr(),
            );
        }
    }
}

/// # Safety
///
/// If the status is that of a success and the count not 0, so many numbers must lie there for
/// `'a`.
unsafe fn list<'a>(status: sys::TfLiteStatus, numbers: *const c_int, count: c_int) -> &'a [c_int] {
    let count = usize::try_from(count).unwrap_or(0);
    if status != sys::kTfLiteOk || numbers.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise is the same.
    unsafe { slice::from_raw_parts(numbers, count) }
}
