//! An AWS Lambda function that classifies a picture with a TensorFlow Lite model.
//!
//! The binary `bootstrap` connects this library to the Lambda runtime. Everything else is here,
//! so that tests and other programs can call [`Handler::handle`] in-process.
//!
//! # Request and answer
//!
//! A direct invocation names one picture:
//!
//! ```json
//! {"url": "https://example.com/pants.jpg"}
//! ```
//!
//! or carries it as base64 (standard alphabet, with or without padding, or as a `data:` URL):
//!
//! ```json
//! {"image": "/9j/4AAQSkZJRg…"}
//! ```
//!
//! The answer is one object, each label with the model's score, in the order of the labels:
//!
//! ```json
//! {"dress": -1.86, "hat": -4.76, "pants": 9.88}
//! ```
//!
//! The same in-process:
//!
//! ```no_run
//! use lambda_fn::{Config, Handler, Invocation};
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let handler = Handler::start(&Config::from_env()?)?;
//! let event = json!({"url": "https://example.com/pants.jpg"});
//! let answer = handler.handle(event.into(), &Invocation::default()).await?;
//! println!("{}", serde_json::to_string(&answer)?);
//! # Ok(())
//! # }
//! ```
//!
//! JPEG, PNG, WebP, GIF (first frame), BMP and TIFF (first page) are understood. The picture is prepared as the
//! Python package `keras_image_helper` does it for Xception: RGB without alpha, no rotation by
//! EXIF, nearest-neighbour resizing as in Pillow to the size of the model's input, and
//! `x / 127.5 - 1`; or in another way of Keras, if the model's metadata have its normalization. The model must have one `float32` input `[1, height, width, 3]` and one
//! `float32` output `[1, classes]`.
//!
//! # Errors
//!
//! A failed request is answered with `{"errorType": …, "errorMessage": …}`. The types are stable:
//!
//! | `errorType` | when |
//! | --- | --- |
//! | `InvalidRequest` | The event is not JSON, not an object, or does not have exactly one of `url` and `image` as a string. |
//! | `InvalidBase64` | `image` is not base64 in the standard alphabet. |
//! | `InvalidUrl` | `url`, or what it redirects to, is not a URL with `http` or `https`. |
//! | `FetchFailed` | Name resolution, connection, TLS or transfer failed. |
//! | `HttpStatus` | The server answered with another status than 200. |
//! | `TooManyRedirects` | More than five redirects. |
//! | `TooLarge` | More bytes than `MAX_IMAGE_BYTES` or more pixels than `MAX_IMAGE_PIXELS`. |
//! | `UnsupportedImage` | The bytes are no picture (an HTML page, for instance), or of a kind that is not understood. |
//! | `InvalidImage` | The picture is damaged or cut off. |
//! | `Timeout` | The fetch took longer than `FETCH_TIMEOUT_SECONDS`, the connection longer than 3 s, or the invocation's time is nearly over. |
//! | `ModelError` | The interpreter failed or put out something that is no number. |
//! | `Internal` | A defect of this function: a panic, for instance. |
//!
//! None of them harms the next request. After `ModelError` and a panic it gets a new interpreter.
//! Messages show URLs without credentials, query and fragment.
//!
//! # Environment variables
//!
//! | variable | default | meaning |
//! | --- | --- | --- |
//! | `MODEL_PATH` | `clothing.tflite` in `LAMBDA_TASK_ROOT` or beside the executable | the model |
//! | `LABELS_PATH` | the model's path with the extension `labels.txt`; without such a file, the labels in the model's metadata | one label a line, in the order of the outputs |
//! | `NUM_THREADS` | the machine's parallelism | threads of one inference, from 1 to 128 |
//! | `MAX_IMAGE_BYTES` | 10,000,000 | the largest encoded picture |
//! | `MAX_IMAGE_PIXELS` | 50,000,000 | the largest decoded picture, width times height |
//! | `FETCH_TIMEOUT_SECONDS` | 10 | the longest fetch, redirects included |
//! | `SSL_CERT_FILE` | Mozilla's list, compiled in | a PEM file with the certificates to trust instead |
//!
//! A variable that cannot be used, a missing model or labels that do not fit it end the process
//! at start with a message and exit code 1.

#![forbid(unsafe_code)]

pub mod answer;
pub mod classifier;
pub mod config;
pub mod error;
pub mod event;
pub mod fetch;
pub mod handler;
pub mod labels;
mod report;
mod start;

pub use answer::Answer;
pub use classifier::Classifier;
pub use config::Config;
pub use error::Error;
pub use event::Event;
pub use handler::{Handler, Invocation};
/// Decoding and preprocessing, a crate of their own.
pub use keras_preprocess;
pub use start::StartError;
