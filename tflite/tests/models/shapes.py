#!/usr/bin/env python3
"""Makes shapes/*.tflite: models that lead XNNPACK astray when their inputs are resized, or whose
shapes depend on values.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python shapes.py

Weights come from a fixed seed.
"""

import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import flatbuffers
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

FOLDER = pathlib.Path(__file__).parent / "shapes"
random = np.random.default_rng(21)


def uniform(*shape):
    return random.uniform(-1, 1, shape).astype(np.float32)


def floats(*shape):
    return tf.TensorSpec(shape, tf.float32)


def convert(function, *specs):
    module = tf.Module()
    module.function = tf.function(function, input_signature=specs)
    concrete = module.function.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], module).convert()


def pack(model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def positive_rows(x):
    """How many there are depends on the values."""
    return tf.boolean_mask(x, x[:, 0] > 0)


def depthwise():
    weights = uniform(3, 3, 3, 1)
    return convert(
        lambda x: tf.nn.depthwise_conv2d(x, weights, [1, 1, 1, 1], "SAME"),
        floats(None, None, None, 3),
    )


def depthwise_open():
    """As depthwise, but the model leaves open how many channels come in: 1 at first, not 3."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(depthwise()), 0))
    graph = model.subgraphs[0]
    tensor = graph.tensors[graph.inputs[0]]
    tensor.shape, tensor.shapeSignature = [1, 1, 1, 1], [-1, -1, -1, -1]
    model.signatureDefs = []
    return pack(model)


def pooling():
    weights = uniform(3, 3, 3, 2)
    return convert(
        lambda x: tf.nn.avg_pool2d(tf.nn.conv2d(x, weights, 2, "SAME"), 2, 2, "VALID"),
        floats(None, None, None, 3),
    )


def transposed():
    weights = uniform(3, 3, 2, 3)
    return convert(
        lambda x: tf.nn.conv2d_transpose(x, weights, [1, 8, 8, 2], 2), floats(1, 4, 4, 3)
    )


def transposed_open():
    """As transposed, but the model leaves open how large the picture is that comes in."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(transposed()), 0))
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].shapeSignature = [1, -1, -1, 3]
    return pack(model)


open4 = floats(None, None, None, None)
rows2, rows3 = floats(None, 2), floats(None, 3)

MODELS = {
    "depthwise": depthwise(),
    "depthwise_open": depthwise_open(),
    "pooling": pooling(),
    "transposed": transposed(),
    "transposed_open": transposed_open(),
    "seven_dimensions": convert(lambda x: x * x + 1.0, floats(1, 2, 1, 2, 1, 2, 1)),
    "dynamic_concat": convert(
        lambda x, y: tf.concat([positive_rows(x), y], axis=1) * 2.0, rows2, rows3
    ),
    "dynamic_matmul": convert(
        lambda x, y: tf.matmul(positive_rows(x), y, transpose_a=True) + 1.0, rows2, rows3
    ),
    "matmul": convert(tf.matmul, open4, open4),
    "attention": convert(lambda x: tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), open4),
    "mean": convert(lambda x: tf.reduce_mean(x, [1, 2]), floats(None, None, None, 3)),
    "broadcast": convert(
        lambda x, y: (x * y - x) / (tf.abs(y) + 1.0), floats(None, None), floats(None, None)
    ),
    "stack": convert(lambda x, y: tf.stack([x, y]) * 2.0, rows2, rows2),
}

FOLDER.mkdir(exist_ok=True)
for name, model in MODELS.items():
    (FOLDER / f"{name}.tflite").write_bytes(model)
    print(f"{name}: {len(model)} bytes")
