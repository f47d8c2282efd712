//! The work whose instructions `cargo xtask instructions` counts: `instruction-counts WORK ROUNDS`.
//!
//! Each round does the same, with inputs of the repository. Two runs with different numbers of
//! rounds differ by the rounds alone: what starting costs is in both.

#![forbid(unsafe_code)]

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use base64::{Engine, engine::general_purpose::STANDARD};
use keras_preprocess::{Filter, Limits, Mode, Preprocessor, decode};
use lambda_fn::{Config, Event, Handler, Invocation};
use serde_json::json;
use tflite::{Interpreter, InterpreterOptions, Model, Xnnpack};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// 400x534, 33 KB.
const PICTURE: &str = "model/sample/trousers.jpg";
/// A small one: what surrounds the decoder then weighs more.
const SMALL_PICTURE: &str = "keras-preprocess/tests/golden/pictures/420.jpg";
/// One operator on three floats: the model whose own work hides the least.
const ADD: &str = "tflite/tests/models/add.tflite";
/// `[1, 12, 12, 3]` to `[1, 5]`.
const CLASSIFIER: &str = "tflite/tests/parity/data/mobile_block.float32.tflite";
/// The side of the shipped model's input.
const SIDE: u32 = 224;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instruction-counts: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    let mut arguments = env::args().skip(1);
    let (Some(work), Some(rounds), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: instruction-counts WORK ROUNDS".into());
    };
    let rounds = rounds.parse()?;
    match work.as_str() {
        "wrapper" => wrapper(rounds),
        "decode" => decode_jpeg(rounds),
        "preprocess-nearest" => preprocess(rounds, Filter::Nearest),
        "preprocess-bilinear" => preprocess(rounds, Filter::Bilinear),
        "handler" => handler(rounds),
        _ => Err(format!("no such work: {work}").into()),
    }
}

/// A file of the repository.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn read(name: &str) -> Result<Vec<u8>> {
    fs::read(path(name)).map_err(|error| format!("{name}: {error}").into())
}

/// Sets the input, invokes, reads the output.
fn wrapper(rounds: u32) -> Result {
    let model = Model::from_file(path(ADD))?;
    // XNNPACK's part would be larger than the wrapper's.
    let options = InterpreterOptions::new().threads(1).xnnpack(Xnnpack::Off);
    let mut interpreter = Interpreter::new(&model, options)?;
    let values = vec![1.5_f32; interpreter.input(0)?.data::<f32>()?.len()];
    for _ in 0..rounds {
        let mut input = interpreter.input_mut(0)?;
        input.data_mut::<f32>()?.copy_from_slice(black_box(&values));
        interpreter.invoke()?;
        black_box(interpreter.output(0)?.data::<f32>()?);
    }
    Ok(())
}

/// Decodes all of a JPEG.
fn decode_jpeg(rounds: u32) -> Result {
    let bytes = read(PICTURE)?;
    for _ in 0..rounds {
        black_box(decode(black_box(&bytes), &Limits::default())?);
    }
    Ok(())
}

/// Resizes and scales a decoded picture.
fn preprocess(rounds: u32, filter: Filter) -> Result {
    let (_, picture) = decode(&read(PICTURE)?, &Limits::default())?;
    let preprocessor = Preprocessor::new(SIDE, SIDE, Mode::Tf).filter(filter);
    let mut tensor = vec![0.0; preprocessor.len()];
    for _ in 0..rounds {
        preprocessor.fill(black_box(&picture), black_box(&mut tensor));
    }
    Ok(())
}

/// From the event's JSON to the answer's.
fn handler(rounds: u32) -> Result {
    let config = Config::from_lookup(
        |name| match name {
            "MODEL_PATH" => Some(path(CLASSIFIER).display().to_string()),
            "LABELS_PATH" => Some(path("bench/instructions/five.txt").display().to_string()),
            "NUM_THREADS" => Some("1".to_owned()),
            _ => None,
        },
        Vec::new(),
    )?;
    // The log's times have more or fewer digits.
    let handler = Handler::start(&config)?.with_log(|_| {});
    let event = json!({ "image": STANDARD.encode(read(SMALL_PICTURE)?) }).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for _ in 0..rounds {
        let event: Event = serde_json::from_str(black_box(&event))?;
        let answer = runtime.block_on(handler.handle(event, &Invocation::default()))?;
        black_box(serde_json::to_string(&answer)?);
    }
    Ok(())
}
