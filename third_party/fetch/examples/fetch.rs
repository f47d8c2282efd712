//! Fetches the pinned source as a build would, and says where it is.
//!
//! `cargo run -p tflite-sys-source --example fetch [FOLDER]`: into the cache, or into a folder.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use tflite_sys_source::{Error, Settings, TerminalBar, ensure, pins, vendor};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let pins = pins()?;
    let settings = Settings::from_env(|name| std::env::var_os(name));
    let mut bar = TerminalBar::stderr();
    for pin in &pins.archives {
        let start = Instant::now();
        let tree = match std::env::args_os().nth(1) {
            None => ensure(pin, &settings, &mut bar)?,
            Some(folder) => {
                vendor(pin, &settings, Path::new(&folder), &mut bar)?;
                folder.into()
            }
        };
        println!("{} ({:.1?})", tree.display(), start.elapsed());
    }
    Ok(())
}
