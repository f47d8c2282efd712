"""From a picture to a model's input, for the models of `keras.applications`.

The whole picture is resized to the model's size with the nearest pixel, as `keras_image_helper` and the function do
it; then channel values from 0 to 255 become numbers in one of four modes.
"""

import io
import json
import zipfile
from typing import NamedTuple

import numpy as np
from PIL import Image

from pictures import normalize, resize

TORCH_MEAN, TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Mode(NamedTuple):
    """Numbers are `(value - mean) / std`, channel by channel, after `reverse` has made RGB to BGR."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    reverse: bool = False


MODES = {
    "tf": Mode((127.5,) * 3, (127.5,) * 3),
    "caffe": Mode((103.939, 116.779, 123.68), (1.0,) * 3, reverse=True),
    "torch": Mode(tuple(255 * mean for mean in TORCH_MEAN), tuple(255 * std for std in TORCH_STD)),
    "raw": Mode((0.0,) * 3, (1.0,) * 3),
}

# The names of modules of `keras.applications`, and the mode of their `preprocess_input`. A longer name that begins with
# one of these has its mode, unless it is in the list itself.
MODELS = {
    "convnext": "raw",
    "densenet": "torch",
    "efficientnet": "raw",
    "inception_resnet_v2": "tf",
    "inception_v3": "tf",
    "mobilenet": "tf",
    "mobilenet_v3": "raw",
    "nasnet": "tf",
    "resnet": "caffe",
    "resnet50_v2": "tf",
    "resnet101_v2": "tf",
    "resnet152_v2": "tf",
    "resnet_v2": "tf",
    "vgg": "caffe",
    "xception": "tf",
}


def mode_of(name: str) -> str | None:
    """The mode of a model of `keras.applications` or of a mode's own name, in any case."""
    name = name.lower().replace("-", "_").replace(".", "_")
    if name in MODES:
        return name
    # Functions write the version without an underscore: MobileNetV2.
    joined = name.replace("_", "")
    known = [model for model in MODELS if name.startswith(model) or joined.startswith(model.replace("_", ""))]
    return MODELS[max(known, key=len)] if known else None


def to_input(image: Image.Image, size: tuple[int, int], mode: str) -> np.ndarray:
    """Return `[height, width, 3]` float32 of an RGB image; `size` is (width, height)."""
    pixels = resize(image, size)
    # In the order in which Keras computes, so that the numbers are the same to the bit.
    if mode == "tf":
        return normalize(pixels)
    pixels = pixels.astype(np.float32)
    if mode == "torch":
        return (pixels / np.float32(255.0) - np.float32(TORCH_MEAN)) / np.float32(TORCH_STD)
    if mode == "caffe":
        return np.ascontiguousarray(pixels[..., ::-1]) - np.float32(MODES["caffe"].mean)
    return pixels


def stored_mode(model: bytes) -> str:
    """The mode that a `.tflite` model's own `preprocessing.json` names, else that of the book's Xception."""
    try:
        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            return json.loads(archive.read("preprocessing.json"))["mode"]
    except (zipfile.BadZipFile, KeyError):
        return "tf"
