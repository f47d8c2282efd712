#!/usr/bin/env python3
"""Makes slow.tflite: a small file that takes seconds, all of them in XNNPACK.

    python3 -m venv venv && venv/bin/pip install -r ../../../tflite/tests/models/requirements.txt
    venv/bin/python make.py

Forty convolutions of `[1, 640, 640, 16]` share one filter, so that the file has a few KB and one
thread some 15 billion multiplications to do. Nothing between them is left to the runtime: XNNPACK
gets them as one piece, which cannot be ended in the middle.
"""

import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

SIDE, CHANNELS, LAYERS = 640, 16, 40

random = np.random.default_rng(6)
first = random.uniform(-0.3, 0.3, (3, 3, 3, CHANNELS)).astype(np.float32)
# Scaled so that the values neither vanish nor grow without end.
again = random.uniform(-1, 1, (3, 3, CHANNELS, CHANNELS)).astype(np.float32) / 8


def function(x):
    x = tf.nn.relu(tf.nn.conv2d(x, first, 1, "SAME"))
    for _ in range(LAYERS):
        x = tf.nn.relu(tf.nn.conv2d(x, again, 1, "SAME"))
    return tf.reduce_mean(x, [1, 2])


module = tf.Module()
spec = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32)
module.function = tf.function(function, input_signature=[spec])
concrete = module.function.get_concrete_function()
converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
pathlib.Path(__file__).with_name("slow.tflite").write_bytes(converter.convert())
