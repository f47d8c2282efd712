//! Says what is in a picture, with any model that tells pictures apart.
//!
//! ```console
//! $ cargo run --release --package tflite-native --example label_image
//! $ cargo run --release --package tflite-native --example label_image -- MODEL [IMAGE]
//! ```
//!
//! Without arguments it takes the repository's model and picture. The model must have one input
//! `[1, height, width, 3]` of type float32, uint8 or int8, and as first output one score for each
//! label. Labels come from the model's own metadata, or from the file `MODEL.labels.txt` that has one
//! a line. The metadata also says how pixels become numbers; without it, they become [-1, 1].

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use image::imageops::{self, FilterType};
use tflite::{
    Interpreter, InterpreterOptions, Model, ModelInfo, Tensor, TensorMut, TensorRole, TensorType,
};

/// How many labels are shown.
const TOP: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let path = (arguments.next()).unwrap_or_else(|| repository.join("model/clothing.tflite"));
    let picture =
        (arguments.next()).unwrap_or_else(|| repository.join("model/sample/trousers.jpg"));

    let model = Model::from_file(&path)?;
    let info = model.info()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let options = InterpreterOptions::new().threads(threads.min(4));
    let mut interpreter = Interpreter::new(&model, options)?;

    let [_, height, width, 3] = interpreter.input(0)?.shape()[..] else {
        return Err("the input is not of the shape [1, height, width, 3]".into());
    };
    let (width, height) = (u32::try_from(width)?, u32::try_from(height)?);
    let pixels = image::open(&picture)?.into_rgb8();
    let pixels = imageops::resize(&pixels, width, height, FilterType::Nearest);
    write(&mut interpreter.input_mut(0)?, &pixels, &info)?;

    let start = Instant::now();
    interpreter.invoke()?;
    let elapsed = start.elapsed();

    let labels = labels(&path, &info)?;
    let mut scores: Vec<(f32, &str)> = read(&interpreter.output(0)?)?
        .into_iter()
        .enumerate()
        .map(|(index, score)| (score, labels.get(index).map_or("?", |label| label)))
        .collect();
    scores.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    for (score, label) in scores.iter().take(TOP) {
        println!("{score:8.3}  {label}");
    }
    eprintln!("{elapsed:.1?}");
    Ok(())
}

/// Sets the input to a picture of its size.
fn write(input: &mut TensorMut<'_>, pixels: &RgbImage, info: &ModelInfo) -> tflite::Result<()> {
    // Quantized models without a scale take pixels as they are.
    if input.dtype() == TensorType::UInt8 && input.quantization().is_none() {
        return input.copy_from_slice(pixels.as_raw());
    }
    let described = info.model_metadata.as_ref();
    let normalization = described
        .and_then(|metadata| metadata.subgraphs.first()?.inputs.first())
        .and_then(|input| input.normalization.as_ref());
    // One number for all channels, or one for each.
    let of = |numbers: &[f32], channel: usize| {
        let number = numbers.get(channel).or(numbers.first());
        number.copied().unwrap_or(127.5)
    };
    let (means, deviations) = match normalization {
        Some(normalization) => (&normalization.mean[..], &normalization.std[..]),
        None => (&[][..], &[][..]),
    };
    let channels = (0..3).cycle();
    let values = pixels.as_raw().iter().zip(channels);
    let values = values
        .map(|(&value, channel)| (f32::from(value) - of(means, channel)) / of(deviations, channel));
    let values: Vec<f32> = values.collect();
    match input.dtype() {
        TensorType::Float32 => input.copy_from_slice(&values),
        _ => input.quantize_from(&values),
    }
}

/// The scores, whatever the type of the output.
fn read(output: &Tensor<'_>) -> tflite::Result<Vec<f32>> {
    match output.dtype() {
        TensorType::Float32 => output.data::<f32>().map(<[f32]>::to_vec),
        _ => output.dequantize(),
    }
}

/// The labels inside the model, or those beside it.
fn labels(model: &Path, info: &ModelInfo) -> Result<Vec<String>, Box<dyn Error>> {
    let inside = info
        .labels
        .iter()
        .find(|labels| labels.role == TensorRole::Output && labels.index == 0);
    if let Some(labels) = inside {
        return Ok(labels.labels.clone());
    }
    let path = model.with_extension("labels.txt");
    let text = fs::read_to_string(&path).map_err(|error| {
        format!(
            "the model has no labels, and {} cannot be read: {error}",
            path.display()
        )
    })?;
    Ok(text.lines().map(str::to_owned).collect())
}
