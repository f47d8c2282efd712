//! Fetching archives that the tests make, from files and from a server on the loopback.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at whatever it did not expect"
)]

mod cache;
mod disk;
mod download;
mod local;
mod pins;
mod sample;
mod server;
