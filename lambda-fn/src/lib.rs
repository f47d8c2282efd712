//! An AWS Lambda function that classifies a picture with a TensorFlow Lite model.
//!
//! The binary `bootstrap` connects this library to the Lambda runtime. Everything else is here,
//! so that tests and other programs can call [`Handler::handle`] in-process.
//!
//! # Request and answer
//!
//! A direct invocation names one picture by its address, carries it as base64 (standard alphabet,
//! with or without padding, or as a `data:` URL), or names an object in S3:
//!
//! ```json
//! {"url": "https://example.com/pants.jpg"}
//! {"image": "/9j/4AAQSkZJRg…"}
//! {"s3": {"bucket": "pictures", "key": "pants.jpg"}}
//! ```
//!
//! The answer is one object, each label with the model's score, in the order of the labels:
//!
//! ```json
//! {"dress": -1.86, "hat": -4.76, "pants": 9.88}
//! ```
//!
//! A batch is `{"urls": [...]}` or `{"images": [...]}`. Its answer is `{"results": [...]}`, in the
//! same order, each `{"predictions": {"dress": -1.86, ...}}` or
//! `{"errorType": ..., "errorMessage": ...}`: one that fails does not harm the others.
//!
//! Fields beside them are options:
//!
//! | option | answer |
//! | --- | --- |
//! | `"top_k": 3` | only so many of the best, the best first |
//! | `"softmax": true` | probabilities that add up to 1 instead of scores |
//! | `"labels": false` | an array of scores in the order of the model's outputs; with `top_k`, of `{"index": 4, "score": 9.88}` |
//! | `"timings": true` | `{"predictions": ..., "timings": {"fetch_ms": 12.5, "decode_ms": 3.1, "preprocess_ms": 0.4, "invoke_ms": 31.0}, "picture": {"format": "JPEG", "width": 800, "height": 600, "bytes": 51234}}` |
//! | `"preview": true` | also `"preview"`, a data URL: the picture at the size of the model's input |
//!
//! # Other events
//!
//! API Gateway (with proxy integration or without), function URLs, load balancers, S3 and SQS are
//! told apart by the shape of their events: see [`adapter`]. By HTTP, `POST /predict` takes the same
//! JSON, a picture as the body, or an upload from a form: see [`web`]. `bootstrap serve` is an HTTP
//! server with the same paths: see [`serve`].
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
//! A failed request is answered with `{"errorType": …, "errorMessage": …}`, and by HTTP with a status.
//! The types are stable:
//!
//! | `errorType` | status | when |
//! | --- | --- | --- |
//! | `InvalidRequest` | 400 | The event is not JSON, not an object, does not have exactly one of the fields that name pictures, or an option is wrong. |
//! | `InvalidBase64` | 400 | `image` is not base64 in the standard alphabet. |
//! | `InvalidUrl` | 422 | `url`, or what it redirects to, is not a URL with `http` or `https`. |
//! | `ForbiddenAddress` | 422 | The host of `url`, or of what it redirects to, is not on the public internet: see [Addresses](#addresses). |
//! | `FetchFailed` | 502 | Name resolution, connection, TLS or transfer failed. |
//! | `HttpStatus` | 502 | The server answered with another status than 200. |
//! | `TooManyRedirects` | 502 | More than five redirects. |
//! | `TooLarge` | 413 | More bytes than `MAX_IMAGE_BYTES`, more pixels than `MAX_IMAGE_PIXELS`, more pictures than `MAX_BATCH`, or more than 250,000 values of JSON. |
//! | `UnsupportedImage` | 415 | The bytes are no picture (an HTML page, for instance), or of a kind that is not understood. |
//! | `InvalidImage` | 422 | The picture is damaged or cut off. |
//! | `S3Unavailable` | 503 | The request names an object in S3, and the function has no access to S3. |
//! | `Timeout` | 504 | The fetch took longer than `FETCH_TIMEOUT_SECONDS`, the connection longer than 3 s, or the invocation's time is nearly over. |
//! | `ModelError` | 500 | The interpreter failed or put out something that is no number. |
//! | `Internal` | 500 | A defect of this function: a panic, for instance. |
//! | `NotFound` | 404 | By HTTP: there is nothing at the path. |
//! | `MethodNotAllowed` | 405 | By HTTP: the path is there for other methods, which `Allow` names. |
//! | `UnsupportedMediaType` | 415 | By HTTP: the body is of a kind that is not understood. |
//! | `RequestTimeout` | 408 | `serve`: the body did not arrive in 30 s, or after 5 s with less than 10,000 bytes a second. |
//! | `TooManyRequests` | 429 | `serve`: as many requests are being answered as `--concurrency` allows, or their bodies take all the memory for that. |
//!
//! None of them harms the next request. After `ModelError` and a panic it gets a new interpreter.
//! Messages show URLs without credentials, query and fragment.
//!
//! # Deadlines
//!
//! A request ends 250 ms before the invocation does (`serve`: after `--timeout`), with `Timeout` and
//! what was done until then. The work behind it is told to stop: the runtime looks between two
//! operators. What XNNPACK computes is one operator for it, and runs to its end, up to all of the
//! model. The answer does not wait for that, but the interpreter stays busy so long, and is used
//! again afterwards. Whoever needs it waits, or has a `Timeout`, too; with `INTERPRETERS` there are
//! more. The work is also stopped when the client of `serve` goes away.
//!
//! # Addresses
//!
//! Pictures are fetched from public addresses only: not from this host, private and link-local
//! networks, the metadata services of clouds, reserved networks and the Lambda runtime's
//! interface, and not from IPv6 addresses that lead to those. Each redirect is checked, a name
//! after its resolution, and the connection goes to the addresses that were checked
//! ([`fetch::PublicOnly`]). Proxies of the environment are not used. `ALLOW_PRIVATE_URLS=1` turns
//! the check off, for tests and for functions that only trusted callers reach.
//!
//! # Models from elsewhere
//!
//! `MODEL_URI` names a model that is not in the package. It comes at start, into memory; nothing is
//! written to a disk. What may pass (a connection that breaks, 408, 429, 5xx) is tried again, after
//! 100 ms, 200 ms and so on, until `MODEL_TIMEOUT_SECONDS` are over. The address may be private:
//! it is the operator's. `http://` is taken together with `MODEL_SHA256` only. Labels come from
//! `LABELS_URI`, `LABELS_PATH` or the model's metadata.
//!
//! With `MODEL_REFRESH_SECONDS`, a request that comes so long after the last look starts another
//! one, for which nobody waits. If an entity tag (ETag) has changed, the new model and its labels
//! are loaded, verified and run once while the old ones serve; then they serve. Whatever fails is a
//! line of the log, and the old ones serve on. For that time there is memory for both.
//!
//! S3 is asked as the tools of AWS do it: `AWS_REGION` or `AWS_DEFAULT_REGION`, the keys in
//! `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, which Lambda sets, or those
//! of the endpoint in `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `…_RELATIVE_URI`, and for another
//! server `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`. The role needs `s3:GetObject`, for a version
//! `s3:GetObjectVersion`.
//!
//! # Environment variables
//!
//! | variable | default | meaning |
//! | --- | --- | --- |
//! | `MODEL_PATH` | `clothing.tflite` in `LAMBDA_TASK_ROOT` or beside the executable | the model |
//! | `MODEL_URI` | `MODEL_PATH` | the model: a path, `https://…` or `s3://bucket/key[?versionId=…]`; see [Models from elsewhere](#models-from-elsewhere) |
//! | `LABELS_URI` | `LABELS_PATH` | the labels, likewise |
//! | `MODEL_SHA256` | none | 64 hexadecimal digits: another model is refused |
//! | `TFLITE_STABLE_FILES` | 0 | 1: the files of the model and its packed weights never change, so they are mapped; see [`tflite::StableFiles`] |
//! | `WEIGHTS_PATH` | the model's path with the extension `weights`, if it exists | the packed weights; used only with `TFLITE_STABLE_FILES` |
//! | `MODEL_REFRESH_SECONDS` | never | how often it is looked whether there is another model |
//! | `MODEL_TIMEOUT_SECONDS` | 9 | how long the model may take to come at start, all attempts included |
//! | `MAX_MODEL_BYTES` | 256,000,000 | the largest model from elsewhere |
//! | `PREPROCESSOR` | what the model's metadata say, or `tf` | how pictures are prepared: `tf`, `caffe`, `torch` or `raw` |
//! | `INPUT_SIZE` | what the model says | height and width that pictures are resized to, for models that leave them open: `299`, `224x320` |
//! | `LABELS_PATH` | the model's path with the extension `labels.txt`; without such a file, the labels in the model's metadata | one label a line, in the order of the outputs |
//! | `INTERPRETERS` | `AWS_LAMBDA_MAX_CONCURRENCY`, but no more than the machine's parallelism; without it 1 | how many pictures are classified at the same time, up to 64 |
//! | `NUM_THREADS` | the machine's parallelism, on Lambda one for 1,769 MB of the function's memory, divided by the interpreters | threads of one inference, from 1 to 128 |
//! | `WARM_UP` | 0 where a request waits for the start (`AWS_LAMBDA_INITIALIZATION_TYPE` is `on-demand`), else 1 | 1: run the model once before the first request |
//! | `MAX_IMAGE_BYTES` | 10,000,000 | the largest encoded picture |
//! | `MAX_IMAGE_PIXELS` | 50,000,000 | the largest decoded picture, width times height |
//! | `FETCH_TIMEOUT_SECONDS` | 10 | the longest fetch, redirects included |
//! | `ALLOW_PRIVATE_URLS` | 0 | 1: fetch pictures from addresses that are not public, too |
//! | `SSL_CERT_FILE` | Mozilla's list, compiled in | a PEM file with the certificates to trust instead |
//! | `MAX_BATCH` | 16 | the most pictures of one request |
//! | `CORS_ALLOW_ORIGIN` | `*` | whose pages may call the function by HTTP: `*`, one origin, or `none` |
//! | `AWS_LAMBDA_LOG_FORMAT` | `JSON` | the log: one object a line, or `Text` |
//! | `AWS_LAMBDA_LOG_LEVEL` | `INFO` | `WARN`: only requests that failed; `ERROR`: only by no fault of the caller's |
//! | `METRICS_NAMESPACE` | none | where CloudWatch puts metrics, which the log then contains |
//!
//! A variable that cannot be used, a missing model or labels that do not fit it end the process
//! at start with a message and exit code 1.

#![forbid(unsafe_code)]

pub mod adapter;
pub mod answer;
pub mod classifier;
pub mod config;
pub mod error;
pub mod event;
pub mod fetch;
pub mod handler;
mod json;
pub mod labels;
mod outcome;
mod preview;
pub mod remote;
mod report;
pub mod request;
pub mod s3;
pub mod serve;
mod start;
pub mod web;

pub use adapter::Reply;
pub use answer::Answer;
pub use classifier::Classifier;
pub use config::Config;
pub use error::Error;
pub use event::Event;
pub use handler::{Handler, Invocation, Policy};
/// Decoding and preprocessing, a crate of their own.
pub use keras_preprocess;
pub use report::{LogFormat, LogLevel, LogOptions};
pub use request::Request;
pub use start::StartError;
