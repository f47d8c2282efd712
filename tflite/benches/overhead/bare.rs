//! The same model through the C functions alone: what there is to compare with.

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use tflite::{Model, TensorElement};
use tflite_sys as sys;

/// A C interpreter as the C documentation's examples make it.
pub(crate) struct Bare {
    interpreter: NonNull<sys::TfLiteInterpreter>,
    delegate: Option<NonNull<sys::TfLiteDelegate>>,
    /// Its bytes are aligned, and live as long as the interpreter.
    _model: Model,
}

impl Bare {
    /// With tensors allocated, and with XNNPACK if wanted.
    pub(crate) fn new(model: &Model, threads: i32, xnnpack: bool) -> Self {
        let bytes = model.as_bytes();
        // SAFETY: pointer and length are a slice's, which `_model` keeps.
        let raw = unsafe { sys::TfLiteModelCreate(bytes.as_ptr().cast(), bytes.len()) };
        assert!(!raw.is_null(), "the wrapper has accepted this model");
        // SAFETY: no preconditions.
        let options = unsafe { sys::TfLiteInterpreterOptionsCreate() };
        // SAFETY: the options are alive.
        unsafe { sys::TfLiteInterpreterOptionsSetNumThreads(options, threads) };
        let delegate = xnnpack.then(|| xnnpack_delegate(threads));
        if let Some(delegate) = delegate {
            // SAFETY: both are alive; `drop` deletes the interpreter before the delegate.
            unsafe { sys::TfLiteInterpreterOptionsAddDelegate(options, delegate.as_ptr()) };
        }
        // SAFETY: model and options are alive.
        let interpreter = unsafe { sys::TfLiteInterpreterCreate(raw, options) };
        let interpreter = NonNull::new(interpreter).expect("the wrapper could make one");
        // SAFETY: deleted once; the interpreter does not need them any more.
        unsafe { sys::TfLiteInterpreterOptionsDelete(options) };
        // SAFETY: as for the options.
        unsafe { sys::TfLiteModelDelete(raw) };
        // SAFETY: the interpreter is alive.
        let status = unsafe { sys::TfLiteInterpreterAllocateTensors(interpreter.as_ptr()) };
        assert_eq!(status, sys::kTfLiteOk);
        Self {
            interpreter,
            delegate,
            _model: model.clone(),
        }
    }

    /// Computes, with the inputs that are there.
    pub(crate) fn invoke(&mut self) {
        // SAFETY: the interpreter is alive, and its tensors are allocated.
        let status = unsafe { sys::TfLiteInterpreterInvoke(self.interpreter.as_ptr()) };
        assert_eq!(status, sys::kTfLiteOk);
    }

    /// Sets the input, computes, and copies the output: models with one of each.
    pub(crate) fn run<T: TensorElement>(&mut self, input: &[f32], output: &mut [T]) {
        // SAFETY: the interpreter is alive and has an input.
        let tensor = unsafe { sys::TfLiteInterpreterGetInputTensor(self.interpreter.as_ptr(), 0) };
        let data: *const c_void = input.as_ptr().cast();
        // SAFETY: the tensor is the interpreter's, and C compares the size with the tensor's.
        let status = unsafe { sys::TfLiteTensorCopyFromBuffer(tensor, data, size_of_val(input)) };
        assert_eq!(status, sys::kTfLiteOk);
        self.invoke();
        // SAFETY: the interpreter is alive and has an output.
        let tensor = unsafe { sys::TfLiteInterpreterGetOutputTensor(self.interpreter.as_ptr(), 0) };
        let (data, bytes): (*mut c_void, _) = (output.as_mut_ptr().cast(), size_of_val(output));
        // SAFETY: the tensor is the interpreter's, C compares the size with the tensor's, and any
        // bytes are elements.
        let status = unsafe { sys::TfLiteTensorCopyToBuffer(tensor, data, bytes) };
        assert_eq!(status, sys::kTfLiteOk);
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // SAFETY: owned, and deleted once.
        unsafe { sys::TfLiteInterpreterDelete(self.interpreter.as_ptr()) };
        if let Some(delegate) = self.delegate {
            // SAFETY: owned, deleted once, and after the interpreter that used it.
            unsafe { sys::TfLiteXNNPackDelegateDelete(delegate.as_ptr()) };
        }
    }
}

fn xnnpack_delegate(threads: i32) -> NonNull<sys::TfLiteDelegate> {
    // SAFETY: no preconditions.
    let mut options = unsafe { sys::TfLiteXNNPackDelegateOptionsDefault() };
    options.num_threads = threads;
    debug_assert_eq!(options.weights_cache, ptr::null_mut());
    // SAFETY: the default options with another number; they are copied during the call.
    let delegate = unsafe { sys::TfLiteXNNPackDelegateCreate(&raw const options) };
    NonNull::new(delegate).expect("XNNPACK works where this is measured")
}
