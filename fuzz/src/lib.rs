//! What the fuzz targets have in common.

#![forbid(unsafe_code)]

pub mod bytes;
pub mod damage;
pub mod flatbuffer;
pub mod models;
pub mod run;
pub mod watchdog;
