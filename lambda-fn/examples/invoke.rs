//! Calls the function's handler in-process: an event on standard input, the answer on standard
//! output.
//!
//! ```console
//! $ echo '{"url": "https://example.com/pants.jpg"}' |
//!   MODEL_PATH=model/clothing.tflite cargo run --release -p lambda-fn --example invoke
//! ```

#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;

use lambda_fn::{Config, Event, Handler, Invocation};
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("invoke: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let handler = Handler::start(&Config::from_env()?)?;
    let event: Event = serde_json::from_str(&io::read_to_string(io::stdin())?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answer = match runtime.block_on(handler.handle(event, &Invocation::default())) {
        Ok(answer) => serde_json::to_value(answer)?,
        // As Lambda would show it.
        Err(error) => json!({ "errorType": error.error_type(), "errorMessage": error.to_string() }),
    };
    println!("{answer}");
    Ok(())
}
