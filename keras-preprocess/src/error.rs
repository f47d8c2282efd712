//! What can be wrong with a picture.

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Bytes of the encoded picture.
    Bytes,
    /// Pixels of the decoded picture, width times height.
    Pixels,
    /// Pixels along one side of the decoded picture.
    Side,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Bytes => "bytes",
            Self::Pixels => "pixels",
            Self::Side => "pixels a side",
        })
    }
}

/// Why a picture was not decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The picture is larger than a limit admits. Found before memory was taken.
    #[error("{what} is too large: the limit is {limit} {unit}")]
    TooLarge {
        /// The culprit, with its size where it is known.
        what: String,
        /// The limit, in `unit`.
        limit: u64,
        /// What the limit counts.
        unit: Unit,
    },
    /// The bytes are no picture, or one of a kind that is not decoded.
    #[error("{0}")]
    Unsupported(String),
    /// The bytes claim to be a picture but are damaged or cut off.
    #[error("the {format} picture cannot be decoded: {reason}")]
    Invalid {
        /// The format that the first bytes announce.
        format: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// A mode or a filter has no such name.
    #[error("{name:?} is not known; known are {known}")]
    UnknownName {
        /// The name.
        name: String,
        /// Those that are known.
        known: &'static str,
    },
    /// The bytes given to [`Picture::new`](crate::Picture::new) are not as many as the size demands.
    #[error("a picture of {width} x {height} pixels has {actual} bytes instead of {expected}")]
    Length {
        /// The width in pixels.
        width: u32,
        /// The height in pixels.
        height: u32,
        /// How many bytes there are.
        actual: usize,
        /// How many bytes the size demands; zero for an empty picture.
        expected: u64,
    },
}
