//! Classifies a folder of pictures with the code that the function runs, and prints JSON, one
//! object a line. `cargo xtask evaluate` and `cargo xtask parity` read it.
//!
//! ```console
//! $ MODEL_PATH=model/clothing.tflite cargo run --release -p lambda-fn --example classify -- \
//!   pictures [--time RUNS]
//! ```
//!
//! 1. `{"labels": […], "files": […], "others": 0, "threads": 2, "backend": "…"}`: what comes, and
//!    how many files there are whose names are not those of pictures;
//! 2. for each file `{"file": "a.jpg", "scores": […]}` or `{"file": "a.jpg", "error": "…"}`;
//! 3. `{"seconds": 1.5}` for all of them, from reading to scores, and if a picture is timed, `time`.
//!
//! `classify pack-weights FILE` writes the packed weights of the model as this program needs them.
//!
//! `--time` classifies the first picture that many times, after some for warming up, and adds the
//! fastest and the median time of one inference in milliseconds.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use keras_preprocess::{Limits, Picture};
use lambda_fn::{Classifier, Config};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Inferences before the timed ones.
const WARM_UP: usize = 20;

/// What counts as a picture in a folder.
const EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"];

struct Options {
    folder: PathBuf,
    runs: Option<usize>,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("classify: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Failure> {
    let mut arguments = env::args_os().skip(1);
    let folder: PathBuf = arguments.next().ok_or("which folder?")?.into();
    if folder.as_os_str() == "pack-weights" {
        let file: PathBuf = arguments.next().ok_or("which file?")?.into();
        Classifier::pack_weights(&Config::from_env()?, &file)?;
        std::process::exit(0);
    }
    let mut options = Options { folder, runs: None };
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        match &*name {
            "--time" => {
                let runs = value
                    .parse()
                    .map_err(|_| format!("{name} wants a number"))?;
                options.runs = Some(runs);
            }
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<(), Failure> {
    let mut config = Config::from_env()?;
    // The first picture waits.
    config.warm_up = false;
    let classifier = Classifier::start(&config)?;

    let folder = &options.folder;
    let (mut paths, mut others) = (Vec::new(), 0);
    list(folder, &mut paths, &mut others)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    paths.sort();
    let name = |path: &Path| {
        let name = path.strip_prefix(folder).unwrap_or(path);
        name.to_string_lossy().into_owned()
    };
    println!(
        "{}",
        json!({
            "labels": classifier.labels(),
            "files": paths.iter().map(|path| name(path)).collect::<Vec<_>>(),
            "others": others,
            "threads": config.threads,
            "backend": classifier.backend(),
        })
    );

    let mut all = Duration::ZERO;
    for path in &paths {
        let start = Instant::now();
        let scores = scores(&classifier, path, &config.limits);
        all += start.elapsed();
        let file = name(path);
        println!(
            "{}",
            match scores {
                Ok(scores) => json!({ "file": file, "scores": scores }),
                Err(error) => json!({ "file": file, "error": error.to_string() }),
            }
        );
    }

    let mut end = json!({ "seconds": all.as_secs_f64() });
    if let (Some(runs), Some(path)) = (options.runs, paths.first()) {
        end["time"] = time(&classifier, &open(&classifier, path, &config.limits)?, runs)?;
    }
    println!("{end}");
    Ok(())
}

fn list(dir: &Path, paths: &mut Vec<PathBuf>, others: &mut usize) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        if path.is_dir() {
            list(&path, paths, others)?;
        } else if EXTENSIONS.iter().any(|known| extension == *known) {
            paths.push(path);
        } else {
            *others += 1;
        }
    }
    Ok(())
}

fn scores(classifier: &Classifier, path: &Path, limits: &Limits) -> Result<Vec<f32>, Failure> {
    let (answer, _) = classifier.classify(&open(classifier, path, limits)?)?;
    Ok(answer.iter().map(|(_, score)| score).collect())
}

fn open(classifier: &Classifier, path: &Path, limits: &Limits) -> Result<Picture, Failure> {
    let bytes = fs::read(path)?;
    Ok(classifier.preprocessor().decode(&bytes, limits)?.picture)
}

/// The fastest and the median of some inferences.
fn time(classifier: &Classifier, picture: &Picture, runs: usize) -> Result<Value, Failure> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..WARM_UP + runs {
        let (_, timings) = classifier.classify(picture)?;
        times.push(timings.invoke.as_secs_f64() * 1e3);
    }
    times.drain(..WARM_UP);
    times.sort_by(f64::total_cmp);
    let (Some(min), Some(median)) = (times.first(), times.get(times.len() / 2)) else {
        return Err("--time wants at least one run".into());
    };
    Ok(json!({ "runs": runs, "warmup": WARM_UP, "min_ms": min, "median_ms": median }))
}
