//! Several interpreters of one model serve many threads.
//!
//! ```console
//! $ cargo run --release --package tflite-native --example pool [INTERPRETERS [MODEL.tflite]]
//! ```
//!
//! There are 2 interpreters, if nothing else is said, and four times as many threads, which invoke a
//! hundred times each. The interpreters share the model's bytes, and its weights as XNNPACK packs them.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use tflite::{InterpreterOptions, InterpreterPool, Model};

/// How often each thread invokes.
const ROUNDS: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let size = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let path = arguments.next().map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/conv.tflite"),
        PathBuf::from,
    );

    let model = Model::from_file(path)?;
    let pool = InterpreterPool::new(&model, InterpreterOptions::new(), size)?;
    println!("{:?}", pool.with(|it| it.delegate_report().weight_cache));

    let threads = size * 4;
    let start = Instant::now();
    let results: Vec<tflite::Result<()>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&pool))).collect();
        let ends = workers.into_iter().map(|worker| worker.join());
        ends.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let elapsed = start.elapsed();
    results.into_iter().collect::<tflite::Result<()>>()?;

    println!("{} invocations of {threads} threads", threads * ROUNDS);
    eprintln!("{elapsed:.1?}");
    Ok(())
}

fn work(pool: &InterpreterPool) -> tflite::Result<()> {
    for _ in 0..ROUNDS {
        pool.with(|interpreter| interpreter.invoke())?;
    }
    Ok(())
}
