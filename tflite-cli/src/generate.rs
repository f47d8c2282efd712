//! Shell completions and man pages.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::console;
use crate::error::{Failure, Result};

/// Print what completes commands in a shell
///
/// For example: tflite completions bash > ~/.local/share/bash-completion/completions/tflite
#[derive(Args)]
pub(crate) struct CompletionsOptions {
    /// The shell
    shell: Shell,
}

/// Print the man page, or write those of all commands
#[derive(Args)]
pub(crate) struct ManOptions {
    /// The command to print the page of; without one, that of tflite itself
    #[arg(conflicts_with = "output")]
    command: Option<String>,
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(crate) fn completions(options: &CompletionsOptions) -> Result<ExitCode> {
    // The generators panic if they cannot write.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "tflite", &mut script);
    print(&script)
}

pub(crate) fn man(options: &ManOptions) -> Result<ExitCode> {
    let mut root = Cli::command();
    // Passes on to the commands what they inherit, such as their full names.
    root.build();
    if let Some(folder) = &options.output {
        std::fs::create_dir_all(folder).map_err(|source| Failure::write(folder, source))?;
        clap_mangen::generate_to(root, folder).map_err(|source| Failure::write(folder, source))?;
        return Ok(ExitCode::SUCCESS);
    }
    let command = match &options.command {
        None => root,
        Some(name) => root.find_subcommand(name).cloned().ok_or_else(|| {
            let known: Vec<_> = root
                .get_subcommands()
                .map(clap::Command::get_name)
                .collect();
            Failure::Usage(format!(
                "there is no command {name:?}, only {}",
                known.join(", ")
            ))
        })?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    print(&page)
}

fn print(bytes: &[u8]) -> Result<ExitCode> {
    let mut out = console::results();
    out.write_all(bytes)?;
    console::finish(out)?;
    Ok(ExitCode::SUCCESS)
}
