//! What a file of packed weights belongs to.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

use twox_hash::XxHash3_128;

use super::sample::sample;
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
    /// Of all bytes, if they were read.
    pub(super) model: Option<u128>,
    /// Of those that tell models apart.
    pub(super) sample: u128,
    pub(super) library: u128,
    pub(super) processor: u128,
    pub(super) flags: u32,
    pub(super) runtime_flags: u32,
}

impl Key {
    pub(super) fn new(model: &Model, settings: Settings) -> Self {
        Self {
            model: Some(model.fingerprint()),
            ..Self::sampled(model, settings)
        }
    }

    /// Without a checksum of all the model's bytes.
    pub(super) fn sampled(model: &Model, settings: Settings) -> Self {
        Self {
            model: None,
            sample: sample(model.as_bytes()),
            library: hash(tflite_sys::LIBRARY_ID.as_bytes()),
            processor: processor(),
            flags: settings.flags,
            runtime_flags: settings.runtime_flags,
        }
    }

    /// Why a file with the `other` key does not fit.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = |model: u128| other.model.is_some_and(|other| other != model);
        if self.sample != other.sample || self.model.is_some_and(differs) {
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
///
/// In the pinned source (hardware-config.c, gemm-config.c) these are instruction sets, some kinds
/// of AMD's processors, which family and model tell, and of Arm's, which part and variant tell. So
/// Intel's model numbers do not matter, nor steppings and revisions; and of the flags on x86 only
/// those of instructions on vectors, since others depend on the kernel and the hypervisor.
fn describe(text: &str) -> String {
    const FIELDS: [&str; 8] = [
        "vendor_id",
        "cpu family",
        "model",
        "flags",
        "Features",
        "CPU implementer",
        "CPU variant",
        "CPU part",
    ];
    const VECTORS: [&str; 8] = ["mmx", "sse", "ssse", "pni", "avx", "amx", "fma", "gfni"];
    let is_intel = text.contains("GenuineIntel");
    let lines = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.trim(), value.trim());
        if !FIELDS.contains(&name) || (is_intel && name == "model") {
            return None;
        }
        let mut words: Vec<&str> = value.split_whitespace().collect();
        if name == "flags" {
            let is_one = |word: &str| VECTORS.iter().any(|start| word.starts_with(start));
            words.retain(|word| is_one(word) || matches!(*word, "f16c" | "vaes" | "vpclmulqdq"));
        }
        Some(format!("{name}: {}", words.join(" ")))
    });
    let mut lines: Vec<String> = lines.collect();
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
        assert_eq!(describe(&one.replace("fpu", "ibpb")), both, "no kernels");
        let model = |vendor: &str, model: u32, stepping: u32| {
            let flags = "flags : avx2";
            describe(&format!(
                "vendor_id : {vendor}\nmodel : {model}\nstepping : {stepping}\n{flags}\n"
            ))
        };
        assert_eq!(model("GenuineIntel", 1, 1), model("GenuineIntel", 2, 2));
        assert_ne!(model("AuthenticAMD", 1, 1), model("AuthenticAMD", 2, 1));
        assert_eq!(model("AuthenticAMD", 1, 1), model("AuthenticAMD", 1, 2));
    }

    #[test]
    fn each_part_of_a_key_counts() {
        let key = Key {
            model: Some(1),
            sample: 6,
            library: 2,
            processor: 3,
            flags: 4,
            runtime_flags: 5,
        };
        assert_eq!(key.difference(&key), None);
        let others = [
            Key {
                model: Some(0),
                ..key
            },
            Key { sample: 0, ..key },
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
        let sampled = Key { model: None, ..key };
        assert_eq!(sampled.difference(&key), None);
    }
}
