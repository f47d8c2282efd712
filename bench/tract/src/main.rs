//! tract's side of the benchmark: the protocol of `bench/ours`, with a model in ONNX and one thread.

#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use tract_onnx::prelude::*;

fn main() -> TractResult<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, input, _threads] = arguments.as_slice() else {
        eprintln!("usage: bench-tract MODEL INPUT 1");
        std::process::exit(1);
    };
    let model = tract_onnx::onnx().model_for_path(model)?.into_optimized()?;
    let fact = model.input_fact(0)?;
    let shape = fact.shape.as_concrete().map(<[usize]>::to_vec);
    let shape = shape.ok_or_else(|| TractError::msg("the shape of the input is not fixed"))?;
    let model = model.into_runnable()?;
    let pixels: Vec<f32> = fs::read(input)?
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap_or_default()))
        .collect();
    let mut scores = Vec::new();
    let once = |scores: &mut Vec<f32>| -> TractResult<u128> {
        let start = Instant::now();
        let image = Tensor::from_shape(&shape, &pixels)?;
        let outputs = model.run(tvec!(image.into()))?;
        scores.clear();
        scores.extend(outputs[0].view().as_slice::<f32>()?);
        black_box(&scores);
        Ok(start.elapsed().as_nanos())
    };
    once(&mut scores)?;
    writeln!(stdout(), "{}", serde_json::json!({ "output": scores }))?;
    for line in stdin().lock().lines() {
        let mut times = Vec::new();
        for _ in 0..line?.trim().parse()? {
            times.push(u64::try_from(once(&mut scores)?)?);
        }
        writeln!(stdout(), "{}", serde_json::json!(times))?;
    }
    Ok(())
}
