"""Makes the models that are compared, as `.tflite` and as `.onnx`.

    python models.py --out DIR CLOTHING.tflite...

Xception for 299x299 and MobileNetV2 for 224x224 come from Keras, with ten classes and weights of a fixed seed: how long
an inference takes does not depend on what they were trained for. The shipped models are converted from `.tflite`.
What is there already is left alone. Needs `requirements-models.txt`.
"""

import argparse
import json
import math
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

CLASSES = 10
OPSET = 17
SEED = 8


def pictures(size: int, count: int = 16):
    """Smooth made-up pictures, in [-1, 1]: what int8 is calibrated with."""
    generator = np.random.default_rng(SEED)
    for _ in range(count):
        coarse = generator.uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
        yield tf.image.resize(coarse, (size, size), "bicubic").numpy().clip(-1, 1)


def network(name: str) -> keras.Model:
    keras.utils.set_random_seed(SEED)
    kind, size = {
        "xception": (keras.applications.Xception, 299),
        "mobilenet_v2": (keras.applications.MobileNetV2, 224),
    }[name]
    model = kind(weights=None, classes=CLASSES, input_shape=(size, size, 3), classifier_activation=None)
    # With the statistics of untrained layers the signal fades to nothing, and all outputs look equal.
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(np.concatenate(list(pictures(size))), training=True)
    return model


def multiply_adds(path: Path) -> int:
    """Of one inference, in the model's convolutions and matrix products."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes[value.name] = [size.dim_value for size in value.type.tensor_type.shape.dim]
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            # Each output element sums over one filter: [channels in the group, height, width].
            total += math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[1]][1:])
        elif node.op_type in ("Gemm", "MatMul"):
            total += math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return total


def write(path: Path, content: bytes) -> None:
    staging = path.with_suffix(path.suffix + ".tmp")
    staging.write_bytes(content)
    staging.rename(path)
    print(f"{path.name}: {len(content) / 1e6:.1f} MB", flush=True)


def to_tflite(model: keras.Model, quantized: bool) -> bytes:
    size = model.input_shape[1]
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False, input_signature=[keras.InputSpec(shape=(1, size, size, 3), dtype="float32")])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantized:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([picture] for picture in pictures(size))
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return converter.convert()


def to_onnx(model: keras.Model) -> bytes:
    size = model.input_shape[1]
    function = tf.function(lambda image: model(image, training=False))
    signature = [tf.TensorSpec((1, size, size, 3), tf.float32, name="image")]
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    return proto.SerializeToString()


def to_quantized_onnx(float32: Path, size: int, folder: Path) -> bytes:
    """ONNX Runtime's own static quantization, with its defaults for processors: QDQ, int8 by channel."""

    class Pictures(CalibrationDataReader):
        def __init__(self, name):
            self._pictures = iter([{name: picture} for picture in pictures(size)])

        def get_next(self):
            return next(self._pictures, None)

    prepared, done = folder / "prepared.onnx", folder / "quantized.onnx"
    # Symbolic shapes would need sympy; every shape here is fixed.
    quant_pre_process(str(float32), str(prepared), skip_symbolic_shape=True)
    name = onnx.load(prepared).graph.input[0].name
    quantize_static(
        str(prepared),
        str(done),
        Pictures(name),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return done.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the models that are compared.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("shipped", type=Path, nargs="*")
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    def make(name: str, content) -> Path:
        path = out / name
        if not path.exists():
            write(path, content())
        return path

    for name, quantized in (("xception", False), ("mobilenet_v2", True)):
        wanted = [f"{name}.tflite", f"{name}.onnx"]
        if quantized:
            wanted += [f"{name}-int8.tflite", f"{name}-int8.onnx"]
        if all((out / file).exists() for file in wanted):
            continue
        model = network(name)
        make(f"{name}.tflite", lambda: to_tflite(model, False))
        float32 = make(f"{name}.onnx", lambda: to_onnx(model))
        if quantized:
            make(f"{name}-int8.tflite", lambda: to_tflite(model, True))
            with tempfile.TemporaryDirectory() as folder:
                size = model.input_shape[1]
                make(f"{name}-int8.onnx", lambda: to_quantized_onnx(float32, size, Path(folder)))

    for path in arguments.shipped:
        make(path.name, path.read_bytes)

        def converted(path=path):
            proto, _ = tf2onnx.convert.from_tflite(str(path), opset=OPSET)
            return proto.SerializeToString()

        make(f"{path.stem}.onnx", converted)

    counts = {path.stem: multiply_adds(path) for path in sorted(out.glob("*.onnx")) if "int8" not in path.stem}
    write(out / "multiply-adds.json", json.dumps(counts).encode())


if __name__ == "__main__":
    main()
