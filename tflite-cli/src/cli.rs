//! The command line.

use std::sync::OnceLock;

use clap::{Parser, Subcommand};

use crate::error::EXIT_CODES;
use crate::{bench, generate, inspect, run, verify};

/// Looks at TensorFlow Lite models, verifies, runs and measures them
///
/// Results go to standard output, messages to standard error. Models are verified before the runtime
/// sees them. Colours are used on terminals only, and never if NO_COLOR is set.
#[derive(Parser)]
#[command(name = "tflite", version = version(), after_long_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Inspect(inspect::Options),
    Verify(verify::Options),
    Run(run::Options),
    Bench(bench::Options),
    Completions(generate::CompletionsOptions),
    Man(generate::ManOptions),
}

/// Of this tool, and of the runtime that is linked.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let (tool, runtime) = (env!("CARGO_PKG_VERSION"), tflite::version());
        format!("{tool} (TensorFlow Lite {runtime})")
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_definitions_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
