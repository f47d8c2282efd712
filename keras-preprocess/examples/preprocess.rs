//! Prepares pictures whose paths come on standard input, and says how long each took.
//!
//! ```console
//! $ echo picture.jpg | cargo run --release -p keras-preprocess --example preprocess -- 224 tf nearest
//! ```
//!
//! `exact` (the default) or `reduced` may follow. For each line there is one line: the
//! nanoseconds from opening the file to the finished tensor, and the CRC-32 of the tensor's
//! little-endian bytes, or `-` and the error. `bench/compare.py` uses it.

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use keras_preprocess::{Filter, Limits, Mode, Preprocessor};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, default| arguments.get(index).map_or(default, String::as_str);
    let size = argument(0, "224").parse()?;
    let preprocessor = Preprocessor::new(size, size, argument(1, "tf").parse::<Mode>()?)
        .filter(argument(2, "nearest").parse::<Filter>()?)
        .reduced_jpeg(argument(3, "exact") == "reduced");
    let limits = Limits {
        max_bytes: usize::MAX,
        ..Limits::default()
    };
    // As in an interpreter, the input tensor is there already.
    let mut input = vec![0.0; preprocessor.len()];
    for path in stdin().lock().lines() {
        let path = path?;
        let start = Instant::now();
        let bytes = std::fs::read(&path)?;
        let decoded = preprocessor.decode(&bytes, &limits);
        if let Ok(decoded) = &decoded {
            preprocessor.fill(&decoded.picture, &mut input);
        }
        let elapsed = start.elapsed().as_nanos();
        let answer = match decoded {
            Ok(_) => {
                let bytes: Vec<u8> = input.iter().flat_map(|value| value.to_le_bytes()).collect();
                format!("{elapsed} {:08x}", crc32fast::hash(&bytes))
            }
            Err(error) => format!("- {error}"),
        };
        writeln!(stdout().lock(), "{answer}")?;
    }
    Ok(())
}
