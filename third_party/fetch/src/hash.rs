//! SHA-256 of a stream.

use ring::digest::{Context, Digest, SHA256};

/// Hashes what passes and counts it.
#[derive(Clone)]
pub(crate) struct Hasher {
    context: Context,
    bytes: u64,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            context: Context::new(&SHA256),
            bytes: 0,
        }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.context.update(data);
        self.bytes += data.len() as u64;
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hash so far, in lower-case hexadecimal.
    pub(crate) fn hex(&self) -> String {
        hex(self.context.clone().finish())
    }
}

pub(crate) fn hex(digest: Digest) -> String {
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
