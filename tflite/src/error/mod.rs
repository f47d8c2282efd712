//! Everything that can go wrong, with the runtime's own words.

mod context;

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use self::context::{Operation, Status, TensorRole};

use crate::tensor::{Shape, TensorType};
use crate::verify::{ModelPart, ModelProblem, Refusal};

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done.
///
/// `log` fields hold what the runtime reported meanwhile, one message a line. They may be empty.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/gather.tflite");
/// # let model = tflite::Model::from_file(path)?;
/// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
/// // This model looks up rows, and there are fewer than six.
/// interpreter.input_mut(0)?.copy_from_slice(&[0, 5, 0])?;
/// match interpreter.invoke() {
///     Err(tflite::Error::Runtime { operation, log, .. }) => {
///         assert_eq!(operation, tflite::Operation::Invoke);
///         assert!(log.contains("gather"));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's file could not be read or mapped.
    #[error("cannot read the model file {}: {source}", path.display())]
    ReadModel {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// Memory for a model or a buffer could not be had.
    #[error("no memory for {bytes} bytes")]
    OutOfMemory {
        /// How many bytes were asked for.
        bytes: usize,
    },

    /// These bytes are no model, or a damaged one.
    #[error("not a valid TensorFlow Lite model of {bytes} bytes{}", Log(log))]
    InvalidModel {
        /// The length of what was given.
        bytes: usize,
        /// What this crate's verifier or the runtime's said.
        log: String,
    },

    /// The model can be read, but contradicts itself in a way that would lead the runtime astray.
    #[error("not a sound TensorFlow Lite model: {part}: {problem}")]
    UnsoundModel {
        /// Which tensor, operator or other part.
        part: Box<ModelPart>,
        /// What is wrong with it.
        problem: Box<ModelProblem>,
    },

    /// The linked library is not the one that this crate was built for.
    #[error("built for TensorFlow Lite {expected}, but linked with {actual}")]
    Version {
        /// The version of the headers.
        expected: &'static str,
        /// What `TfLiteVersion()` says.
        actual: String,
    },

    /// A number of threads that makes no sense.
    #[error("{threads} threads asked for; 1 to {max} are possible")]
    ThreadCount {
        /// What was asked for.
        threads: usize,
        /// The upper limit.
        max: usize,
    },

    /// A number of interpreters that makes no sense.
    #[error("{size} interpreters asked for in a pool; 1 to {max} are possible")]
    PoolSize {
        /// What was asked for.
        size: usize,
        /// The upper limit.
        max: usize,
    },

    /// A delegate's library could not be loaded, or lacks a function.
    #[error("cannot load the delegate {}: {reason}", path.display())]
    LoadDelegate {
        /// The library.
        path: PathBuf,
        /// What the system's loader said.
        reason: String,
    },

    /// A delegate's library made no delegate.
    #[error("no delegate came from {}{}", path.display(), Log(log))]
    CreateDelegate {
        /// The library.
        path: PathBuf,
        /// What the library reported.
        log: String,
    },

    /// An option that a delegate cannot be given.
    #[error("the delegate's option {key:?} cannot be set: {reason}")]
    DelegateOption {
        /// The option's name.
        key: String,
        /// Why not.
        reason: &'static str,
    },

    /// The program was built with the feature `selected-ops`, and without these operators.
    #[error(
        "the model has operators that were not selected when this program was built: {} \
         (feature selected-ops: TFLITE_SYS_OPS, TFLITE_SYS_OPS_FROM)",
        operators.join(", ")
    )]
    OperatorNotSelected {
        /// The names of all that are missing, such as `RFFT2D`.
        operators: Vec<String>,
    },

    /// The runtime could not make an interpreter of the model.
    #[error("the interpreter could not be created{}", Log(log))]
    CreateInterpreter {
        /// What the runtime said.
        log: String,
    },

    /// A call into the runtime failed.
    #[error("{operation} failed with status {status}{}", Log(log))]
    Runtime {
        /// What was being done.
        operation: Operation,
        /// The C function's return value.
        status: Status,
        /// What the runtime said.
        log: String,
    },

    /// The shapes leave a tensor no elements, though an operator divides by its lengths.
    #[error("{tensor} has no elements, which its operator needs")]
    EmptyTensor {
        /// Its subgraph and its index there.
        tensor: String,
    },

    /// XNNPACK must not compute these shapes of a signature. An interpreter
    /// [without XNNPACK](crate::Xnnpack::Off) can.
    #[error("XNNPACK cannot be used with these shapes: {reason}")]
    XnnpackShapes {
        /// Why, as in [`XnnpackStatus::Refused`](crate::XnnpackStatus::Refused).
        reason: String,
    },

    /// The invocation was [cancelled](crate::CancellationToken::cancel). The interpreter can be
    /// used as before, without outputs.
    #[error("the invocation was cancelled")]
    Cancelled,

    /// The interpreter has been unusable since an earlier failure.
    ///
    /// [`Interpreter::resize_inputs`](crate::Interpreter::resize_inputs) and
    /// [`Interpreter::reset`](crate::Interpreter::reset) make it usable again.
    #[error("the interpreter cannot be used after a failure to {operation}; reset it first")]
    Poisoned {
        /// What failed.
        operation: Operation,
    },

    /// An output was read before the first invocation since the tensors were allocated.
    #[error("{tensor} has no data before the interpreter is invoked")]
    NotInvoked {
        /// Which output.
        tensor: String,
    },

    /// A tensor that has a value only within an invocation.
    #[error("{tensor} cannot be read: it has a value only within an invocation")]
    NotReadable {
        /// Which tensor.
        tensor: String,
    },

    /// A signature of a subgraph that operators of another one call. They give its tensors their own
    /// memory.
    #[error("{tensor} of the signature {signature:?} has the memory of operators that call it")]
    CalledSubgraph {
        /// Which tensor.
        tensor: String,
        /// The signature's key.
        signature: String,
    },

    /// There is no such input, output, variable or tensor.
    #[error("there is no {role} {index}, only {count}")]
    NoSuchTensor {
        /// Input or output.
        role: TensorRole,
        /// The index asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },

    /// The model leaves this input or output out (its tensor index is -1).
    #[error("{role} {index} is optional, and this model leaves it out")]
    OptionalTensor {
        /// Input or output.
        role: TensorRole,
        /// Its index.
        index: usize,
    },

    /// The model has no such signature, or one that cannot be run.
    #[error("the model has no signature {key:?}, only {known:?}")]
    NoSuchSignature {
        /// The key asked for.
        key: String,
        /// The keys there are.
        known: Vec<String>,
    },

    /// A signature has no such input or output.
    #[error("the signature {signature:?} has no {role} {name:?}, only {known:?}")]
    NoSuchName {
        /// The signature's key.
        signature: String,
        /// Input or output.
        role: TensorRole,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },

    /// An input of a signature was not given.
    #[error("the input {name:?} of the signature {signature:?} is missing")]
    MissingInput {
        /// The signature's key.
        signature: String,
        /// The input's name.
        name: String,
    },

    /// More or fewer inputs were given than the model has.
    #[error("the model has {expected} inputs, {actual} were given")]
    InputCount {
        /// How many it has, without constants and what is left out.
        expected: usize,
        /// How many were given.
        actual: usize,
    },

    /// The elements are of another type.
    #[error("{tensor} holds {actual}, not {expected}")]
    TypeMismatch {
        /// Which tensor.
        tensor: String,
        /// The type asked for.
        expected: TensorType,
        /// The type there.
        actual: TensorType,
    },

    /// Tensors of this type have no plain bytes (strings, resources, variants), or none that may
    /// be written without a check (booleans).
    #[error("{tensor} holds {dtype}, whose bytes cannot be accessed in this way")]
    OpaqueType {
        /// Which tensor.
        tensor: String,
        /// Its type.
        dtype: TensorType,
    },

    /// The tensor has no scale, or a type that is not quantized.
    #[error("{tensor} is not quantized")]
    NotQuantized {
        /// Which tensor.
        tensor: String,
    },

    /// A tensor whose contents are part of the model, or were computed from it.
    #[error("{tensor} is a constant and cannot be written")]
    ReadOnly {
        /// Which tensor.
        tensor: String,
    },

    /// No buffer can be [bound](crate::Interpreter::bind_input) to this input or output; or none is,
    /// or one that is in the way.
    #[error("{role} {index} cannot be bound, taken or resized: {reason}")]
    Binding {
        /// Input or output.
        role: TensorRole,
        /// Its index.
        index: usize,
        /// Why.
        reason: &'static str,
    },

    /// The tensor has a size, but no memory.
    #[error("{tensor} should have {bytes} bytes, but has no memory")]
    NoData {
        /// Which tensor.
        tensor: String,
        /// Its size.
        bytes: usize,
    },

    /// The memory is not aligned as the type needs.
    #[error("{tensor} is not aligned to {alignment} bytes")]
    Unaligned {
        /// Which tensor.
        tensor: String,
        /// What its type needs.
        alignment: usize,
    },

    /// Shape, type and size of a tensor contradict each other.
    #[error("{tensor} of shape {shape} has {bytes} bytes, which do not fit its type {dtype}")]
    SizeMismatch {
        /// Which tensor.
        tensor: String,
        /// Its shape.
        shape: Shape,
        /// Its size.
        bytes: usize,
        /// Its type.
        dtype: TensorType,
    },

    /// The tensor's shape is not known, or has a negative dimension.
    #[error("{tensor} has no known shape")]
    UnknownShape {
        /// Which tensor.
        tensor: String,
    },

    /// The memory of a string tensor does not hold as many strings as its shape says.
    #[error("{tensor} holds malformed strings")]
    MalformedStrings {
        /// Which tensor.
        tensor: String,
    },

    /// The strings are longer than a tensor can hold, or than memory is.
    #[error("strings of {bytes} bytes do not fit a tensor")]
    StringsTooLong {
        /// The size of all strings.
        bytes: usize,
    },

    /// As many elements were given as the tensor does not have.
    #[error("{tensor} has {expected} elements, {actual} were given")]
    LengthMismatch {
        /// Which tensor.
        tensor: String,
        /// How many it has.
        expected: usize,
        /// How many were given.
        actual: usize,
    },

    /// A number that the tensor's type does not have.
    #[error("{value} at {index} does not fit {tensor}, which holds {dtype}")]
    ValueOutOfRange {
        /// Which tensor.
        tensor: String,
        /// Its type.
        dtype: TensorType,
        /// Where the number stands among those that were given.
        index: usize,
        /// The number.
        value: i8,
    },

    /// An array of another shape was given.
    #[error("{tensor} has the shape {expected}, an array of shape {actual} was given")]
    ShapeMismatch {
        /// Which tensor.
        tensor: String,
        /// Its shape.
        expected: Box<Shape>,
        /// The array's.
        actual: Box<Shape>,
    },

    /// A shape that no tensor can have.
    #[error("input {index} cannot be resized to {shape}: {reason}")]
    InvalidShape {
        /// Which input.
        index: usize,
        /// The shape asked for.
        shape: Shape,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A custom operator that cannot be made.
    #[error("no custom operator can be named {name:?}, version {version}: {reason}")]
    InvalidOperator {
        /// Its name.
        name: String,
        /// Its version.
        version: i32,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A custom operator cannot give an output this shape.
    #[error("output {index} cannot have the shape {shape}: {reason}")]
    InvalidOutputShape {
        /// Which of the operator's outputs.
        index: usize,
        /// The shape.
        shape: Shape,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A custom operator cannot compute one of its outputs.
    #[error("output {index} {reason}")]
    OperatorOutput {
        /// Which of the operator's outputs.
        index: usize,
        /// Why not.
        reason: &'static str,
    },
}

impl Error {
    /// Why the verifier refuses a model of this many bytes.
    pub(crate) fn refused(bytes: usize, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed(malformed) => Self::InvalidModel {
                bytes,
                log: malformed.to_string(),
            },
            Refusal::Unsound(unsound) => Self::UnsoundModel {
                part: Box::new(unsound.0),
                problem: Box::new(unsound.1),
            },
        }
    }
}
/// A log behind a message: nothing if there is none.
struct Log<'a>(&'a str);

impl fmt::Display for Log<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim_end();
        if text.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", text.replace('\n', "; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_follows_the_message_if_there_is_one() {
        let error = |log: &str| Error::Runtime {
            operation: Operation::Invoke,
            status: Status::Error,
            log: log.to_owned(),
        };
        let plain = "invoke failed with status kTfLiteError";
        assert_eq!(error("").to_string(), plain);
        assert_eq!(error("a\nb\n").to_string(), format!("{plain}: a; b"));
    }

    #[test]
    fn unknown_statuses_keep_their_number() {
        assert_eq!(Status::from_raw(0), None);
        assert_eq!(Status::from_raw(8), Some(Status::Cancelled));
        assert_eq!(Status::from_raw(77), Some(Status::Unknown(77)));
    }

    #[test]
    fn errors_can_cross_threads() {
        const fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
    }
}
