//! Pictures as a Keras model wants them, equal to what Pillow and `keras_image_helper` make.
#![forbid(unsafe_code)]

pub mod decode;
mod error;
mod jpeg;
mod limits;
pub mod picture;
pub mod preprocess;
pub mod resize;

pub use decode::{Format, decode};
pub use error::{Error, Unit};
pub use limits::{DEFAULT_MAX_BYTES, DEFAULT_MAX_PIXELS, DEFAULT_MAX_SIDE, Limits};
pub use picture::Picture;
pub use preprocess::{Decoded, Mode, Preprocessor};
pub use resize::Filter;
