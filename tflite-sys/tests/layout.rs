//! The structs that are passed by value or filled by us, as the C compiler lays them out.

use std::mem::{align_of, offset_of, size_of};

use tflite_sys::{TfLiteExternalDelegateOptions, TfLiteXNNPackDelegateOptions};

unsafe extern "C" {
    /// In `shim/tflite_sys.c`, which sees the headers.
    fn tflite_sys_xnnpack_options_layout(count: *mut usize) -> *const usize;
    fn tflite_sys_external_options_layout(count: *mut usize) -> *const usize;
}

/// `None` if the library came without headers.
fn layout(function: unsafe extern "C" fn(*mut usize) -> *const usize) -> Option<&'static [usize]> {
    let mut count = 0;
    // SAFETY: the count can be written.
    let numbers = unsafe { function(&raw mut count) };
    if numbers.is_null() {
        println!("skipped: the prebuilt library has no headers to compare with");
        return None;
    }
    // SAFETY: that many numbers lie there, and they are constants.
    Some(unsafe { std::slice::from_raw_parts(numbers, count) })
}

#[test]
fn xnnpack_options() {
    type Options = TfLiteXNNPackDelegateOptions;
    let ours = [
        size_of::<Options>(),
        align_of::<Options>(),
        offset_of!(Options, num_threads),
        offset_of!(Options, runtime_flags),
        offset_of!(Options, flags),
        offset_of!(Options, weights_cache),
        offset_of!(Options, handle_variable_ops),
        offset_of!(Options, weight_cache_file_path),
        offset_of!(Options, weight_cache_file_descriptor),
        offset_of!(Options, weight_cache_provider),
        offset_of!(Options, weight_cache_lock_memory),
    ];
    if let Some(c) = layout(tflite_sys_xnnpack_options_layout) {
        assert_eq!(c, ours);
    }
}

#[test]
fn external_delegate_options() {
    type Options = TfLiteExternalDelegateOptions;
    let ours = [
        size_of::<Options>(),
        align_of::<Options>(),
        offset_of!(Options, lib_path),
        offset_of!(Options, count),
        offset_of!(Options, keys),
        offset_of!(Options, values),
        offset_of!(Options, insert),
        256,
    ];
    if let Some(c) = layout(tflite_sys_external_options_layout) {
        assert_eq!(c, ours);
    }
}
