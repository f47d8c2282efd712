//! TensorFlow Lite: the official C library, built from source and linked statically, behind a
//! safe API.
//!
//! # Getting started
//!
//! ```
//! use tflite::{Interpreter, InterpreterOptions, Model};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
//! // This model computes `y = x + x` for float32 inputs of shape [3].
//! let model = Model::from_file(path)?;
//! let mut interpreter = Interpreter::new(&model, InterpreterOptions::new().threads(2))?;
//!
//! let input = interpreter.input(0)?;
//! assert_eq!(input.dtype(), tflite::TensorType::Float32);
//! assert_eq!(input.shape(), [3]);
//!
//! interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32, 2.0, 3.0])?;
//! interpreter.invoke()?;
//! assert_eq!(interpreter.output(0)?.data::<f32>()?, [2.0, 4.0, 6.0]);
//! # Ok::<(), tflite::Error>(())
//! ```
//!
//! The [`guide`] has a page on each of the following, and on [quantized
//! models](guide::quantized_models) and [AWS Lambda](guide::on_lambda). The repository's
//! `tflite/examples` are programs: `label_image` says what is in a picture.
//!
//! # Ownership and threads
//!
//! Nothing borrows from anything for longer than a tensor is looked at. A [`Model`] is shared by
//! cloning it, also between threads. An [`Interpreter`] owns what it needs, can be sent to another
//! thread, and is used by one thread at a time. For work in parallel, make several interpreters of
//! one model, or an [`InterpreterPool`].
//!
//! # XNNPACK
//!
//! XNNPACK's fast kernels are used by default, as by the Python runtime. Where they cannot be, the
//! runtime's own kernels compute the same, slower; [`Interpreter::delegate_report`] tells.
//!
//! # Errors and messages
//!
//! All failures are an [`Error`], with what the runtime said about it inside. Nothing is printed.
//! [`InterpreterOptions::error_reporter`] gets the messages as they come, and the feature `log` makes
//! records of them.
//!
//! # Soundness
//!
//! Safe code cannot cause undefined behaviour through this crate, provided that the model is sound
//! (see [`Model`] about trust), and that files of [packed weights](WeightCache::File) are its own. C
//! functions that require something of an index, a size or a state are only called after that was
//! checked. XNNPACK checks less than the runtime's kernels: it only gets shapes on which those have
//! agreed, see [`XnnpackStatus::Refused`].
//!
//! Values are checked, whether they are constants, inputs, computed, or what [operators of one's
//! own](Operator) give: indices, axes, orders of axes, lengths, begins and sizes, paddings, divisors.
//! Many of the runtime's kernels trust them. The library that `tflite-sys` builds looks at them
//! before, and an invocation fails with the operator, the value and the limit: `KERNELS.md` beside
//! that crate's manifest lists all operators. What a kernel leaves unwritten is zero. A library that
//! was built elsewhere (`TFLITE_SYS_LIB_DIR`) has none of this.
//!
//! `SAFETY.md` beside this crate's manifest says what each module with unsafe code relies on.
//!
//! # Features
//!
//! - `bundled` (default): the native library is built from source, if `TFLITE_SYS_LIB_DIR` does not name a
//!   prebuilt one. Without the feature it must, and nothing is compiled that only such a build needs.
//! - `ndarray` (default): [`Tensor::view`], [`Tensor::to_array`], [`TensorMut::view_mut`],
//!   [`TensorMut::assign`].
//! - `half`: `f16` and `bf16` of the crate `half` as elements. Without it, such tensors are read by
//!   [`Tensor::dequantize`] and written by [`TensorMut::quantize_from`].
//! - `log`: what the runtime says goes to the crate `log`, with the target `tflite`: its process-wide
//!   messages with their severity, and those of interpreters, which [errors](Error) have inside, as
//!   debug messages. `tracing-subscriber` receives records of `log`, too.
//! - `num-complex`: `Complex` of the crate `num-complex` as elements.
//! - `selected-ops`: only the operators of a list are linked, for smaller programs. `TFLITE_SYS_OPS`
//!   names them, or `TFLITE_SYS_OPS_FROM` models that have them: see the
//!   [documentation of `tflite-sys`](tflite_sys#selected-operators). An interpreter of another model
//!   is an [`Error::OperatorNotSelected`].

mod buffer;
mod bytes;
mod cancel;
mod delegate;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(doc)]
pub mod guide;
mod info;
mod interpreter;
#[cfg(feature = "log")]
mod log;
mod model;
mod operator;
mod options;
mod pool;
mod profile;
mod raw;
mod report;
mod schema;
mod selected;
mod signature;
mod stable_files;
mod tensor;
mod verify;
mod version;
mod weight_cache;

#[cfg(feature = "half")]
pub use half;
#[cfg(feature = "ndarray")]
pub use ndarray;
#[cfg(feature = "num-complex")]
pub use num_complex;

pub use buffer::AlignedBuffer;
pub use cancel::CancellationToken;
pub use delegate::{DelegateReport, ExternalDelegate, MAX_DELEGATE_OPTIONS, XnnpackStatus};
pub use error::{Error, Operation, Result, Status, TensorRole};
pub use info::{
    AssociatedFile, AssociatedFileType, FileInfo, Labels, MetadataInfo, ModelInfo, ModelMetadata,
    Normalization, OperatorInfo, QuantizationInfo, SignatureInfo, SubgraphInfo, SubgraphMetadata,
    TensorInfo, TensorMetadata,
};
pub use interpreter::{Interpreter, SignatureRunner};
pub use model::Model;
pub use operator::{
    InvokeContext, Operator, OperatorBuilder, OperatorError, OperatorResult, PrepareContext,
    StatefulOperatorBuilder,
};
pub use options::{
    InterpreterOptions, MAX_THREADS, Xnnpack, XnnpackFlags, XnnpackOptions, XnnpackRuntimeFlags,
};
pub use pool::{Checkout, InterpreterPool, MAX_POOL_SIZE, PooledInterpreter};
pub use profile::{KindProfile, NodeProfile, OpEvent, ProfileSummary, Profiler};
pub use signature::Signature;
pub use stable_files::StableFiles;
pub use tensor::{
    AffineQuantization, OwnedTensor, Quantization, Shape, SourceElement, Tensor, TensorElement,
    TensorMut, TensorSource, TensorType, TensorValue,
};
pub use verify::{ModelPart, ModelProblem};
pub use version::{extension_apis_version, schema_version, version};
pub use weight_cache::{
    MappedWeightCache, PackagedWeightCache, SharedWeightCache, WeightCache, WeightCacheStatus,
};
