"""Conversion to TensorFlow Lite, and the check of the result in the stand-alone runtime."""

import tempfile

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from runtime import Runtime

SIZE_LIMIT = 15_000_000


class ExportError(RuntimeError):
    """The exported model breaks its contract."""


def convert(model: keras.Model) -> bytes:
    """Convert with a fixed batch of one and the signature `serving_default`: `image` in, `logits` out.

    Weights stay float32. The converter folds batch normalization into the convolutions.
    """
    signature = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, name="image")
    # Keras keeps its variables out of sight of `tf.saved_model.save`, which would then leave the weights out;
    # the archive tracks them.
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda image: {"logits": model(image, training=False)}, [signature])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def check_contract(model: bytes, image_size: int, classes: int) -> Runtime:
    """Check size, shapes and types; return the loaded model."""
    if len(model) > SIZE_LIMIT:
        raise ExportError(f"the model has {len(model):,} bytes; the limit is {SIZE_LIMIT:,}")
    runtime = Runtime(model)
    for name, details, shape in (
        ("input", runtime.input, [1, image_size, image_size, 3]),
        ("output", runtime.output, [1, classes]),
    ):
        found = details["shape"].tolist(), details["dtype"]
        if found != (shape, np.float32):
            raise ExportError(f"{name}: {found[0]} {found[1].__name__}, expected {shape} float32")
    return runtime


def compare(runtime: Runtime, keras_logits: np.ndarray, batches, tolerance: float) -> np.ndarray:
    """Run every picture of `batches` through the exported model and compare with Keras.

    The argmax must be the same and no logit may differ by more than `tolerance`.
    """
    rows = []
    with tqdm(total=len(keras_logits), desc="check .tflite", unit="img", disable=None) as bar:
        for batch in batches:
            for image in batch:
                rows.append(runtime.logits(image[None]))
                bar.update()
    logits = np.stack(rows)
    largest = float(np.abs(logits - keras_logits).max())
    differing = int((logits.argmax(axis=1) != keras_logits.argmax(axis=1)).sum())
    print(f"largest difference between Keras and the .tflite: {largest:.2e} over {len(logits)} pictures")
    if differing:
        raise ExportError(f"{differing} pictures get another label from the .tflite than from Keras")
    if not largest <= tolerance:  # true for NaN too
        raise ExportError(f"the .tflite differs from Keras by {largest:.2e}; the limit is {tolerance:.0e}")
    return logits
