//! Pictures as a Keras model wants them: decoded, resized and scaled as Pillow and the Python
//! package `keras_image_helper` do it, equal to the bit.
//!
//! ```
//! use keras_preprocess::{Filter, Limits, Mode, Preprocessor};
//!
//! # fn main() -> Result<(), keras_preprocess::Error> {
//! // keras_image_helper: create_preprocessor("xception", target_size=(299, 299))
//! let preprocessor = Preprocessor::new(299, 299, "xception".parse()?);
//!
//! # let bytes = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
//! // [1, 299, 299, 3], float32, from -1 to 1.
//! let input = preprocessor.run(bytes, &Limits::default())?;
//! assert_eq!(input.len(), 299 * 299 * 3);
//!
//! // Or in two steps, into a tensor that is there already.
//! let mut tensor = vec![0.0; preprocessor.len()];
//! let decoded = preprocessor.decode(bytes, &Limits::default())?;
//! preprocessor.fill(&decoded.picture, &mut tensor);
//! assert_eq!(tensor, input);
//!
//! // Other models and filters, as Keras and Pillow have them.
//! let other = Preprocessor::new(224, 224, Mode::Caffe).filter(Filter::Bicubic);
//! # Ok(())
//! # }
//! ```
//!
//! # What is equal to Pillow
//!
//! | format | kinds | pixels |
//! | --- | --- | --- |
//! | JPEG | baseline and progressive, any integral sampling, restart markers, grey, YCbCr, RGB, CMYK, YCCK | equal to libjpeg-turbo |
//! | PNG | all colour types and depths | equal |
//! | GIF, WebP | the first frame; lossy and lossless | equal |
//! | BMP | 1, 8, 24 and 32 bits, palettes | equal |
//! | TIFF | the first page: grey of 1 to 16 bits, RGB, CMYK, with alpha; none, LZW, deflate, PackBits | equal |
//!
//! All filters of Pillow 13 and all modes of Keras are equal to the bit, too. Alpha is dropped,
//! colour profiles are not applied, as `convert("RGB")` does it.
//!
//! Not decoded are JPEG with arithmetic coding, 12 bits or two components, and TIFF with a palette, JPEG
//! inside, separate planes, signed or floating-point samples. A progressive JPEG that stops before its last
//! scan looks smoother in Pillow. EXIF orientation is looked at on request, its copy in XMP is not.
//!
//! # Hostile input
//!
//! [`Limits`] are checked before memory is taken. There is no unsafe code. Damaged data gives an
//! [`Error`], or as much of the picture as there is, where Pillow shows that too; never a panic.

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
