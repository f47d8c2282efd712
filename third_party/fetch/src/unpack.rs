//! Decompressing an archive while it is read.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::{panic, thread};

use crate::archive::{Archive, Stop};
use crate::select::{self, Selection};
use crate::untar::{self, untar};
use crate::{Error, Pin, Progress, Settings};

/// Reads the archive to its end and writes what is selected below `dest`, which exists.
///
/// What was written is worth nothing unless this succeeds and the archive's hash is right.
///
/// The program `xz` decompresses. Build scripts and what they depend on are compiled at
/// optimisation level 0, where a decoder in Rust would take several times as long; nor is liblzma
/// on every machine that has `xz`.
pub(crate) fn unpack(
    archive: &mut Archive<'_>,
    pin: &Pin,
    settings: &Settings,
    dest: &Path,
    progress: &mut dyn Progress,
) -> Result<(), Stop> {
    let selection = Selection::new(pin);
    let mut xz = start_xz(settings)?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (xz.stdin.take(), xz.stdout.take(), xz.stderr.take())
    else {
        unreachable!("all three were asked for as pipes");
    };
    // This thread feeds xz and two others empty it: one thread that did both would wait for ever
    // once both pipes are full.
    let (fed, written, complaints) = thread::scope(|scope| {
        let writer = scope.spawn(|| untar(stdout, &pin.root, &selection, dest));
        let listener = scope.spawn(|| first_lines(stderr));
        let fed = feed(archive, stdin, progress);
        if fed.is_err() {
            // The others then meet the end of their pipes. It may have ended by itself already.
            let _ = xz.kill();
        }
        (
            fed,
            writer
                .join()
                .unwrap_or_else(|panic| panic::resume_unwind(panic)),
            listener
                .join()
                .unwrap_or_else(|panic| panic::resume_unwind(panic)),
        )
    });
    let status = xz
        .wait()
        .map_err(|error| Error::io("wait for", "xz".as_ref(), error))?;
    fed?;
    match written {
        // Reading stopped at a fault of our own making; xz only noticed.
        Err(untar::Fault::Refused(error)) => return Err(error.into()),
        Err(untar::Fault::Stream(_)) | Ok(()) if !status.success() => {
            let reason = if complaints.is_empty() {
                status.to_string()
            } else {
                complaints
            };
            return Err(Error::Damaged {
                from: archive.from(),
                reason,
            }
            .into());
        }
        Err(untar::Fault::Stream(error)) => {
            return Err(Error::Damaged {
                from: archive.from(),
                reason: error.to_string(),
            }
            .into());
        }
        Ok(()) => {}
    }
    archive.verify()?;
    let missing = selection.missing_in(dest);
    if !missing.is_empty() {
        let missing = select::list(&missing);
        return Err(Error::MissingFolder {
            from: archive.from(),
            missing,
        }
        .into());
    }
    Ok(())
}

fn start_xz(settings: &Settings) -> Result<Child, Error> {
    Command::new(&settings.xz)
        // -T0: as many threads as there are cores, where the archive was packed in blocks.
        .args(["-d", "-c", "-T0"])
        .env_remove("XZ_DEFAULTS")
        .env_remove("XZ_OPT")
        // Its complaints go into messages.
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::XzMissing,
            _ => Error::io("run", settings.xz.as_ref(), error),
        })
}

/// Gives the archive to xz. Closes the pipe at the end.
fn feed(
    archive: &mut Archive<'_>,
    mut stdin: ChildStdin,
    progress: &mut dyn Progress,
) -> Result<(), Stop> {
    let mut buffer = vec![0; 1 << 17];
    loop {
        let count = archive.read(&mut buffer, progress)?;
        if count == 0 {
            return Ok(());
        }
        match stdin.write_all(&buffer[..count]) {
            Ok(()) => {}
            // xz ended: it or the writer behind it has met an error, and says which.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Error::io("write to", "xz".as_ref(), error).into()),
        }
    }
}

/// The beginning of what xz complains of; the rest is read, lest it wait, and dropped.
fn first_lines(mut stderr: impl Read) -> String {
    let mut text = Vec::new();
    let _ = stderr.by_ref().take(2000).read_to_end(&mut text);
    let _ = io::copy(&mut stderr, &mut io::sink());
    String::from_utf8_lossy(&text).trim().replace('\n', "; ")
}
