//! What the documents claim, against the source and the tests.

mod c_api;
mod safety;
mod source;
mod text;
