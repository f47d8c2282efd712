//! The runtime's tensors.

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;

use tflite_sys as sys;

use super::RawInterpreter;

/// A tensor inside an interpreter, which is borrowed meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct RawTensor<'a> {
    tensor: NonNull<sys::TfLiteTensor>,
    interpreter: PhantomData<&'a RawInterpreter>,
}

impl<'a> RawTensor<'a> {
    /// The caller ties the lifetime to the interpreter that returned the pointer.
    pub(super) fn new(tensor: *mut sys::TfLiteTensor) -> Option<Self> {
        Some(Self {
            tensor: NonNull::new(tensor)?,
            interpreter: PhantomData,
        })
    }

    pub(crate) fn dtype(self) -> sys::TfLiteType {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        unsafe { sys::TfLiteTensorType(self.tensor.as_ptr()) }
    }

    /// The dimensions; `None` if the rank is unknown, or one of them is.
    pub(crate) fn dims<T: FromIterator<usize>>(self) -> Option<T> {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        let rank = unsafe { sys::TfLiteTensorNumDims(self.tensor.as_ptr()) };
        if rank < 0 {
            return None;
        }
        (0..rank)
            .map(|index| {
                // SAFETY: as before, and `index` is below the rank.
                let dim = unsafe { sys::TfLiteTensorDim(self.tensor.as_ptr(), index) };
                usize::try_from(dim).ok()
            })
            .collect()
    }

    pub(crate) fn byte_size(self) -> usize {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        unsafe { sys::TfLiteTensorByteSize(self.tensor.as_ptr()) }
    }

    /// Where the elements are, if anywhere.
    pub(crate) fn data(self) -> Option<NonNull<u8>> {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        NonNull::new(unsafe { sys::TfLiteTensorData(self.tensor.as_ptr()) }.cast())
    }

    /// Gives a tensor that has memory of its own another size of it. The contents are what malloc
    /// leaves there. False if that fails; the tensor has no memory then.
    ///
    /// # Safety
    ///
    /// The tensor must be of the kind `kTfLiteDynamic`, and nobody may look at its memory.
    pub(crate) unsafe fn realloc(self, bytes: usize) -> bool {
        // SAFETY: the tensor is valid while its interpreter is borrowed; the kind and that
        // nobody uses the old memory is the caller's promise.
        let status = unsafe { sys::TfLiteTensorRealloc(bytes, self.tensor.as_ptr()) };
        status == sys::kTfLiteOk
    }

    pub(crate) fn name(self) -> &'a CStr {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        let name = unsafe { sys::TfLiteTensorName(self.tensor.as_ptr()) };
        if name.is_null() {
            return c"";
        }
        // SAFETY: c_api.h promises a NUL-terminated string that lives as long as the tensor. It
        // is not changed while the interpreter is borrowed.
        unsafe { CStr::from_ptr(name) }
    }

    pub(crate) fn quantization(self) -> sys::TfLiteQuantizationParams {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        unsafe { sys::TfLiteTensorQuantizationParams(self.tensor.as_ptr()) }
    }

    pub(crate) fn allocation_type(self) -> sys::TfLiteAllocationType {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        unsafe { sys::TfLiteOpaqueTensorGetAllocationType(self.opaque()) }
    }

    /// Whether it keeps its value from one invocation to the next.
    pub(crate) fn is_variable(self) -> bool {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        unsafe { sys::TfLiteOpaqueTensorIsVariable(self.opaque()) != 0 }
    }

    /// The dimensions with -1 where the model leaves them open; `None` if there are none.
    pub(crate) fn dims_signature(self) -> Option<Vec<c_int>> {
        let mut rank = 0;
        // SAFETY: the tensor is valid while its interpreter is borrowed, and `rank` can be written.
        let status =
            unsafe { sys::TfLiteOpaqueTensorGetNumDimsSignature(self.opaque(), &raw mut rank) };
        // Models from before this was invented have an empty one.
        if status != sys::kTfLiteOk || rank <= 0 {
            return None;
        }
        (0..rank)
            .map(|index| {
                let mut dim = 0;
                // SAFETY: as before, and `index` is below the rank.
                let status = unsafe {
                    sys::TfLiteOpaqueTensorGetDimSignature(self.opaque(), index, &raw mut dim)
                };
                (status == sys::kTfLiteOk).then_some(dim)
            })
            .collect()
    }

    /// Scales, zero points and the dimension that they go along.
    pub(crate) fn affine_quantization(self) -> Option<(Vec<f32>, Vec<c_int>, i32)> {
        // SAFETY: the tensor is valid while its interpreter is borrowed.
        let quantization = unsafe { sys::TfLiteOpaqueTensorGetQuantization(self.opaque()) };
        let params = quantization.params.cast::<sys::TfLiteAffineQuantization>();
        if quantization.type_ != sys::kTfLiteAffineQuantization || params.is_null() {
            return None;
        }
        // SAFETY: common.h: with this type, `params` points to this struct, which is the tensor's.
        let params = unsafe { params.read() };
        if params.scale.is_null() || params.zero_point.is_null() {
            return None;
        }
        // SAFETY: the array is the tensor's, and starts with its length.
        let scales = usize::try_from(unsafe { (*params.scale).size }).ok()?;
        // SAFETY: the elements lie behind the length.
        let scale = unsafe { &raw const (*params.scale).data }.cast::<f32>();
        // SAFETY: there are as many, and nobody changes them while the interpreter is borrowed.
        let scales = unsafe { slice::from_raw_parts(scale, scales) };
        // SAFETY: as for the scales.
        let zero_points = usize::try_from(unsafe { (*params.zero_point).size }).ok()?;
        // SAFETY: as for the scales.
        let zero_point = unsafe { &raw const (*params.zero_point).data }.cast::<c_int>();
        // SAFETY: as for the scales.
        let zero_points = unsafe { slice::from_raw_parts(zero_point, zero_points) };
        Some((
            scales.to_vec(),
            zero_points.to_vec(),
            params.quantized_dimension,
        ))
    }

    /// The same object, as c_api_types.h says.
    pub(super) fn opaque_mut(self) -> *mut sys::TfLiteOpaqueTensor {
        self.tensor.as_ptr().cast()
    }

    /// The same object, as c_api_types.h says.
    fn opaque(self) -> *const sys::TfLiteOpaqueTensor {
        self.tensor.as_ptr().cast_const().cast()
    }
}
