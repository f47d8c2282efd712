//! `C_API.md`.
