//! The model on the TensorFlow Lite runtime.

use std::path::Path;

use keras_preprocess::Mode;
use tflite::{
    AssociatedFileType, Interpreter, InterpreterOptions, Normalization, SharedWeightCache,
    StableFiles, TensorRole, TensorType, WeightCache, WeightCacheStatus, XnnpackOptions,
    XnnpackStatus,
};

use super::{Canceller, Model, Network, NetworkError, Shape};

/// Larger inputs than this in a dimension are a mistake, and their product might overflow.
const MAX_SIDE: usize = 1 << 14;

/// A `.tflite` file in memory, and how to run it.
#[derive(Debug)]
pub struct TfLite {
    model: tflite::Model,
    options: InterpreterOptions,
    input_size: Option<[usize; 2]>,
    /// Why a file of packed weights is left alone.
    without_weights: Option<&'static str>,
}

impl TfLite {
    /// Reads the file. Each interpreter will use `threads` threads.
    ///
    /// # Errors
    ///
    /// What the runtime says, with the path.
    pub fn from_file(path: &Path, threads: usize) -> Result<Self, NetworkError> {
        let model = tflite::Model::from_file(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::new(model, threads))
    }

    /// Uses the file as it lies on the disk: what is not needed is not read.
    pub(crate) fn from_mapped(
        path: &Path,
        threads: usize,
        promise: StableFiles,
    ) -> Result<Self, NetworkError> {
        let model = promise
            .map(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::new(model, threads))
    }

    /// Takes packed weights from the file, if they fit. Without the promise they are left alone.
    #[must_use]
    pub(crate) fn with_weights(
        self,
        path: &Path,
        threads: usize,
        promise: Option<StableFiles>,
    ) -> Self {
        match promise {
            None => Self {
                without_weights: Some("TFLITE_STABLE_FILES is not 1"),
                ..self
            },
            Some(promise) => {
                let cache = WeightCache::Packaged(promise.packaged_weights(path));
                Self {
                    options: options(threads, cache),
                    ..self
                }
            }
        }
    }

    /// Packs the weights as interpreters of this need them, and writes them to a new file.
    pub(crate) fn pack_weights(&self, path: &Path) -> Result<(), NetworkError> {
        let cache = WeightCache::File(path.to_owned());
        let interpreter = Interpreter::new(&self.model, options(1, cache))?;
        match interpreter.delegate_report().weight_cache {
            WeightCacheStatus::Saved { .. } | WeightCacheStatus::Loaded => Ok(()),
            other => Err(format!("{}: {other:?}", path.display()).into()),
        }
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    ///
    /// What the runtime says.
    pub fn from_bytes(bytes: Vec<u8>, threads: usize) -> Result<Self, NetworkError> {
        Ok(Self::new(tflite::Model::from_bytes(bytes)?, threads))
    }

    fn new(model: tflite::Model, threads: usize) -> Self {
        // Several interpreters keep packed weights once.
        let cache = WeightCache::Shared(SharedWeightCache::new());
        Self {
            model,
            options: options(threads, cache),
            input_size: None,
            without_weights: None,
        }
    }

    /// Has pictures of another height and width go in than the model says, which may leave both
    /// open.
    #[must_use]
    pub fn with_input_size(self, size: Option<[usize; 2]>) -> Self {
        Self {
            input_size: size,
            ..self
        }
    }

    /// The labels that the model's metadata has for its first output, one a line: those without a
    /// language or in English, if there are several.
    pub fn labels(&self) -> Option<String> {
        let info = self.model.info().ok()?;
        let files = info.labels.iter().filter(|labels| {
            labels.role == TensorRole::Output
                && (labels.subgraph, labels.index) == (0, 0)
                && labels.file.kind == AssociatedFileType::TensorAxisLabels
        });
        let chosen = files.min_by_key(|labels| match labels.file.locale.as_str() {
            "" => 0,
            "en" => 1,
            _ => 2,
        })?;
        Some(chosen.labels.join("\n"))
    }

    /// The preprocessing that the model's metadata ask for; [`Mode::Tf`], which the book's model
    /// has, if they say nothing about it.
    ///
    /// # Errors
    ///
    /// If it is none of [`Mode`]'s.
    pub fn mode(&self) -> Result<Mode, NetworkError> {
        let described = self.model.info().ok().and_then(|info| info.model_metadata);
        let input = described
            .as_ref()
            .and_then(|described| described.subgraphs.first()?.inputs.first());
        match input.and_then(|input| input.normalization.as_ref()) {
            None => Ok(Mode::Tf),
            Some(Normalization { mean, std, .. }) => known_mode(mean, std).ok_or_else(|| {
                format!("its metadata ask for (x - {mean:?}) / {std:?}, which is no preprocessing of Keras").into()
            }),
        }
    }
}

fn options(threads: usize, cache: WeightCache) -> InterpreterOptions {
    let xnnpack = XnnpackOptions::new().threads(threads).weight_cache(cache);
    InterpreterOptions::new().threads(threads).xnnpack(xnnpack)
}

impl Model for TfLite {
    fn network(&self) -> Result<Box<dyn Network>, NetworkError> {
        let mut interpreter = Interpreter::new(&self.model, self.options.clone())?;
        if let Some([height, width]) = self.input_size {
            interpreter.resize_input(0, &[1, height, width, 3])?;
        }
        let shape = classifier_shape(&interpreter)?;
        Ok(Box::new(TfLiteNetwork {
            interpreter,
            shape,
            without_weights: self.without_weights,
        }))
    }
}

struct TfLiteNetwork {
    interpreter: Interpreter,
    shape: Shape,
    without_weights: Option<&'static str>,
}

impl TfLiteNetwork {
    /// What became of packed weights that came with the model; nothing if there are none.
    fn weights(&self, status: &WeightCacheStatus) -> String {
        match (self.without_weights, status) {
            (Some(reason), _) => format!(", packed weights not used: {reason}"),
            (None, WeightCacheStatus::Loaded) => ", packed weights from the file".to_owned(),
            (None, WeightCacheStatus::NotUsed { reason }) => {
                format!(", packed weights not used: {reason}")
            }
            _ => String::new(),
        }
    }
}

impl Network for TfLiteNetwork {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn backend(&self) -> String {
        let report = self.interpreter.delegate_report();
        match report.xnnpack {
            XnnpackStatus::Applied => {
                format!(
                    "XNNPACK, {} of {} operators{}",
                    report.delegated,
                    report.operators,
                    self.weights(&report.weight_cache)
                )
            }
            XnnpackStatus::Refused { reason } => format!("built-in kernels, no XNNPACK: {reason}"),
            other => format!("built-in kernels, XNNPACK {other:?}"),
        }
    }

    fn reads_environment(&self) -> bool {
        // In the pinned source, ruy does, which multiplies the matrices of the built-in kernels.
        let report = self.interpreter.delegate_report();
        report.delegated < report.operators
    }

    fn canceller(&self) -> Option<Canceller> {
        let token = self.interpreter.cancellation_token();
        Some(Box::new(move || token.cancel()))
    }

    fn write_input(&mut self, fill: &mut dyn FnMut(&mut [f32])) -> Result<(), NetworkError> {
        fill(self.interpreter.input_mut(0)?.data_mut::<f32>()?);
        Ok(())
    }

    fn invoke(&mut self) -> Result<(), NetworkError> {
        Ok(self.interpreter.invoke()?)
    }

    fn read_output(&self) -> Result<Vec<f32>, NetworkError> {
        Ok(self.interpreter.output(0)?.data::<f32>()?.to_vec())
    }
}

/// The mode that computes `(x - mean) / std`, with one number for all channels or one for each.
fn known_mode(mean: &[f32], std: &[f32]) -> Option<Mode> {
    // Of channel values from 0 to 255. The order of the means tells caffe's channels, too.
    const KNOWN: [(Mode, [f32; 3], [f32; 3]); 4] = [
        (Mode::Tf, [127.5; 3], [127.5; 3]),
        (Mode::Caffe, [103.939, 116.779, 123.68], [1.0; 3]),
        (
            Mode::Torch,
            [123.675, 116.28, 103.53],
            [58.395, 57.12, 57.375],
        ),
        (Mode::Raw, [0.0; 3], [1.0; 3]),
    ];
    let is = |given: &[f32], known: &[f32; 3]| {
        matches!(given.len(), 1 | 3)
            && given
                .iter()
                .cycle()
                .zip(known)
                .all(|(given, known)| (given - known).abs() < 1e-3)
    };
    let found = KNOWN
        .iter()
        .find(|(_, means, stds)| is(mean, means) && is(std, stds));
    found.map(|(mode, ..)| *mode)
}

/// The sizes, if the model is an image classifier.
fn classifier_shape(interpreter: &Interpreter) -> Result<Shape, NetworkError> {
    let (inputs, outputs) = (interpreter.input_count(), interpreter.output_count());
    if (inputs, outputs) != (1, 1) {
        return Err(format!(
            "an image classifier has one input and one output, this model has {inputs} and {outputs}"
        )
        .into());
    }
    let input = interpreter.input(0)?;
    let output = interpreter.output(0)?;
    check_shapes(
        (input.dtype() == TensorType::Float32, &input.shape()),
        (output.dtype() == TensorType::Float32, &output.shape()),
    )
    .map_err(|expected| {
        format!(
            "{expected}; this model has the input {:?} {:?} and the output {:?} {:?}",
            input.dtype(),
            input.shape(),
            output.dtype(),
            output.shape()
        )
        .into()
    })
}

/// Takes whether it is `f32`, and the shape, of input and output.
fn check_shapes(input: (bool, &[usize]), output: (bool, &[usize])) -> Result<Shape, &'static str> {
    let (true, &[1, height @ 1..=MAX_SIDE, width @ 1..=MAX_SIDE, 3]) = input else {
        return Err("the input must be float32 of shape [1, height, width, 3]");
    };
    let (true, &[1, classes @ 1..=usize::MAX]) = output else {
        return Err("the output must be float32 of shape [1, classes]");
    };
    // Bounded by `MAX_SIDE`.
    Ok(Shape {
        height: height as u32,
        width: width as u32,
        classes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_in_the_metadata() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tflite/tests/models");
        let model = |name| TfLite::from_file(&models.join(name), 1).unwrap();
        let labels = model("described.tflite").labels();
        assert_eq!(labels.as_deref(), Some("red\ngreen\n\nblue"));
        assert_eq!(model("add.tflite").labels(), None);
    }

    /// A model that counts to its input, which takes as long as one likes.
    #[test]
    fn an_invocation_is_cancelled_and_the_interpreter_goes_on() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tflite/tests/models/count.tflite");
        let model = TfLite::from_file(&path, 1).unwrap();
        let interpreter = Interpreter::new(&model.model, model.options.clone()).unwrap();
        let shape = Shape {
            height: 1,
            width: 1,
            classes: 1,
        };
        let mut network = TfLiteNetwork {
            interpreter,
            shape,
            without_weights: None,
        };
        let count = |network: &mut TfLiteNetwork, to: i32| {
            let mut input = network.interpreter.input_mut(0).unwrap();
            input.copy_from_slice(&[to]).unwrap();
            network.invoke()
        };
        let cancel = network.canceller().unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let wait = std::time::Duration::from_millis(20);
            while stopped.recv_timeout(wait).is_err() {
                cancel();
            }
        });
        let error = count(&mut network, i32::MAX).unwrap_err();
        stop.send(()).unwrap();
        thread.join().unwrap();
        assert!(error.to_string().contains("cancelled"), "{error}");
        count(&mut network, 3).unwrap();
        let output = network.interpreter.output(0).unwrap();
        assert_eq!(output.data::<i32>().unwrap()[0], 3);
    }

    #[test]
    fn an_open_size_can_be_set() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tflite/tests/models/shapes/mean.tflite");
        let shape = |size| {
            let model = TfLite::from_file(&path, 1).unwrap().with_input_size(size);
            model.network().map(|network| network.shape())
        };
        let set = shape(Some([7, 5])).unwrap();
        assert_eq!((set.height, set.width, set.classes), (7, 5, 3));
        assert_eq!(shape(None).unwrap().height, 1);
        assert!(shape(Some([0, 5])).is_err());
    }

    #[test]
    fn the_metadata_tell_the_preprocessing() {
        for (mean, std, mode) in [
            (&[127.5][..], &[127.5][..], Some(Mode::Tf)),
            (&[127.5, 127.5, 127.5], &[127.5], Some(Mode::Tf)),
            (&[103.939, 116.779, 123.68], &[1.0; 3], Some(Mode::Caffe)),
            (
                &[123.675, 116.28, 103.53],
                &[58.395, 57.12, 57.375],
                Some(Mode::Torch),
            ),
            (&[0.0], &[1.0], Some(Mode::Raw)),
            (&[127.0], &[128.0], None),
            (&[123.68, 116.779, 103.939], &[1.0], None),
            (&[127.5, 127.5], &[127.5], None),
            (&[], &[], None),
            (&[f32::NAN], &[1.0], None),
        ] {
            assert_eq!(known_mode(mean, std), mode, "{mean:?} {std:?}");
        }
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tflite/tests/models");
        let model = |name| TfLite::from_file(&models.join(name), 1).unwrap();
        assert_eq!(model("add.tflite").mode().unwrap(), Mode::Tf);
        let error = model("described.tflite").mode().unwrap_err().to_string();
        assert!(error.contains("[127.5, 1.0, 2.0]"), "{error}");
    }

    #[test]
    fn only_image_classifiers_pass() {
        let good = check_shapes((true, &[1, 150, 200, 3]), (true, &[1, 10]));
        assert_eq!(
            good,
            Ok(Shape {
                height: 150,
                width: 200,
                classes: 10
            })
        );
        for shape in [
            &[1, 3, 150, 200][..],
            &[1, 150, 200],
            &[2, 150, 200, 3],
            &[1, 0, 1, 3],
            &[],
        ] {
            assert!(
                check_shapes((true, shape), (true, &[1, 10])).is_err(),
                "{shape:?}"
            );
        }
        assert!(check_shapes((false, &[1, 150, 200, 3]), (true, &[1, 10])).is_err());
        for shape in [&[10][..], &[1, 0], &[1, 1, 10], &[]] {
            assert!(
                check_shapes((true, &[1, 1, 1, 3]), (true, shape)).is_err(),
                "{shape:?}"
            );
        }
        assert!(check_shapes((true, &[1, 1, 1, 3]), (false, &[1, 10])).is_err());
    }
}
