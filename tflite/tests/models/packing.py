#!/usr/bin/env python3
"""Makes the models whose packed weights XNNPACK's weight cache would mix up, or not take.

    venv/bin/python packing.py

writes packing/*.tflite beside this file; requirements.txt says what it needs. Weights come from a
fixed seed.
"""

import pathlib

import numpy as np
import tensorflow as tf

import make

FOLDER = pathlib.Path(__file__).parent / "packing"
random = np.random.default_rng(21)


def weights(*shape):
    return random.uniform(-1, 1, shape).astype(np.float32)


def constant_matmul():
    """A batch of products with constants, which XNNPACK packs without saying how."""
    constant = weights(2, 4, 3)
    return make.convert(lambda x: tf.matmul(x, constant), make.floats(2, 5, 4))


def one_buffer_two_shapes():
    """Two dense layers, of 4 to 20 and of 20 to 4 numbers, with weights in the same buffer."""
    one, two = weights(4, 20), weights(20, 4)
    model = make.convert(
        lambda x: tf.matmul(tf.nn.relu(tf.matmul(x, one)), two), make.floats(3, 4)
    )

    def change(model):
        (graph,) = model.subgraphs
        dense = [tensor for tensor in graph.tensors if sorted(tensor.shape) == [4, 20]]
        constants = [tensor for tensor in dense if model.buffers[tensor.buffer].data is not None]
        first, second = constants
        assert sorted([tuple(first.shape), tuple(second.shape)]) == [(4, 20), (20, 4)]
        second.buffer = first.buffer

    return make.edit(model, change)


def two_buffers_one_vector():
    """As before, but with two buffers whose bytes are the same ones."""
    one, two = weights(4, 20), weights(20, 4)
    model = bytearray(
        make.convert(
            lambda x: tf.matmul(tf.nn.relu(tf.matmul(x, one)), two), make.floats(3, 4)
        )
    )
    root = make.schema.Model.GetRootAs(model, 0)
    fields = []
    for index in range(root.BuffersLength()):
        table = root.Buffers(index)._tab
        field = table.Offset(4)
        if field and table.VectorLen(field) == 4 * 4 * 20:
            fields.append(table.Pos + field)
    first, second = fields
    target = first + int.from_bytes(model[first : first + 4], "little")
    assert target > second, "offsets only lead forward"
    model[second : second + 4] = (target - second).to_bytes(4, "little")
    return bytes(model)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for function in [constant_matmul, one_buffer_two_shapes, two_buffers_one_vector]:
        (FOLDER / f"{function.__name__}.tflite").write_bytes(function())
