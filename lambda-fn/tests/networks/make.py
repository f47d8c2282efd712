#!/usr/bin/env python3
"""Makes the models of the tests that need odd ones.

    python3 -m venv venv && venv/bin/pip install -r ../../../tflite/tests/models/requirements.txt
    venv/bin/python make.py

`slow.tflite` is a small file that takes seconds, all of them in XNNPACK. Its convolutions share two
filters, so that the file has a few KB and one thread some 40 billion multiplications to do. Nothing
between them is left to the runtime: XNNPACK gets them as one piece, which cannot be ended in the
middle.

`root.tflite` puts out the mean of the square roots of its input: no number for dark pictures, where
the input is negative.
"""

import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).parent
SIDE, WIDE, NARROW, PAIRS = 256, 64, 32, 160

random = np.random.default_rng(6)


def write(name, function, *shape):
    module = tf.Module()
    spec = tf.TensorSpec(shape, tf.float32)
    module.function = tf.function(function, input_signature=[spec])
    concrete = module.function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    (FOLDER / name).write_bytes(converter.convert())


def slow():
    first = random.uniform(-0.3, 0.3, (1, 1, 3, WIDE)).astype(np.float32)
    # Orthogonal, so that the values neither vanish nor grow. The tensors have two sizes because
    # upstream's XNNPACK gives a row of tensors of the same size a place each, of two in turn one to all.
    narrower, _ = np.linalg.qr(random.normal(size=(WIDE, NARROW)))
    wider = narrower.T.astype(np.float32).reshape(1, 1, NARROW, WIDE)
    narrower = narrower.astype(np.float32).reshape(1, 1, WIDE, NARROW)

    def function(x):
        x = tf.nn.conv2d(x, first, 1, "SAME")
        for _ in range(PAIRS):
            x = tf.nn.conv2d(x, narrower, 1, "SAME")
            x = tf.nn.conv2d(x, wider, 1, "SAME")
        return tf.reduce_mean(x, [1, 2])[:, :16]

    return function


write("slow.tflite", slow(), 1, SIDE, SIDE, 3)
write("root.tflite", lambda x: tf.reduce_mean(tf.sqrt(x), [1, 2]), 1, 8, 8, 3)
