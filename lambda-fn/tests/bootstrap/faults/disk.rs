//! No room to write anything.

use std::{fs, path::Path, process::Command};

use super::server::{MODEL, Served, picture, repository, respond, server};
use crate::{process::file, table};

/// A mount namespace of its own, where `/tmp` is a file system of one page that is full. The program
/// and its files may be below the real `/tmp`, so that they are opened before.
const FULL: &str = "\
set -e
exec 7<\"$1\" 8<\"$2\" 9<\"$3\"
mount -t tmpfs -o size=4k tmpfs /tmp
head -c 4096 /dev/zero > /tmp/full
! (echo more > /tmp/more) 2> /dev/null
rm -f /tmp/more
cd /
MODEL_PATH=/proc/self/fd/8 LABELS_PATH=/proc/self/fd/9 exec /proc/self/fd/7 serve --port 0
";

/// How to get a namespace, as root and as somebody else, or why there is none.
fn unshare() -> Result<Vec<&'static str>, String> {
    let mut said = String::new();
    for options in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let output = Command::new("unshare")
            .args(options)
            .args(["mount", "-t", "tmpfs", "tmpfs", "/tmp"])
            .output();
        match output {
            Ok(output) if output.status.success() => return Ok(options.to_vec()),
            Ok(output) => said = String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => said = error.to_string(),
        }
    }
    Err(said)
}

#[test]
fn a_full_tmp_does_not_matter() {
    let options = match unshare() {
        Ok(options) => options,
        Err(reason) => {
            println!("skipped: no namespace with a /tmp of its own: {reason}");
            return;
        }
    };
    let pictures = server(|path, stream| match path {
        "/good" => respond(stream, "", &picture("rgb.png")),
        _ => respond(stream, "", &vec![0xff; 9_000_000]),
    });
    let mut command = Command::new("unshare");
    command
        .args(options)
        .args(["sh", "-c", FULL, "sh", env!("CARGO_BIN_EXE_bootstrap")])
        .arg(repository(MODEL))
        .arg(file("disk.labels.txt", b"a\nb\nc\nd\ne\n"))
        .env("ALLOW_PRIVATE_URLS", "1");
    let served = Served::launch(&mut command);
    let expected = served.good();
    // As large as may be, by all ways.
    let large = served.upload(&vec![0xff; 9_000_000]);
    assert_eq!(large.status, 415, "{large:?}");
    assert_eq!(served.ask(&format!("http://{pictures}/large")).status, 415);
    let answer = served.ask(&format!("http://{pictures}/good"));
    assert_eq!(answer, expected);
    // It sees the full /tmp, and has put nothing there. Where the process is another user's in name,
    // its files are not ours to see.
    let process = Path::new("/proc").join(served.process_id().to_string());
    if let Ok(entries) = fs::read_dir(process.join("root").join("tmp")) {
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["full"]);
    }
    table::row(
        "/tmp is full",
        &answer.told(pictures),
        &served.good().told(pictures),
    );
}
