//! What an error is about: whose tensor, which call, and what C answered.

use std::fmt;

/// Whether a tensor goes in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TensorRole {
    /// The model reads it.
    Input,
    /// The model writes it.
    Output,
    /// It keeps its value from one invocation to the next.
    Variable,
    /// Any tensor, by its own index.
    Tensor,
}

impl fmt::Display for TensorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Variable => "variable",
            Self::Tensor => "tensor",
        })
    }
}

/// A call into the runtime that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `TfLiteInterpreterResizeInputTensor()`.
    Resize,
    /// `TfLiteInterpreterAllocateTensors()`.
    Allocate,
    /// `TfLiteInterpreterInvoke()`.
    Invoke,
    /// `TfLiteInterpreterSetCustomAllocationForTensor()`.
    Bind,
    /// `TfLiteInterpreterResetVariableTensors()`.
    ResetVariables,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resize => "resize an input",
            Self::Allocate => "allocate the tensors",
            Self::Invoke => "invoke",
            Self::Bind => "bind a buffer",
            Self::ResetVariables => "reset the variables",
        })
    }
}

/// What a C function returned instead of `kTfLiteOk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// `kTfLiteError`: the general failure.
    Error,
    /// `kTfLiteDelegateError`: a delegate failed.
    DelegateError,
    /// `kTfLiteApplicationError`: a delegate does not fit the model or the interpreter.
    ApplicationError,
    /// `kTfLiteDelegateDataNotFound`: a delegate's saved data is missing.
    DelegateDataNotFound,
    /// `kTfLiteDelegateDataWriteError`: a delegate could not save data.
    DelegateDataWriteError,
    /// `kTfLiteDelegateDataReadError`: a delegate could not read its saved data.
    DelegateDataReadError,
    /// `kTfLiteUnresolvedOps`: an operator of the model is unknown.
    UnresolvedOps,
    /// `kTfLiteCancelled`: the invocation was cancelled.
    Cancelled,
    /// `kTfLiteOutputShapeNotKnown`: an output's shape is only known after it was computed.
    OutputShapeNotKnown,
    /// A value that this crate does not know.
    Unknown(u32),
}

impl Status {
    /// `None` if the call succeeded.
    pub(crate) fn from_raw(status: tflite_sys::TfLiteStatus) -> Option<Self> {
        Some(match status {
            tflite_sys::kTfLiteOk => return None,
            tflite_sys::kTfLiteError => Self::Error,
            tflite_sys::kTfLiteDelegateError => Self::DelegateError,
            tflite_sys::kTfLiteApplicationError => Self::ApplicationError,
            tflite_sys::kTfLiteDelegateDataNotFound => Self::DelegateDataNotFound,
            tflite_sys::kTfLiteDelegateDataWriteError => Self::DelegateDataWriteError,
            tflite_sys::kTfLiteDelegateDataReadError => Self::DelegateDataReadError,
            tflite_sys::kTfLiteUnresolvedOps => Self::UnresolvedOps,
            tflite_sys::kTfLiteCancelled => Self::Cancelled,
            tflite_sys::kTfLiteOutputShapeNotKnown => Self::OutputShapeNotKnown,
            unknown => Self::Unknown(unknown),
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "kTfLiteError",
            Self::DelegateError => "kTfLiteDelegateError",
            Self::ApplicationError => "kTfLiteApplicationError",
            Self::DelegateDataNotFound => "kTfLiteDelegateDataNotFound",
            Self::DelegateDataWriteError => "kTfLiteDelegateDataWriteError",
            Self::DelegateDataReadError => "kTfLiteDelegateDataReadError",
            Self::UnresolvedOps => "kTfLiteUnresolvedOps",
            Self::Cancelled => "kTfLiteCancelled",
            Self::OutputShapeNotKnown => "kTfLiteOutputShapeNotKnown",
            Self::Unknown(status) => return write!(f, "{status}"),
        })
    }
}
