//! Shows how far the fetch and the build are.
//!
//! Cargo captures what a build script prints, so this goes to the terminal itself, or to the file
//! that `TFLITE_SYS_PROGRESS` names.

use std::fs::{self, File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tflite_sys_source::{Progress, Silent, TerminalBar};

use crate::vars;

/// A progress bar for the fetch.
pub(crate) fn bar() -> Box<dyn Progress> {
    match open() {
        Some(file) => {
            let in_place = file.is_terminal();
            Box::new(TerminalBar::new(file, in_place))
        }
        None => Box::new(Silent),
    }
}

fn open() -> Option<File> {
    match vars::get_quietly(vars::PROGRESS) {
        Some(off) if off == "off" => None,
        Some(path) => OpenOptions::new().append(true).open(path).ok(),
        None => cargos_terminal(),
    }
}

/// The terminal that Cargo writes to, if it does. Whoever runs Cargo in the background, as editors
/// do, wants no line from here on a terminal of theirs.
#[cfg(target_os = "linux")]
fn cargos_terminal() -> Option<File> {
    let stderr = format!("/proc/{}/fd/2", std::os::unix::process::parent_id());
    let file = OpenOptions::new().append(true).open(stderr).ok()?;
    file.is_terminal().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn cargos_terminal() -> Option<File> {
    None
}

/// Says one thing.
pub(crate) fn note(text: &str) {
    if let Some(mut out) = open() {
        // It is no more than a courtesy.
        let _ = writeln!(out, "{text}");
    }
}

/// Reports the steps of a running ninja build, until dropped.
pub(crate) struct BuildWatch {
    stop: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BuildWatch {
    /// Watches the build in `dir`, where ninja logs each finished step.
    pub(crate) fn start(dir: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let failed = Arc::new(AtomicBool::new(false));
        let thread = open().map(|out| {
            let (stop, failed) = (Arc::clone(&stop), Arc::clone(&failed));
            thread::spawn(move || watch(&dir, out, &stop, &failed))
        });
        Self {
            stop,
            failed,
            thread,
        }
    }
}

impl Drop for BuildWatch {
    fn drop(&mut self) {
        // The cmake crate panics when a build fails.
        self.failed.store(thread::panicking(), Ordering::Relaxed);
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in the watcher has nothing to say about the build.
            let _ = thread.join();
        }
    }
}

fn watch(dir: &Path, mut out: File, stop: &AtomicBool, failed: &AtomicBool) {
    let in_place = out.is_terminal();
    // Off a terminal each report is a line of its own, so there are few.
    let pause = Duration::from_secs(if in_place { 1 } else { 30 });
    let started = Instant::now();
    while !stop.load(Ordering::Acquire) {
        thread::park_timeout(pause);
        let Some(total) = steps(dir).filter(|&total| total > 0) else {
            continue;
        };
        let done = logged(dir).min(total);
        let took = started.elapsed().as_secs();
        // No time left is guessed: the first steps take a hundred times as long as the last.
        let line = format!("Compiling TensorFlow Lite: {done} of {total} steps after {took} s");
        let _ = if in_place {
            write!(out, "\r\x1b[K{line}")
        } else {
            writeln!(out, "{line}")
        };
    }
    let took = started.elapsed().as_secs();
    let clear = if in_place { "\r\x1b[K" } else { "" };
    let end = if failed.load(Ordering::Relaxed) {
        "stopped after"
    } else {
        "done in"
    };
    let _ = writeln!(out, "{clear}Compiling TensorFlow Lite: {end} {took} s");
}

/// How many objects the build makes.
fn steps(dir: &Path) -> Option<usize> {
    let plan = fs::read_to_string(dir.join("build.ninja")).ok()?;
    Some(plan.lines().filter(|line| is_object_step(line)).count())
}

fn is_object_step(line: &str) -> bool {
    line.starts_with("build ") && line.contains(".o: ") && !line.contains("cpuinfo_internals")
}

fn logged(dir: &Path) -> usize {
    fs::read_to_string(dir.join(".ninja_log"))
        .map(|log| log.lines().filter(|line| line.contains(".o\t")).count())
        .unwrap_or(0)
}
