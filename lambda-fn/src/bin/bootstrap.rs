//! The process that AWS Lambda starts: makes the handler once, then answers events.

#![forbid(unsafe_code)]

use std::{process::ExitCode, sync::Arc};

use lambda_fn::{Config, Event, Handler, Invocation};
use lambda_runtime::{LambdaEvent, service_fn};

/// What the Lambda runtime crate panics without.
const REQUIRED: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Lambda shows this together with the exit status.
            eprintln!("bootstrap: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    // Before any thread is there that might change the environment: see `Classifier::new`.
    let handler = Arc::new(Handler::start(&Config::from_env()?)?);
    for name in REQUIRED {
        if std::env::var_os(name).is_none() {
            return Err(format!(
                "{name} is not set; AWS Lambda or its runtime interface emulator starts this program"
            )
            .into());
        }
    }
    // One thread is enough: Lambda sends one event at a time, and decoding and inference have
    // threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(lambda_runtime::run(service_fn(
        move |event: LambdaEvent<Event>| {
            let handler = Arc::clone(&handler);
            async move {
                handler
                    .handle(event.payload, &Invocation::from(&event.context))
                    .await
            }
        },
    )))
}
