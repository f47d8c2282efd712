//! The process that AWS Lambda starts: makes the handler once, then answers events. As
//! `bootstrap serve` it is an HTTP server instead; `bootstrap pack-weights FILE` writes the packed
//! weights of the model.

#![forbid(unsafe_code)]

use std::{
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use lambda_fn::{
    Classifier, Config, Event, Handler, Invocation,
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
    let mut arguments = std::env::args_os().skip(1);
    if let (Some(command), Some(file), None) =
        (arguments.next(), arguments.next(), arguments.next())
        && command == "pack-weights"
    {
        return Ok(Classifier::pack_weights(
            &Config::from_env()?,
            Path::new(&file),
        )?);
    }
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(serve::io_threads())
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
    let at_work = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&at_work);
    let events = service_fn(move |event: LambdaEvent<Event>| {
        let (handler, counter) = (Arc::clone(&handler), Arc::clone(&counter));
        async move {
            let _one = AtWork::new(&counter);
            handler
                .handle(event.payload, &Invocation::from(&event.context))
                .await
        }
    });
    let work = async {
        let stop = serve::stop_signal()?;
        tokio::select! {
            result = lambda_runtime::run_concurrent(events) => result,
            () = drained(stop, &at_work) => Ok(()),
        }
    };
    let result = runtime.block_on(work);
    // What is still at work has had its time.
    runtime.shutdown_background();
    result.map_err(|error| {
        let address = std::env::var(RUNTIME_API).unwrap_or_default();
        format!("the Lambda runtime interface at {RUNTIME_API}={address} failed: {error}").into()
    })
}

/// How long the requests at hand have, once the process is asked to stop. Lambda ends it after two
/// seconds at the latest; other platforms wait longer.
const GRACE: Duration = Duration::from_secs(25);

/// What it takes to send an answer.
const SENDING: Duration = Duration::from_millis(100);

/// Ready when the process is asked to stop and its requests are answered. Lambda asks functions
/// that have an extension, when it sends them no more events.
async fn drained(stop: impl Future<Output = ()>, at_work: &AtomicUsize) {
    stop.await;
    let start = Instant::now();
    let mut idle = start;
    while start.elapsed() < GRACE && idle.elapsed() < SENDING {
        if at_work.load(Ordering::Relaxed) > 0 {
            idle = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A request at work, counted until this is dropped.
struct AtWork<'a>(&'a AtomicUsize);

impl<'a> AtWork<'a> {
    fn new(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
