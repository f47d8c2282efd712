"""From a picture to a model's input, for the models of `keras.applications`.

The whole picture is resized to the model's size with the nearest pixel, as `keras_image_helper` and the function do
it; then channel values from 0 to 255 become numbers in one of four modes.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image


class Mode(NamedTuple):
    """Numbers are `(value - mean) / std`, channel by channel, after `reverse` has made RGB to BGR."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    reverse: bool = False


MODES = {
    "tf": Mode((127.5,) * 3, (127.5,) * 3),
    "caffe": Mode((103.939, 116.779, 123.68), (1.0,) * 3, reverse=True),
    "torch": Mode((0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255)),
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
    pixels = np.asarray(image.resize(size, Image.Resampling.NEAREST), dtype=np.float32)
    chosen = MODES[mode]
    if chosen.reverse:
        pixels = pixels[..., ::-1]
    return np.ascontiguousarray((pixels - np.float32(chosen.mean)) / np.float32(chosen.std))
