//! What a file of packed weights belongs to.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

use twox_hash::XxHash3_128;

use crate::model::Model;

/// What changes how weights are packed, or which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) flags: u32,
    pub(crate) runtime_flags: u32,
    /// Whether other delegates are there, which take operators away, or fix shapes.
    pub(crate) others: bool,
}

/// What a file of packed weights belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) model: u128,
    pub(super) library: u128,
    pub(super) processor: u128,
    pub(super) flags: u32,
    pub(super) runtime_flags: u32,
}

impl Key {
    pub(super) fn new(model: &Model, settings: Settings) -> Self {
        Self {
            model: model.fingerprint(),
            library: hash(tflite_sys::LIBRARY_ID.as_bytes()),
            processor: processor(),
            flags: settings.flags,
            runtime_flags: settings.runtime_flags,
        }
    }

    /// Why a file with the `other` key does not fit.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.model != other.model {
            return Some("it was made for another model");
        }
        if self.library != other.library {
            return Some("it was made by another build of the library");
        }
        if self.processor != other.processor {
            return Some("it was made on another kind of processor");
        }
        if (self.flags, self.runtime_flags) != (other.flags, other.runtime_flags) {
            return Some("it was made with other flags");
        }
        None
    }
}

/// Not cryptographic: it finds damage and mistakes.
pub(crate) fn hash(bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot(bytes)
}

/// The most that is read of the system's description of its processors.
const MAX_DESCRIPTION: u64 = 1 << 16;

/// What the system says of its processors, without what differs between two of a kind.
fn processor() -> u128 {
    static PROCESSOR: OnceLock<u128> = OnceLock::new();
    *PROCESSOR.get_or_init(|| {
        let mut text = String::new();
        if let Ok(file) = File::open("/proc/cpuinfo") {
            // A description that is cut, or missing, is still one.
            let _ = file.take(MAX_DESCRIPTION).read_to_string(&mut text);
        }
        hash(describe(&text).as_bytes())
    })
}

/// Lines such as `cpu family : 6` that say which kernels XNNPACK chooses, each once.
fn describe(text: &str) -> String {
    const FIELDS: [&str; 10] = [
        "vendor_id",
        "cpu family",
        "model",
        "stepping",
        "flags",
        "Features",
        "CPU implementer",
        "CPU variant",
        "CPU part",
        "CPU revision",
    ];
    let lines = text.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default().trim();
        FIELDS.contains(&name)
    });
    let mut lines: Vec<&str> = lines.collect();
    lines.sort_unstable();
    lines.dedup();
    format!("{} {}", std::env::consts::ARCH, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_told_apart_by_what_they_can_do() {
        let one = "processor\t: 0\nvendor_id\t: X\nflags\t\t: fpu avx2\ncpu MHz\t\t: 3000.1\n";
        let two = one.replace(": 0", ": 1").replace("3000.1", "2999.9");
        let both = describe(&format!("{one}\n{two}"));
        assert_eq!(describe(one), both, "clocks and numbers do not matter");
        assert_ne!(describe(&one.replace("avx2", "avx512f")), both);
    }

    #[test]
    fn each_part_of_a_key_counts() {
        let key = Key {
            model: 1,
            library: 2,
            processor: 3,
            flags: 4,
            runtime_flags: 5,
        };
        assert_eq!(key.difference(&key), None);
        let others = [
            Key { model: 0, ..key },
            Key { library: 0, ..key },
            Key {
                processor: 0,
                ..key
            },
            Key { flags: 0, ..key },
            Key {
                runtime_flags: 0,
                ..key
            },
        ];
        for other in others {
            assert!(key.difference(&other).is_some());
        }
    }
}
