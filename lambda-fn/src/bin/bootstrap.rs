//! The process that AWS Lambda starts: makes the handler once, then answers events. As
//! `bootstrap serve` it is an HTTP server instead.

#![forbid(unsafe_code)]

use std::{process::ExitCode, sync::Arc};

use lambda_fn::{
    Config, Event, Handler, Invocation,
    serve::{self, Command, Server},
};
use lambda_runtime::{LambdaEvent, service_fn};

/// Where the Lambda runtime crate gets its events: host and port.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// What that crate panics without.
const REQUIRED: [&str; 4] = [
    RUNTIME_API,
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
    let port = std::env::var("PORT").ok().filter(|port| !port.is_empty());
    match Command::parse(std::env::args_os().skip(1), port.as_deref())? {
        Command::Serve(options) => run_server(options),
        Command::Help => {
            print!("{}", serve::USAGE);
            Ok(())
        }
        Command::Version => {
            println!("bootstrap {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        _ => run_lambda(),
    }
}

fn run_server(options: serve::Options) -> Result<(), Failure> {
    let handler = Arc::new(Handler::start(&Config::from_env()?)?);
    // Reading and writing takes little time beside inference, which has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stop = serve::stop_signal()?;
        let server = Server::bind(handler, options).await?;
        eprintln!("{}", server.listening());
        server.run(stop).await;
        Ok::<_, Failure>(())
    })?;
    // What is still at work has had its time.
    runtime.shutdown_background();
    Ok(())
}

fn run_lambda() -> Result<(), Failure> {
    // Before the Lambda runtime crate, which changes the environment: see `Classifier::new`.
    let handler = Arc::new(Handler::start(&Config::from_env()?)?);
    for name in REQUIRED {
        if std::env::var_os(name).is_none() {
            return Err(format!(
                "{name} is not set; AWS Lambda or its runtime interface emulator starts this program"
            )
            .into());
        }
    }
    // One thread is enough, also for several events at a time: decoding and inference have threads
    // of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let events = service_fn(move |event: LambdaEvent<Event>| {
        let handler = Arc::clone(&handler);
        async move {
            handler
                .handle(event.payload, &Invocation::from(&event.context))
                .await
        }
    });
    runtime
        .block_on(lambda_runtime::run_concurrent(events))
        .map_err(|error| {
            let address = std::env::var(RUNTIME_API).unwrap_or_default();
            format!("the Lambda runtime interface at {RUNTIME_API}={address} failed: {error}")
                .into()
        })
}
