//! Classifies a folder of pictures with the code that the function runs, and prints the scores as
//! JSON. `model/golden.py` prints the same with the official Python interpreter.
//!
//! ```console
//! $ MODEL_PATH=model/clothing.tflite cargo run --release -p lambda-fn --example classify -- \
//!   pictures [--threads N] [--time RUNS]
//! ```
//!
//! `--time` classifies the first picture that many times, after some for warming up, and adds the
//! fastest and the median time of one inference in milliseconds.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use keras_preprocess::{Limits, Mode, Picture};
use lambda_fn::classifier::TfLite;
use lambda_fn::labels::Labels;
use lambda_fn::{Classifier, Config};
use serde_json::{Map, Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Inferences before the timed ones.
const WARM_UP: usize = 20;

/// What counts as a picture in a folder.
const EXTENSIONS: [&str; 6] = ["jpg", "jpeg", "png", "webp", "gif", "bmp"];

struct Options {
    folder: PathBuf,
    threads: usize,
    runs: Option<usize>,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(result) => {
            println!("{result}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("classify: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Failure> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?.into();
    let mut options = Options {
        folder,
        threads: 1,
        runs: None,
    };
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} wants a number"))?
            .parse()?;
        match name.as_str() {
            "--threads" => options.threads = value,
            "--time" => options.runs = Some(value),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<Value, Failure> {
    let config = Config::from_env()?;
    let model = TfLite::from_file(&config.model_path, options.threads)?;
    let labels = Labels::from_file(&config.labels_path)?;
    let classifier = Classifier::new(Box::new(model), labels, Mode::Tf)?;

    let mut paths = Vec::new();
    list(&options.folder, &mut paths)?;
    paths.sort();
    let mut files = Map::new();
    for path in &paths {
        let picture = open(path, &config.limits)?;
        let (answer, _) = classifier.classify(&picture)?;
        let scores: Vec<f32> = answer.iter().map(|(_, score)| score).collect();
        let name = path
            .strip_prefix(&options.folder)?
            .to_string_lossy()
            .into_owned();
        files.insert(name, json!(scores));
    }
    let mut result = json!({ "threads": options.threads, "files": files });
    if let (Some(runs), Some(path)) = (options.runs, paths.first()) {
        let picture = open(path, &config.limits)?;
        let mut times = Vec::with_capacity(runs);
        for _ in 0..WARM_UP + runs {
            let (_, timings) = classifier.classify(&picture)?;
            times.push(timings.invoke.as_secs_f64() * 1e3);
        }
        times.drain(..WARM_UP);
        times.sort_by(f64::total_cmp);
        let (Some(min), Some(median)) = (times.first(), times.get(times.len() / 2)) else {
            return Err("--time wants at least one run".into());
        };
        result["time"] =
            json!({ "runs": runs, "warmup": WARM_UP, "min_ms": min, "median_ms": median });
    }
    Ok(result)
}

fn list(dir: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        if path.is_dir() {
            list(&path, paths)?;
        } else if EXTENSIONS.iter().any(|known| extension == *known) {
            paths.push(path);
        }
    }
    Ok(())
}

fn open(path: &Path, limits: &Limits) -> Result<Picture, Failure> {
    let bytes = fs::read(path)?;
    let (_, picture) = keras_preprocess::decode(&bytes, limits)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(picture)
}
