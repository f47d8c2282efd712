//! How much memory this process has used.

use std::fs;

/// The most that was resident at once, in bytes; `None` where the system does not tell in a way that
/// needs no unsafe code, which is all but Linux.
pub(super) fn peak_rss() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        let status = "VmPeak:\t  999 kB\nVmHWM:\t   12340 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(parse(status), Some(12_340 * 1024));
        assert_eq!(parse("VmHWM:\t many kB\n"), None);
        assert_eq!(parse(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_that_is_used_is_seen() {
        let before = peak_rss().expect("Linux");
        let large = vec![1_u8; 64 << 20];
        assert!(
            peak_rss().expect("Linux") >= before.max(64 << 20),
            "{}",
            large.len()
        );
    }
}
