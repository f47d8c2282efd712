//! Where inputs come from: files, or random numbers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use tflite::{Tensor, TensorType};

use super::random::Random;
use crate::array::{self, Array, Content, Elements};
use crate::error::{Failure, Result};
use crate::target::{Place, Target};

/// What goes in.
#[derive(Args)]
#[command(next_help_heading = "Inputs")]
pub(crate) struct InputOptions {
    /// An array for an input: an .npy file, an .npz file with one array of this name, or text (.txt)
    /// with one string a line. NAME is that of the signature or the tensor, or a number from 0; it can
    /// be left out for a model's only input, and for an .npz file that names all
    #[arg(long = "input", short = 'i', value_name = "[NAME=]FILE")]
    files: Vec<OsString>,
    /// The shape of an input without a file, such as x=8,224,224,3, where the model leaves it open
    #[arg(long = "shape", value_name = "[NAME=]N,N,…", value_parser = parse_shape)]
    shapes: Vec<NamedShape>,
    /// Fill inputs without a file with random numbers: SplitMix64 from this seed, in the order of the
    /// inputs, -1 to 1 for floats, -128 to 127 or less for integers
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

#[derive(Clone, Debug)]
struct NamedShape {
    name: Option<String>,
    dims: Vec<usize>,
}

fn parse_shape(text: &str) -> std::result::Result<NamedShape, String> {
    let (name, dims) = match text.rsplit_once('=') {
        Some((name, dims)) => (Some(name.to_owned()), dims),
        None => (None, text),
    };
    let dims = dims.split(',').filter(|dim| !dim.trim().is_empty());
    let dims = dims.map(|dim| dim.trim().parse());
    let dims: std::result::Result<_, _> = dims.collect();
    let dims = dims.map_err(|error| format!("a shape is numbers with commas between: {error}"))?;
    Ok(NamedShape { name, dims })
}

impl InputOptions {
    /// Reads the files, gives the inputs their shapes, and writes all of them. `seed` is for inputs
    /// without a file if the user has not given one.
    pub(crate) fn apply(&self, target: &mut Target<'_>, seed: Option<u64>) -> Result<()> {
        let places = target.inputs.clone();
        let arrays = self.arrays(target)?;
        let mut shapes: Vec<(&Place, &[usize])> = Vec::new();
        let given = self.shapes(target, &arrays)?;
        for (at, place) in places.iter().enumerate() {
            let (dims, what) = match (&arrays[at], &given[at]) {
                (Some((array, what)), _) => (&array.shape, what.as_str()),
                (None, Some(dims)) => (dims, "--shape"),
                (None, None) => continue,
            };
            let tensor = target.input(place)?;
            if let Some((array, _)) = &arrays[at] {
                check_type(array, &tensor, place, what)?;
            }
            check_shape(dims, &tensor, place, what)?;
            if tensor.shape() != dims[..] {
                shapes.push((place, dims));
            }
        }
        if !shapes.is_empty() {
            target.resize(&shapes)?;
        }
        let mut random = self.seed.or(seed).map(Random::new);
        for (place, array) in places.iter().zip(&arrays) {
            let context = || format!("writing the input {:?}", place.name);
            let failure = |error| Failure::runtime(context(), error);
            if let Some((array, what)) = array {
                let mut tensor = target.input_mut(place)?;
                write(array, &mut tensor).map_err(|error| match error {
                    // The values do not fit, such as 9 in a tensor of int4.
                    error @ tflite::Error::ValueOutOfRange { .. } => {
                        Failure::Unfit(format!("{what}: {error}"))
                    }
                    error => failure(error),
                })?;
            } else if place.is_constant {
                // The model has a value for it.
            } else if let Some(random) = &mut random {
                random
                    .fill(&mut target.input_mut(place)?)
                    .map_err(failure)?;
            } else {
                let tensor = target.input(place)?;
                let (name, dtype) = (&place.name, tensor.dtype());
                let shape = signature(&tensor);
                return Err(Failure::Usage(format!(
                    "the input {name:?} ({dtype} {shape}) is missing: --input {name:?}=FILE gives it, \
                     --seed N fills it with random numbers"
                )));
            }
        }
        Ok(())
    }

    /// For each input, the array of a file and where it is from.
    fn arrays(&self, target: &Target<'_>) -> Result<Vec<Option<(Array, String)>>> {
        let mut arrays: Vec<Option<(Array, String)>> = target.inputs.iter().map(|_| None).collect();
        for file in &self.files {
            let (name, path) = split(file, target)?;
            let what = path.display().to_string();
            let content = array::read(&path).map_err(|problem| match problem {
                array::Problem::Read(source) => Failure::read(&path, source),
                problem => Failure::Array {
                    what: what.clone(),
                    problem: Box::new(problem),
                },
            })?;
            for (at, array) in assign(content, name, target, &path)? {
                let slot = &mut arrays[at];
                if slot.is_some() {
                    let name = &target.inputs[at].name;
                    return Err(Failure::Usage(format!("the input {name:?} is given twice")));
                }
                *slot = Some((array, what.clone()));
            }
        }
        Ok(arrays)
    }

    /// For each input, the shape that the user wants.
    fn shapes(
        &self,
        target: &Target<'_>,
        arrays: &[Option<(Array, String)>],
    ) -> Result<Vec<Option<Vec<usize>>>> {
        let mut shapes: Vec<Option<Vec<usize>>> = target.inputs.iter().map(|_| None).collect();
        for NamedShape { name, dims } in &self.shapes {
            let at = match name {
                Some(name) => target
                    .find_input(name)
                    .ok_or_else(|| target.no_input(name))?,
                None => only(target)?,
            };
            let name = &target.inputs[at].name;
            if arrays[at].is_some() {
                let message = format!("the input {name:?} has a file, whose shape counts");
                return Err(Failure::Usage(message));
            }
            if shapes[at].replace(dims.clone()).is_some() {
                let message = format!("the input {name:?} is given two shapes");
                return Err(Failure::Usage(message));
            }
        }
        Ok(shapes)
    }
}

/// The name in front of a file's path, as the place of an input; `None` if there is none.
fn split(file: &OsString, target: &Target<'_>) -> Result<(Option<usize>, PathBuf)> {
    // Names and paths may both have such signs: the longest name that there is counts.
    let Some(text) = file.to_str() else {
        return Ok((None, PathBuf::from(file)));
    };
    let mut signs: Vec<usize> = text.match_indices('=').map(|(at, _)| at).collect();
    signs.reverse();
    for &sign in &signs {
        if let Some(at) = target.find_input(&text[..sign]) {
            return Ok((Some(at), PathBuf::from(&text[sign + 1..])));
        }
    }
    match signs.last() {
        Some(&sign) if !Path::new(text).exists() => Err(target.no_input(&text[..sign])),
        _ => Ok((None, PathBuf::from(text))),
    }
}

/// The only input that there is to be given.
fn only(target: &Target<'_>) -> Result<usize> {
    match &target.inputs[..] {
        [_] => Ok(0),
        inputs => {
            let known: Vec<_> = inputs.iter().map(|place| &place.name).collect();
            Err(Failure::Usage(format!(
                "say which input, as NAME=…: {known:?}"
            )))
        }
    }
}

/// Which arrays of a file are for which inputs.
fn assign(
    content: Content,
    place: Option<usize>,
    target: &Target<'_>,
    path: &Path,
) -> Result<Vec<(usize, Array)>> {
    match (content, place) {
        (Content::Array(array), Some(at)) => Ok(vec![(at, array)]),
        (Content::Array(array), None) => Ok(vec![(only(target)?, array)]),
        (Content::Lines(strings), place) => {
            let at = place.map_or_else(|| only(target), Ok)?;
            let shape = target.input(&target.inputs[at])?.shape();
            Ok(vec![(at, array::from_lines(strings, &shape))])
        }
        (Content::Arrays(mut arrays), Some(at)) => {
            let name = &target.inputs[at].name;
            if let Some(found) = arrays.iter().position(|(other, _)| other == name) {
                return Ok(vec![(at, arrays.swap_remove(found).1)]);
            }
            match <[_; 1]>::try_from(arrays) {
                Ok([(_, array)]) => Ok(vec![(at, array)]),
                Err(arrays) => {
                    let known: Vec<_> = arrays.iter().map(|(name, _)| name).collect();
                    let path = path.display();
                    let message = format!("{path} has no array {name:?}, only {known:?}");
                    Err(Failure::Usage(message))
                }
            }
        }
        (Content::Arrays(arrays), None) => arrays
            .into_iter()
            .map(|(name, array)| {
                let at = target.find_input(&name);
                Ok((at.ok_or_else(|| target.no_input(&name))?, array))
            })
            .collect(),
    }
}

/// The type that NumPy has for a tensor's: it has no packed integers.
pub(super) fn numpy_type(dtype: TensorType) -> TensorType {
    match dtype {
        TensorType::Int4 | TensorType::Int2 => TensorType::Int8,
        TensorType::UInt4 => TensorType::UInt8,
        other => other,
    }
}

fn check_type(array: &Array, tensor: &Tensor<'_>, place: &Place, what: &str) -> Result<()> {
    let (actual, wanted) = (array.dtype(), tensor.dtype());
    if actual == numpy_type(wanted) {
        return Ok(());
    }
    let name = &place.name;
    Err(Failure::Unfit(format!(
        "{what} holds {actual}, but the input {name:?} takes {wanted}"
    )))
}

fn check_shape(dims: &[usize], tensor: &Tensor<'_>, place: &Place, what: &str) -> Result<()> {
    let open = tensor.shape_signature();
    let fits = |(open, dim): (&Option<usize>, &usize)| open.is_none_or(|fixed| fixed == *dim);
    if open.len() == dims.len() && open.iter().zip(dims).all(fits) {
        return Ok(());
    }
    let (name, shape) = (&place.name, signature(tensor));
    Err(Failure::Unfit(format!(
        "{what} has the shape {dims:?}, but the input {name:?} takes {shape}"
    )))
}

/// Such as `[-1, 224, 224, 3]`.
fn signature(tensor: &Tensor<'_>) -> String {
    let dims = tensor.shape_signature();
    let dims = dims.iter().map(|dim| match dim {
        Some(dim) => dim.to_string(),
        None => "-1".to_owned(),
    });
    format!("[{}]", dims.collect::<Vec<_>>().join(", "))
}

/// Writes an array of the right type.
fn write(array: &Array, tensor: &mut tflite::TensorMut<'_>) -> tflite::Result<()> {
    match &array.elements {
        Elements::Strings(strings) => tensor.write_strings(strings),
        Elements::Plain(TensorType::Bool, bytes) => {
            let bools: Vec<_> = bytes.iter().map(|&byte| byte == 1).collect();
            tensor.copy_from_bools(&bools)
        }
        Elements::Plain(dtype, bytes) if *dtype == tensor.dtype() => tensor.copy_from_bytes(bytes),
        Elements::Plain(dtype, bytes) => {
            let integers: Vec<_> = bytes
                .iter()
                .map(|&byte| match dtype {
                    // None of these types has so large a number, but it has none below 0 either.
                    TensorType::UInt8 => i8::try_from(byte).unwrap_or(i8::MAX),
                    _ => byte.cast_signed(),
                })
                .collect();
            tensor.pack_from(&integers)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_numbers_with_commas() {
        let parse = |text| parse_shape(text).map(|shape| (shape.name, shape.dims));
        assert_eq!(parse("8,224,224,3"), Ok((None, vec![8, 224, 224, 3])));
        assert_eq!(
            parse("a=b= 1, 2,"),
            Ok((Some("a=b".to_owned()), vec![1, 2]))
        );
        assert_eq!(parse("x="), Ok((Some("x".to_owned()), vec![])));
        for wrong in ["x=-1", "1;2", "x=1,a"] {
            parse(wrong).expect_err(wrong);
        }
    }
}
