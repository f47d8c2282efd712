//! How much memory this process has ever used. `lambda-fn`'s test takes this file, too.

use std::fs;

/// The largest resident size so far, in kB.
pub(crate) fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
