"""Conversion to TensorFlow Lite, and the check of the result in the stand-alone runtime."""

import tempfile
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tqdm import tqdm

from quiet import quiet
from runtime import Runtime

SIZE_LIMIT = 15_000_000


class ExportError(RuntimeError):
    """The exported model breaks its contract."""


def convert(model: keras.Model, calibration: Iterable[np.ndarray] | None = None) -> bytes:
    """Convert with a fixed batch of one and the signature `serving_default`: `image` in, `logits` out.

    The converter folds batch normalization into the convolutions. Without `calibration` the weights stay
    float32. With it, everything becomes integers, and these `[height, width, 3]` pictures tell the ranges;
    input and output stay float32, so that a caller need not know which of the two models it has.
    """
    signature = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, name="image")
    # Keras keeps its variables out of sight of `tf.saved_model.save`, which would then leave the weights out;
    # the archive tracks them.
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda image: {"logits": model(image, training=False)}, [signature])
    with tempfile.TemporaryDirectory() as folder, quiet():
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if calibration is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([picture[None]] for picture in calibration)
            # No operator may fall back to float32 without an error.
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return converter.convert()


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


def check_integer(model: bytes) -> None:
    """Between the borders all must be integers, and the filters of convolutions quantized per channel."""
    # XNNPACK adds tensors of its own; the model's are wanted.
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    tensors = interpreter.get_tensor_details()
    borders = {
        details["index"] for details in interpreter.get_input_details() + interpreter.get_output_details()
    }
    floats = [
        tensor["name"]
        for tensor in tensors
        if tensor["index"] not in borders and np.issubdtype(tensor["dtype"], np.floating)
    ]
    if floats:
        raise ExportError(f"tensors that are not integers: {', '.join(floats)}")
    filters = [tensor for tensor in tensors if tensor["dtype"] == np.int8 and len(tensor["shape"]) == 4]
    per_channel = [tensor for tensor in filters if len(tensor["quantization_parameters"]["scales"]) > 1]
    if not per_channel:
        raise ExportError("no filter is quantized per channel")


def run(runtime: Runtime, images: Iterable[np.ndarray], total: int) -> np.ndarray:
    """The logits `[total, classes]` of `[height, width, 3]` float32 pictures."""
    rows = []
    for image in tqdm(images, desc="check .tflite", total=total, unit="img", disable=None):
        rows.append(runtime.logits(image[None]))
    return np.stack(rows)


def compare(logits: np.ndarray, keras_logits: np.ndarray, tolerance: float) -> None:
    """The argmax must be that of Keras, and no logit may differ by more than `tolerance`."""
    largest = float(np.abs(logits - keras_logits).max())
    differing = int((logits.argmax(axis=1) != keras_logits.argmax(axis=1)).sum())
    print(f"largest difference between Keras and the .tflite: {largest:.2e} over {len(logits)} pictures")
    if differing:
        raise ExportError(f"{differing} pictures get another label from the .tflite than from Keras")
    if not largest <= tolerance:  # true for NaN too
        raise ExportError(f"the .tflite differs from Keras by {largest:.2e}; the limit is {tolerance:.0e}")
