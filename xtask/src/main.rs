//! The project's own commands, run as `cargo xtask <command>`.

#![forbid(unsafe_code)]

mod bench;
mod bindings;
mod chart;
mod checks;
mod classify;
mod clients;
mod containers;
mod conversion;
mod cross;
mod debian;
mod demo;
mod deployment;
mod dockerfiles;
mod emulator;
mod endtoend;
mod evaluate;
mod fuzz;
mod glibc;
mod hidden;
mod instructions;
mod instrumented;
mod lambda;
mod load;
mod msrv;
mod objects;
mod package;
mod parity;
mod progress;
mod python;
mod run;
mod rust_std;
mod sanitize;
mod selected;
mod served;
mod setup;
mod size;
mod test;
mod unlinked;
mod vendor;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and classify a picture under AWS's Lambda emulator
    Demo(demo::Options),
    /// Run the whole check: format, lints, tests, end to end, bindings, licences
    Test(checks::Options),
    /// Build for Lambda's systems and run there: old libraries, x86-64 and arm64, no /sys, no /proc
    TestLambda(checks::Options),
    /// Put the foreign source into third_party/src, for builds without a network
    Vendor,
    /// Regenerate tflite-sys/src/bindings.rs from the pinned headers
    Bindings(bindings::Options),
    /// Run the tests under AddressSanitizer, LeakSanitizer, UndefinedBehaviorSanitizer and others
    Sanitize(checks::Options),
    /// Run the fuzz targets for a while, and say what came of it
    Fuzz(fuzz::Options),
    /// Build for Lambda, x86-64 or arm64, with an old glibc and without a container
    Build(cross::Options),
    /// Say which glibc and libraries a program needs, and fail if that is more than Lambda has
    CheckGlibc(glibc::Options),
    /// Make the zip for Lambda and what the image takes, and the prebuilt library if asked for
    Package(package::Options),
    /// Say what takes the space in the Lambda function's program, with all operators and with a model's
    Size(size::Options),
    /// Build in a container, and run the image, the zip and a build with the prebuilt library
    Containers(checks::Options),
    /// Send thousands of requests, one at a time and many at a time, and look at the memory
    Load(load::Options),
    /// Count instructions with valgrind, and compare them with those that are committed
    Instructions(instructions::Options),
    /// Compare outputs and speed with the official Python interpreter, side by side
    Parity(parity::Options),
    /// Measure beside other runtimes and servers, in turns, and write docs/bench
    Bench(bench::Options),
    /// Classify labelled pictures, and say how often the model is right
    Evaluate(evaluate::Options),
    /// Convert made-up Keras models, and compare Keras, the Python interpreter and our runtime
    ConvertTest(conversion::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::TestLambda(options) => lambda::run(&options),
        Task::Vendor => vendor::run(),
        Task::Bindings(options) => bindings::run(&options),
        Task::Sanitize(options) => sanitize::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Build(options) => cross::run(&options),
        Task::CheckGlibc(options) => glibc::run(&options),
        Task::Package(options) => package::run(&options),
        Task::Size(options) => size::run(&options),
        Task::Containers(options) => containers::run(&options),
        Task::Load(options) => load::run(&options),
        Task::Instructions(options) => instructions::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Parity(options) => parity::run(&options),
        Task::Evaluate(options) => evaluate::run(&options),
        Task::ConvertTest(options) => conversion::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
