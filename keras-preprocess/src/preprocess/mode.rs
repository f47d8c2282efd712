//! How channel values become numbers.

use std::str::FromStr;

use crate::error::Error;

/// How channel values from 0 to 255 become the numbers of a model's input.
///
/// `keras_image_helper` and Keras name it by the model: [`Mode::for_model`] knows those names.
///
/// ```
/// use keras_preprocess::Mode;
///
/// assert_eq!(Mode::for_model("xception"), Some(Mode::Tf));
/// assert_eq!("caffe".parse::<Mode>()?, Mode::Caffe);
/// assert_eq!("resnet50".parse::<Mode>()?, Mode::Caffe);
/// # Ok::<(), keras_preprocess::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// `x / 127.5 - 1`, from -1 to 1, in the order red, green, blue.
    #[default]
    Tf,
    /// `x` less the means of ImageNet (103.939, 116.779, 123.68), in the order blue, green, red.
    Caffe,
    /// `x / 255`, less the means of ImageNet (0.485, 0.456, 0.406), divided by the deviations
    /// (0.229, 0.224, 0.225), in the order red, green, blue.
    Torch,
    /// `x` as it is, from 0 to 255, in the order red, green, blue: for models that scale by
    /// themselves.
    Raw,
}

/// The modes of `keras.applications`. A longer name that begins with one of these, like
/// `mobilenet_v2`, has its mode, unless it is in the list itself.
const MODELS: [(&str, Mode); 16] = [
    ("convnext", Mode::Raw),
    ("densenet", Mode::Torch),
    ("efficientnet", Mode::Raw),
    ("inception_resnet_v2", Mode::Tf),
    ("inception_v3", Mode::Tf),
    ("mobilenet", Mode::Tf),
    // Its Keras model has the scaling inside.
    ("mobilenet_v3", Mode::Raw),
    ("nasnet", Mode::Tf),
    ("regnet", Mode::Raw),
    ("resnet", Mode::Caffe),
    ("resnet50_v2", Mode::Tf),
    ("resnet101_v2", Mode::Tf),
    ("resnet152_v2", Mode::Tf),
    ("resnet_v2", Mode::Tf),
    ("vgg", Mode::Caffe),
    ("xception", Mode::Tf),
];

impl Mode {
    /// The mode of a model of `keras.applications`, by the name of its module or its function, in
    /// any case: `xception`, `inception_v3`, `mobilenet_v2`, `resnet50`, `vgg16`,
    /// `efficientnetb0`.
    pub fn for_model(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
        // Functions write the version without an underscore: MobileNetV2.
        let joined = |known: &str| known.replace('_', "");
        let begins =
            |known: &str| name.starts_with(known) || joined(&name).starts_with(&joined(known));
        let known = MODELS.iter().filter(|(known, _)| begins(known));
        known
            .max_by_key(|(known, _)| known.len())
            .map(|(_, mode)| *mode)
    }

    /// The name in lower case: `tf`, `caffe`, `torch` or `raw`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tf => "tf",
            Self::Caffe => "caffe",
            Self::Torch => "torch",
            Self::Raw => "raw",
        }
    }

    /// For each channel of the input the channel of the pixel that it comes from.
    pub(super) fn order(self) -> [usize; 3] {
        match self {
            Self::Caffe => [2, 1, 0],
            _ => [0, 1, 2],
        }
    }

    /// For each channel of the input all 256 results, each step rounded to `f32` as numpy does it
    /// in place.
    pub(super) fn table(self) -> [[f32; 256]; 3] {
        const CAFFE_MEANS: [f32; 3] = [103.939, 116.779, 123.68];
        const TORCH_MEANS: [f32; 3] = [0.485, 0.456, 0.406];
        const TORCH_DEVIATIONS: [f32; 3] = [0.229, 0.224, 0.225];
        std::array::from_fn(|channel| {
            std::array::from_fn(|value| {
                let value = value as f32;
                match self {
                    Self::Tf => value / 127.5 - 1.0,
                    Self::Caffe => value - CAFFE_MEANS[channel],
                    Self::Torch => {
                        (value / 255.0 - TORCH_MEANS[channel]) / TORCH_DEVIATIONS[channel]
                    }
                    Self::Raw => value,
                }
            })
        })
    }
}

impl FromStr for Mode {
    type Err = Error;

    /// Takes the name of a mode or of a model.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let modes = [Self::Tf, Self::Caffe, Self::Torch, Self::Raw];
        let mode = modes
            .into_iter()
            .find(|mode| text.eq_ignore_ascii_case(mode.name()));
        mode.or_else(|| Self::for_model(text))
            .ok_or(Error::UnknownName {
                name: text.to_owned(),
                known: "tf, caffe, torch, raw and the models of keras.applications",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_models() {
        for (name, mode) in [
            ("xception", Mode::Tf),
            ("Xception", Mode::Tf),
            ("inception_v3", Mode::Tf),
            ("InceptionV3", Mode::Tf),
            ("InceptionResNetV2", Mode::Tf),
            ("mobilenet", Mode::Tf),
            ("MobileNetV2", Mode::Tf),
            ("mobilenet_v3", Mode::Raw),
            ("MobileNetV3Small", Mode::Raw),
            ("resnet50", Mode::Caffe),
            ("ResNet152", Mode::Caffe),
            ("ResNet50V2", Mode::Tf),
            ("resnet_v2", Mode::Tf),
            ("vgg16", Mode::Caffe),
            ("VGG19", Mode::Caffe),
            ("DenseNet121", Mode::Torch),
            ("EfficientNetB0", Mode::Raw),
            ("efficientnet_v2", Mode::Raw),
            ("NASNetMobile", Mode::Tf),
        ] {
            assert_eq!(Mode::for_model(name), Some(mode), "{name}");
        }
        assert_eq!(Mode::for_model("alexnet"), None);
        let message = "alexnet".parse::<Mode>().unwrap_err().to_string();
        assert!(message.starts_with("\"alexnet\" is not known"), "{message}");
    }

    #[test]
    fn the_ends_of_the_range() {
        let table = Mode::Tf.table()[0];
        assert_eq!((table[0], table[255]), (-1.0, 1.0));
        // numpy: np.float32(128) / np.float32(127.5) - np.float32(1)
        assert_eq!(table[128].to_bits(), 0.003_921_628_f32.to_bits());
        assert_eq!(Mode::Raw.table()[2][200], 200.0);
    }
}
