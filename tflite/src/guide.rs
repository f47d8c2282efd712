//! Pages on what is not about one item alone.
//!
//! - [Ownership and threads](ownership_and_threads): who keeps what alive, and what may run at the
//!   same time.
//! - [Quantized models](quantized_models): integers that stand for real numbers.
//! - [XNNPACK and weight caches](xnnpack_and_weight_caches): fast kernels, and when they are not used.
//! - [On AWS Lambda](on_lambda): what is done once, and what for each request.
//! - [Soundness and trust](soundness_and_trust): what safe code can rely on, and what it cannot.
//!
//! All examples in them run as tests.

#[doc = include_str!("../guide/ownership_and_threads.md")]
pub mod ownership_and_threads {}

#[doc = include_str!("../guide/quantized_models.md")]
pub mod quantized_models {}

#[doc = include_str!("../guide/xnnpack_and_weight_caches.md")]
pub mod xnnpack_and_weight_caches {}

#[doc = include_str!("../guide/on_lambda.md")]
pub mod on_lambda {}

#[doc = include_str!("../guide/soundness_and_trust.md")]
pub mod soundness_and_trust {}
