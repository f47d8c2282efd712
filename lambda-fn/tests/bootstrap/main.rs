//! The binary itself: how it starts, how it fails to start, and what it answers to the runtime.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

mod answers;
mod concurrency;
mod failures;
mod faults;
mod process;
mod runtime_api;
mod serve;
#[path = "../table/mod.rs"]
mod table;
mod weights;
