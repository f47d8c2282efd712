//! Once an interpreter is warm, setting an input, invoking and reading the output takes no memory
//! from the heap: not in Rust, not in C++.
//!
//! The count is one of the whole process, so there is one test. The functions that count stand in
//! the way of a sanitizer's: leave this test out there.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "../benches/overhead/bare.rs"]
mod bare;
#[path = "../benches/overhead/heap.rs"]
mod heap;

use std::hint::black_box;
use std::path::Path;
use std::ptr;

use bare::Bare;
use heap::allocations;
use tflite::{Interpreter, InterpreterOptions, Model, SignatureRunner, TensorElement, Xnnpack};
use tflite_sys as sys;

/// Rounds that are counted, after as many that are not.
const ROUNDS: usize = 20;

#[test]
fn rounds_of_a_warm_interpreter_take_no_memory() {
    each_way_to_get_memory_is_counted();
    for (threads, xnnpack) in [(1, Xnnpack::Auto), (2, Xnnpack::Auto), (1, Xnnpack::Off)] {
        let what = format!("{threads} threads, {xnnpack:?}");
        let options = InterpreterOptions::new().threads(threads).xnnpack(xnnpack);
        let make = |name: &str| Interpreter::new(&model(name), options.clone()).expect("valid");
        for name in ["add", "conv"] {
            floats(&mut make(name), &format!("{name}, {what}"));
        }
        after_a_resize(&mut make("dynamic_batch"), &what);
        quantized(&mut make("int8_dense"), &what);
        signature(&mut make("signatures"), &what);
        failures(&mut make("gather"), &what);
    }
    what_the_runtime_takes_is_all();
}

/// The control: without it, a count of zero would mean nothing.
fn each_way_to_get_memory_is_counted() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1_u64)))), 1, "Rust");
    #[repr(align(4096))]
    struct Page(u8);
    let count = allocations(|| {
        black_box(Box::new(Page(1)).0);
    });
    assert_eq!(count, 1, "Rust, aligned");
    assert_eq!(
        allocations(|| {
            let mut grows = black_box(Vec::<u64>::with_capacity(1));
            grows.extend([1, 2, 3]);
            drop(black_box(grows));
        }),
        2,
        "Rust, realloc"
    );
    // `malloc` of a C function in the archive.
    let mut array = ptr::null_mut();
    // SAFETY: no preconditions.
    let count = allocations(|| array = unsafe { sys::TfLiteIntArrayCreate(3) });
    // SAFETY: just made, and freed once.
    unsafe { sys::TfLiteIntArrayFree(array) };
    assert_eq!(count, 1, "C");
    // `operator new` of a C++ function in the archive.
    let mut options = ptr::null_mut();
    // SAFETY: no preconditions.
    let count = allocations(|| options = unsafe { sys::TfLiteInterpreterOptionsCreate() });
    // SAFETY: just made, and deleted once.
    unsafe { sys::TfLiteInterpreterOptionsDelete(options) };
    assert!(count >= 1, "C++");
    // The functions that nothing above has called.
    let mut memory = ptr::null_mut();
    // SAFETY: a place for the result, and a power of two.
    let count = allocations(|| assert_eq!(unsafe { posix_memalign(&raw mut memory) }, 0));
    // SAFETY: just made, and freed once.
    unsafe { libc::free(memory) };
    assert_eq!(count, 1, "posix_memalign");
    // SAFETY: a power of two.
    let count = allocations(|| memory = unsafe { libc::aligned_alloc(64, 128) });
    // SAFETY: just made, and freed once.
    unsafe { libc::free(memory) };
    assert_eq!(count, 1, "aligned_alloc");
    // SAFETY: no preconditions.
    let count = allocations(|| memory = unsafe { libc::calloc(3, 5) });
    // SAFETY: just made, and freed once.
    unsafe { libc::free(memory) };
    assert_eq!(count, 1, "calloc");
    // From inside a shared library.
    let mut text = ptr::null_mut();
    // SAFETY: a NUL-terminated string.
    let count = allocations(|| text = unsafe { libc::strdup(c"text".as_ptr()) });
    // SAFETY: just made, and freed once.
    unsafe { libc::free(text.cast()) };
    assert_eq!(count, 1, "the C library");
}

/// # Safety
///
/// `memory` must be a place for the result.
unsafe fn posix_memalign(memory: *mut *mut libc::c_void) -> i32 {
    // SAFETY: the caller's promise; the alignment is a power of two.
    unsafe { libc::posix_memalign(memory, 64, 128) }
}

fn model(name: &str) -> Model {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    Model::from_file(models.join(format!("{name}.tflite"))).expect("a model of the tests")
}

/// The rounds after the first ones take no memory.
fn take_none(what: &str, mut round: impl FnMut() -> tflite::Result<()>) {
    let mut rounds = || {
        for _ in 0..ROUNDS {
            round().expect("valid");
        }
    };
    rounds();
    assert_eq!(allocations(rounds), 0, "{what}");
}

fn floats(interpreter: &mut Interpreter, what: &str) {
    let shape = interpreter.input(0).expect("one").shape();
    let input = vec![0.25_f32; shape.elements().expect("small")];
    let mut sum = 0.0;
    take_none(what, || {
        interpreter.input_mut(0)?.copy_from_slice(&input)?;
        interpreter.input_mut(0)?.data_mut::<f32>()?[0] = 0.5;
        interpreter.invoke()?;
        let output = interpreter.output(0)?;
        assert_eq!(output.shape(), interpreter.output(0)?.shape());
        sum += output.data::<f32>()?.iter().sum::<f32>();
        Ok(())
    });
    assert_ne!(sum, 0.0, "{what}");
}

fn after_a_resize(interpreter: &mut Interpreter, what: &str) {
    for rows in [7, 3] {
        interpreter.resize_input(0, &[rows, 4]).expect("any batch");
        floats(interpreter, &format!("{rows} rows, {what}"));
    }
}

fn quantized(interpreter: &mut Interpreter, what: &str) {
    let shape = interpreter.input(0).expect("one").shape();
    let input = vec![17_i8; shape.elements().expect("small")];
    let reals = vec![0.25_f32; input.len()];
    take_none(what, || {
        interpreter.input_mut(0)?.copy_from_slice(&input)?;
        interpreter.input_mut(0)?.quantize_from(&reals)?;
        interpreter.invoke()?;
        let output = interpreter.output(0)?;
        assert!(output.quantization().is_some());
        assert!(output.data::<i8>()?.len() == output.bytes()?.len());
        Ok(())
    });
}

fn signature(interpreter: &mut Interpreter, what: &str) {
    let mut runner: SignatureRunner<'_> = interpreter.signature_runner("sum").expect("there");
    take_none(what, || {
        runner.input_mut("a")?.copy_from_slice(&[1.0_f32; 3])?;
        runner.input_mut("b")?.copy_from_slice(&[2.0_f32; 3])?;
        runner.invoke()?;
        assert_eq!(runner.output("total")?.data::<f32>()?, [3.0; 3]);
        Ok(())
    });
}

/// After a failure and a reset, it is as before.
fn failures(interpreter: &mut Interpreter, what: &str) {
    interpreter
        .input_mut(0)
        .and_then(|mut indices| indices.copy_from_slice(&[0, 5, 0]))
        .expect("three indices");
    interpreter.invoke().expect_err("5 is out of range");
    interpreter.reset().expect("made anew");
    take_none(what, || {
        interpreter.input_mut(0)?.copy_from_slice(&[0, 1, 0])?;
        interpreter.invoke()?;
        interpreter.output(0)?.data::<f32>()?;
        Ok(())
    });
}

/// Some kernels of the runtime take memory in each invocation. The wrapper adds none. (It does in
/// loops whose subgraphs are prepared in each invocation: there, the runtime notes the operators
/// that a delegate could have taken, and ours, which counts them, is one.)
fn what_the_runtime_takes_is_all() {
    // Its own convolutions on two threads.
    let model_of = model("conv");
    let input: Vec<f32> = (0..192_u8).map(f32::from).collect();
    compare::<f32>(&model_of, 2, &input, &mut [0.0; 18]);
    // A result of unknown size.
    compare(&model("dynamic_output"), 1, &[1.0; 6], &mut [0; 6]);
}

fn compare<T: TensorElement>(model: &Model, threads: i32, input: &[f32], output: &mut [T]) {
    let mut bare = Bare::new(model, threads, false);
    let options = InterpreterOptions::new()
        .threads(threads.unsigned_abs() as usize)
        .xnnpack(Xnnpack::Off);
    let mut safe = Interpreter::new(model, options).expect("valid");
    let mut in_c = || bare.run(input, output);
    in_c();
    let in_c = allocations(|| (0..ROUNDS).for_each(|_| in_c()));
    let expected = output.to_vec();
    let mut with_us = || {
        let mut input_mut = safe.input_mut(0).expect("one");
        input_mut.copy_from_slice(input).expect("floats");
        safe.invoke().expect("valid");
        output.copy_from_slice(safe.output(0).expect("one").data().expect("computed"));
    };
    with_us();
    let with_us = allocations(|| (0..ROUNDS).for_each(|_| with_us()));
    assert_eq!(with_us, in_c, "{model:?}");
    assert!(in_c > 0, "{model:?} belongs to those that take none");
    assert_eq!(output, expected);
}
