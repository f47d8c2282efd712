//! This project's side of the benchmark: a program that `bench/run.py` starts and gives turns to.
//!
//! `bench-ours MODEL INPUT THREADS`: `INPUT` holds the first input's elements, little-endian float32.
//! Prints `{"output": [...]}`; then, for each number that comes as a line on standard input, an array with
//! the nanoseconds of so many invocations, one after the other. Each is what a request takes: to set the
//! input, to invoke, and to read the output.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, Write, stdin, stdout};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;
use tflite::{Interpreter, InterpreterOptions, Model};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, input, threads] = arguments.as_slice() else {
        eprintln!("usage: bench-ours MODEL INPUT THREADS");
        return ExitCode::FAILURE;
    };
    match serve(model, input, threads) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-ours: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Worker {
    interpreter: Interpreter,
    pixels: Vec<f32>,
    scores: Vec<f32>,
}

impl Worker {
    /// One invocation, and its nanoseconds.
    fn invoke(&mut self) -> Result<u64, Box<dyn Error>> {
        let start = Instant::now();
        let mut input = self.interpreter.input_mut(0)?;
        input.data_mut::<f32>()?.copy_from_slice(&self.pixels);
        self.interpreter.invoke()?;
        self.scores.clear();
        let output = self.interpreter.output(0)?;
        self.scores.extend_from_slice(output.data::<f32>()?);
        black_box(&self.scores);
        Ok(u64::try_from(start.elapsed().as_nanos())?)
    }
}

fn serve(model: &str, input: &str, threads: &str) -> Result<(), Box<dyn Error>> {
    let options = InterpreterOptions::new().threads(threads.parse()?);
    let interpreter = Interpreter::new(&Model::from_file(model)?, options)?;
    let pixels = fs::read(input)?
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap_or_default()))
        .collect();
    let mut worker = Worker {
        interpreter,
        pixels,
        scores: Vec::new(),
    };
    worker.invoke()?;
    writeln!(stdout(), "{}", json!({ "output": worker.scores }))?;
    let mut times = Vec::new();
    for line in stdin().lock().lines() {
        times.clear();
        for _ in 0..line?.trim().parse()? {
            times.push(worker.invoke()?);
        }
        writeln!(stdout(), "{}", json!(times))?;
    }
    Ok(())
}
