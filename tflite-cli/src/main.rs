//! The command line of TensorFlow Lite: looks at models, verifies, runs and measures them.

#![forbid(unsafe_code)]

mod array;
mod bench;
mod cli;
mod console;
mod error;
mod generate;
mod inspect;
mod model;
mod run;
mod table;
mod target;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::error::Result;

fn main() -> ExitCode {
    // Prints the help and exits with 0, or says what is wrong and exits with 2.
    let cli = Cli::parse();
    match run(&cli.command) {
        Ok(code) => code,
        // Whoever read the results has read enough.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            console::error(&failure);
            failure.code()
        }
    }
}

fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Inspect(options) => inspect::run(options),
        Command::Verify(options) => verify::run(options),
        Command::Run(options) => run::run(options).map(|()| ExitCode::SUCCESS),
        Command::Bench(options) => bench::run(options).map(|()| ExitCode::SUCCESS),
        Command::Completions(options) => generate::completions(options),
        Command::Man(options) => generate::man(options),
    }
}
