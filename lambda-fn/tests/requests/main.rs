//! Whole requests, good and bad, against servers on the loopback interface.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

mod bad_inputs;
mod deadline;
mod events;
mod faults;
mod fetch;
mod handler;
mod log;
mod model;
mod refusals;
mod samples;
mod serve;
mod server;
#[path = "../table/mod.rs"]
mod table;
mod tls;
