"""From a classifier in Keras to a `.tflite` file, and whether both say the same."""

import re
import tempfile
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from convert_error import ConversionError, ConvertError
from keras_source import Source
from quiet import quiet
from runtime import Runtime

QUANTIZATIONS = ("float32", "float16", "dynamic", "int8")

# How far a score may be from that of Keras. In float32 as such: only the order of additions changes. Else as a share of
# the range of all scores, since rounding grows with the numbers that are rounded.
FLOAT32_TOLERANCE = 1e-3
RANGE_TOLERANCES = {"float16": 0.005, "dynamic": 0.05, "int8": 0.15}


def convert(
    source: Source,
    quantization: str,
    calibration: Callable[[], Iterable[np.ndarray]] | None = None,
    verbose: bool = False,
) -> bytes:
    """Convert with a fixed batch of one and the signature `serving_default`: `image` in, `scores` out.

    Input and output are float32 in every case. `calibration` gives `[1, height, width, 3]` pictures; int8 needs them.
    """
    with tempfile.TemporaryDirectory() as folder, quiet(verbose) as stderr:
        source.save(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantization != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantization == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantization == "int8":
            converter.representative_dataset = _representative(calibration, stderr)
            # Nothing may stay float32 between the input and the output.
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        try:
            return converter.convert()
        except ConvertError:  # a picture of the calibration
            raise
        except Exception as error:
            raise ConversionError(_explain(str(error))) from error


def _representative(calibration, stderr):
    def pictures():
        for image in tqdm(calibration(), desc="calibrate", unit="img", file=stderr, disable=not stderr.isatty()):
            yield [image]

    return pictures


def _explain(text: str) -> str:
    """The operators that TensorFlow Lite lacks, from the converter's long words."""
    lines = text.strip().splitlines() or ["the converter failed without a word"]
    operators = sorted(set(re.findall(r"\btf\.([A-Z]\w+)\b(?=[ ({:\n]|$)", text)))
    if operators and ("custom ops" in text or "TF ops" in text or "TF Select" in text or "not supported" in text):
        return f"TensorFlow Lite has no operators for: {', '.join(operators)}"
    return f"the converter failed: {lines[0]}"


class Agreement(NamedTuple):
    """How far the scores of two implementations are apart."""

    pictures: int
    largest: float
    mean: float
    range: tuple[float, float]
    same: int

    def limit(self, quantization: str) -> float:
        """The largest difference that is to be expected."""
        if quantization == "float32":
            return FLOAT32_TOLERANCE
        return max(RANGE_TOLERANCES[quantization] * (self.range[1] - self.range[0]), FLOAT32_TOLERANCE)


def agreement(expected: np.ndarray, found: np.ndarray) -> Agreement:
    """Compare scores `[N, classes]`."""
    difference = np.abs(expected.astype(np.float64) - found)
    return Agreement(
        len(expected),
        float(difference.max()),
        float(difference.mean()),
        (float(expected.min()), float(expected.max())),
        int((expected.argmax(axis=1) == found.argmax(axis=1)).sum()),
    )


def run_both(source: Source, content: bytes, images: Iterable[np.ndarray], total: int, verbose: bool = False):
    """The scores `[N, classes]` of Keras and of the `.tflite` file for `[1, height, width, 3]` pictures."""
    with quiet(verbose):
        runtime = Runtime(content)
    wanted = [1, source.size[1], source.size[0], 3], [1, source.classes]
    shapes = [runtime.input["shape"].tolist(), runtime.output["shape"].tolist()]
    dtypes = {runtime.input["dtype"], runtime.output["dtype"]}
    if (shapes[0], shapes[1]) != wanted or dtypes != {np.float32}:
        raise ConversionError(f"input and output became {shapes}, expected {wanted} in float32")
    expected, found = [], []
    for image in tqdm(images, desc="compare", unit="img", total=total, disable=None):
        expected.append(source.predict(image)[0])
        found.append(runtime.logits(image))
    return np.stack(expected), np.stack(found)
