//! What can go wrong, and the exit code that says so.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::array::Problem;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What all commands exit with. It is part of the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  all is well; also when the reader of a pipe has gone
  1  the runtime failed, for example because an index in an input is out of range
  2  the command line is wrong, or names what the model does not have
  3  a model was refused: it is none, is damaged, contradicts itself, or needs an operator that is not there
  4  a file could not be read or written
  5  an array does not fit its input, or its file is damaged";

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Usage(String),

    /// The model cannot be loaded, or no interpreter made of it.
    #[error("{}: {source}", path.display())]
    Model {
        path: PathBuf,
        source: Box<tflite::Error>,
    },

    /// The runtime failed later on.
    #[error("{context}: {source}")]
    Runtime {
        context: String,
        source: Box<tflite::Error>,
    },

    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },

    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },

    /// An array's file makes no sense.
    #[error("{what}: {problem}")]
    Array { what: String, problem: Box<Problem> },

    /// An array is not what an input takes.
    #[error("{0}")]
    Unfit(String),

    /// Standard output cannot be written.
    #[error("cannot write the results: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn model(path: &Path, source: tflite::Error) -> Self {
        Self::Model {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }

    /// `context` says what was being done.
    pub(crate) fn runtime(context: impl Into<String>, source: tflite::Error) -> Self {
        Self::Runtime {
            context: context.into(),
            source: Box::new(source),
        }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Model { source, .. } => model_code(source),
            Self::Runtime { .. } => 1,
            Self::Read { .. } | Self::Write { .. } | Self::Output(_) => 4,
            Self::Array { .. } | Self::Unfit(_) => 5,
        })
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Whether it is the model that is to blame, the file, or something else.
pub(crate) fn model_code(error: &tflite::Error) -> u8 {
    use tflite::{Error, Status};
    match error {
        Error::ReadModel { .. } => 4,
        Error::InvalidModel { .. }
        | Error::UnsoundModel { .. }
        | Error::CreateInterpreter { .. }
        | Error::OpaqueType { .. }
        | Error::OperatorNotSelected { .. }
        | Error::Runtime {
            status: Status::UnresolvedOps,
            ..
        } => 3,
        _ => 1,
    }
}
