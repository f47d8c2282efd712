//! What is wrong with a model, and with which part of it.

use std::fmt;

use crate::schema::table::Malformed;
use crate::tensor::TensorType;

/// A part of a model. Indices are those of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelPart {
    /// The model as a whole.
    Model,
    /// One of the functions.
    Subgraph {
        /// Its index.
        index: usize,
    },
    /// A tensor, be it constant or computed.
    Tensor {
        /// The subgraph that it belongs to.
        subgraph: usize,
        /// Its index within the subgraph.
        index: usize,
        /// Its name, which may be empty.
        name: String,
    },
    /// One step of a subgraph.
    Operator {
        /// The subgraph that it belongs to.
        subgraph: usize,
        /// Its index within the subgraph.
        index: usize,
        /// What it computes, such as `CONV_2D`, or a custom operator's name.
        name: String,
    },
    /// A kind of operator that the model uses.
    OperatorCode {
        /// Its index.
        index: usize,
    },
    /// A function's name, and names of its inputs and outputs.
    Signature {
        /// Its index.
        index: usize,
        /// Its key, which may be empty.
        key: String,
    },
    /// An entry of the metadata.
    Metadata {
        /// Its index.
        index: usize,
        /// Its name, which may be empty.
        name: String,
    },
}

impl fmt::Display for ModelPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model => f.write_str("the model"),
            Self::Subgraph { index } => write!(f, "subgraph {index}"),
            Self::Tensor {
                subgraph,
                index,
                name,
            } => write!(f, "tensor {index} {name:?} of subgraph {subgraph}"),
            Self::Operator {
                subgraph,
                index,
                name,
            } => write!(f, "operator {index} ({name}) of subgraph {subgraph}"),
            Self::OperatorCode { index } => write!(f, "operator code {index}"),
            Self::Signature { index, key } => write!(f, "signature {index} {key:?}"),
            Self::Metadata { index, name } => write!(f, "metadata {index} {name:?}"),
        }
    }
}

/// Why a model is refused although it is a well-formed FlatBuffer.
///
/// `field` is always the name of a field in the schema.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/refused/constant_short.tflite");
/// let error = tflite::Model::from_file(path).expect_err("a constant is too short");
/// let tflite::Error::UnsoundModel { part, problem, .. } = error else { panic!("{error}") };
/// println!("{part}: {problem}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// Another version of the format.
    #[error("the schema's version is {version}, only {supported} is supported")]
    Version {
        /// The version there.
        version: u32,
        /// The only version that the runtime knows.
        supported: u32,
    },

    /// Something that the runtime does not work without is left out.
    #[error("{field} is missing")]
    Missing {
        /// What is missing.
        field: &'static str,
    },

    /// An index refers to something that does not exist.
    #[error("{field} refers to {index}, but there are only {count}")]
    Index {
        /// The field that refers.
        field: &'static str,
        /// What it refers to.
        index: i64,
        /// How many there are.
        count: usize,
    },

    /// Data lies outside the file.
    #[error("{field} has {size} bytes at {offset}, but the file ends at {file}")]
    Outside {
        /// The field that refers.
        field: &'static str,
        /// Where the data should start.
        offset: u64,
        /// How long it should be.
        size: u64,
        /// The file's length.
        file: u64,
    },

    /// Data lies at an address at which its elements cannot be read.
    #[error("{field} starts at {offset}, which is no multiple of {alignment}")]
    Unaligned {
        /// The field that refers.
        field: &'static str,
        /// Where the data starts.
        offset: u64,
        /// What the type of element needs.
        alignment: u64,
    },

    /// A constant's size contradicts its shape and type.
    #[error("{dtype} of shape {shape:?} needs {expected} bytes, but the buffer has {actual}")]
    ConstantSize {
        /// The type of the elements.
        dtype: TensorType,
        /// The shape.
        shape: Vec<i32>,
        /// What shape and type need.
        expected: u64,
        /// What is there.
        actual: u64,
    },

    /// A type of element that cannot be, or not here.
    #[error("{dtype} cannot be {place}")]
    Type {
        /// The type.
        dtype: TensorType,
        /// What it was used as.
        place: &'static str,
    },

    /// An operator's output has another type in the file than the kernel gives it.
    #[error("outputs[0] is {dtype}, but the operator computes {expected}")]
    OutputType {
        /// The type in the file.
        dtype: TensorType,
        /// The kernel's.
        expected: TensorType,
    },

    /// A kernel takes a tensor for one of another type, without looking.
    #[error(
        "{field}[{position}] is {dtype}, but the kernel takes it for {}",
        Types(expected)
    )]
    OperandType {
        /// The operator's inputs or outputs.
        field: &'static str,
        /// Where it stands there.
        position: usize,
        /// The type in the file.
        dtype: TensorType,
        /// The types that the kernel knows there, beside the others.
        expected: Vec<TensorType>,
    },

    /// A tensor is not quantized as an operator's kernel takes it for.
    #[error("the quantization of {field}[{position}] is not {expected}")]
    Quantization {
        /// The operator's inputs, outputs or intermediates.
        field: &'static str,
        /// Where it stands there.
        position: usize,
        /// What it should be.
        expected: &'static str,
    },

    /// A quantized operator has scales that its kernel cannot calculate with.
    #[error(
        "the kernel cannot calculate with scales of {inputs} for inputs and {output} for the output"
    )]
    Scales {
        /// Those of the inputs.
        inputs: String,
        /// That of the output; 0 if it has none.
        output: String,
    },

    /// A number is outside the range that makes sense.
    #[error("{field} is {value}, not {minimum} to {maximum}")]
    Range {
        /// The field.
        field: &'static str,
        /// The number there.
        value: i64,
        /// The least that it may be.
        minimum: i64,
        /// The most that it may be.
        maximum: i64,
    },

    /// There are too few or too many of something.
    #[error("{field} has {count} elements, not {}", Range(*minimum, *maximum))]
    Count {
        /// The field.
        field: &'static str,
        /// How many there are.
        count: usize,
        /// The least that there must be.
        minimum: usize,
        /// The most that there may be.
        maximum: usize,
    },

    /// A tensor has more elements than the kernels can count.
    #[error("the shape {shape:?} has more than {limit} elements")]
    TooManyElements {
        /// The shape.
        shape: Vec<i32>,
        /// The limit.
        limit: u64,
    },

    /// An operator reads what nothing wrote before.
    #[error(
        "{field}[{position}], tensor {tensor}, is neither constant nor input nor computed before"
    )]
    NotComputed {
        /// The operator's inputs, or the subgraph's outputs.
        field: &'static str,
        /// Where it stands there.
        position: usize,
        /// The tensor.
        tensor: usize,
    },

    /// An input is left out that the operator cannot work without.
    #[error("inputs[{position}] is required, but left out")]
    LeftOut {
        /// Where it stands among the inputs.
        position: usize,
    },

    /// An operator writes what it must not.
    #[error("outputs[{position}], tensor {tensor}, is {reason}")]
    Overwritten {
        /// Where it stands among the outputs.
        position: usize,
        /// The tensor.
        tensor: usize,
        /// Why it must not be written.
        reason: &'static str,
    },

    /// Data inside a tensor contradicts itself.
    #[error("{what}: {value}, not {expected}")]
    Contents {
        /// What is wrong.
        what: &'static str,
        /// The value there.
        value: i64,
        /// The value, or the limit, that there should be.
        expected: i64,
    },

    /// Any other contradiction.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// How many there may be.
struct Range(usize, usize);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(minimum, usize::MAX) => write!(f, "{minimum} or more"),
            Self(minimum, maximum) if minimum == maximum => write!(f, "{minimum}"),
            Self(minimum, maximum) => write!(f, "{minimum} to {maximum}"),
        }
    }
}

/// One of several types.
struct Types<'a>(&'a [TensorType]);

impl fmt::Display for Types<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, dtype) in self.0.iter().enumerate() {
            let separator = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(f, "{separator}{dtype}")?;
        }
        Ok(())
    }
}

/// A model is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// It is no well-formed FlatBuffer.
    Malformed(Malformed),
    /// It is one, but makes no sense.
    Unsound(Box<(ModelPart, ModelProblem)>),
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

pub(crate) type Result<T = ()> = std::result::Result<T, Refusal>;

/// Says what the problem is with.
pub(super) trait In<T> {
    fn within(self, part: impl FnOnce() -> ModelPart) -> Result<T>;
}

impl<T> In<T> for std::result::Result<T, ModelProblem> {
    fn within(self, part: impl FnOnce() -> ModelPart) -> Result<T> {
        self.map_err(|problem| Refusal::Unsound(Box::new((part(), problem))))
    }
}

/// A check within one part: a problem of that part, or a damaged file.
pub(super) enum Fault {
    Malformed(Malformed),
    Problem(ModelProblem),
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<ModelProblem> for Fault {
    fn from(problem: ModelProblem) -> Self {
        Self::Problem(problem)
    }
}

impl<T> In<T> for std::result::Result<T, Fault> {
    fn within(self, part: impl FnOnce() -> ModelPart) -> Result<T> {
        self.map_err(|fault| match fault {
            Fault::Malformed(malformed) => Refusal::Malformed(malformed),
            Fault::Problem(problem) => Refusal::Unsound(Box::new((part(), problem))),
        })
    }
}
