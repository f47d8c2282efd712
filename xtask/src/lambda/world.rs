//! What a system may say of its processors.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::run::Result;

const CPUS: &str = "sys/devices/system/cpu";

/// The contents of /sys and /proc.
pub(super) struct World {
    pub(super) name: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// Folders where the kernel has files.
    folders: &'static [&'static str],
}

pub(super) const WORLDS: &[World] = &[
    World {
        name: "neither /sys nor /proc",
        files: &[],
        folders: &[],
    },
    World {
        name: "empty files in /sys and /proc",
        files: &[
            ("kernel_max", ""),
            ("possible", ""),
            ("present", ""),
            ("cpu0/regs/identification/midr_el1", ""),
            ("/proc/cpuinfo", ""),
        ],
        folders: &["cpu1"],
    },
    World {
        name: "nonsense in /sys and /proc",
        files: &[
            ("kernel_max", "99999999999999999999"),
            ("possible", "4294967295-0,,-,x,7-"),
            ("present", "0-4294967294"),
            ("cpu0/topology/core_siblings_list", "3-1000000"),
            ("cpu0/topology/physical_package_id", "-1"),
            ("cpu0/cache/index2/level", "2"),
            ("cpu0/cache/index2/size", "99999999999K"),
            ("cpu0/cache/index2/shared_cpu_list", "0"),
            ("cpu0/cpufreq/cpuinfo_max_freq", "fast"),
            // A processor that has instructions which others lack.
            ("cpu1/regs/identification/midr_el1", "0x00000000414fd0c1\n"),
            (
                "/proc/cpuinfo",
                "processor\t: 4294967295\napicid : 99999999999\n\nBogoMIPS\nCPU part\t: zzz\n: :\n\0\0",
            ),
        ],
        folders: &[
            "cpu0/regs/identification/midr_el1",
            "cpu0/cache/index0/size",
        ],
    },
    World {
        name: "another machine's /sys and /proc",
        files: &[
            ("kernel_max", "255\n"),
            ("possible", "0-63\n"),
            ("present", "0-63\n"),
            ("cpu0/cache/index2/level", "2\n"),
            ("cpu0/cache/index2/size", "2048K\n"),
            ("cpu0/cache/index2/shared_cpu_list", "0\n"),
            ("cpu0/regs/identification/midr_el1", "0x00000000413fd0c1\n"),
            ("cpu1/regs/identification/midr_el1", "0x00000000413fd0c1\n"),
            (
                "/proc/cpuinfo",
                "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n\
                 CPU part\t: 0xd0c\nCPU revision\t: 1\nFeatures\t: fp asimd asimddp asimdhp fphp\n",
            ),
        ],
        folders: &[],
    },
];

impl World {
    /// Makes `root` such a system, whatever it was before.
    pub(super) fn make(&self, root: &Path) -> Result<()> {
        for dir in ["sys", "proc"] {
            let dir = root.join(dir);
            match fs::remove_dir_all(&dir) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(format!("{}: {error}", dir.display()));
                }
                _ => {}
            }
        }
        let place = |name: &str| -> PathBuf {
            match name.strip_prefix('/') {
                Some(path) => root.join(path),
                None => root.join(CPUS).join(name),
            }
        };
        for folder in self.folders {
            let dir = place(folder);
            fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        }
        for (name, content) in self.files {
            let file = place(name);
            let dir = file.parent().unwrap_or(root);
            fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
            fs::write(&file, content).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(())
    }
}
