//! Models from elsewhere: from servers that fail in all manners, and from a server of S3's protocol.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

mod faults;
mod function;
mod moto;
mod refresh;
mod server;
