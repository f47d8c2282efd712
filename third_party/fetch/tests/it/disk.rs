//! A full disk.

use std::path::{Path, PathBuf};
use std::process::Command;

use tflite_sys_source::Error;

use crate::sample::{Entries, Home, pin};

/// A file system of 128 KiB, unmounted when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=128k", "tmpfs"])
            .arg(path)
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(path.to_owned())),
            _ => None,
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk() {
    let archive = Entries::usual().pack();
    let pin = pin(&archive);
    let home = Home::with_archive(&archive);
    let Some(_small) = Small::mount(&home.trees()) else {
        println!("skipped: only root can mount the small file system that this needs");
        return;
    };
    let error = home.fails(&pin);
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("XDG_CACHE_HOME"), "{error}");
}
