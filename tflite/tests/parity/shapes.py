"""Operators that move data: images, padding, joining, slicing, indexing."""

import numpy as np
import tensorflow as tf
from tensorflow.compiler.tf2xla.ops import gen_xla_ops

from cases import FLOAT, PLAIN, WEIGHTS, case, choice, floats, ints, simple

IMAGE = floats(1, 5, 4, 6)
CUBE = floats(2, 4, 6)
BYTES = ("float32", "int8", "int16x8")


def resize(method, size, **options):
    def function(x):
        return method(x, size, **options)

    return function


BILINEAR = tf.compat.v1.image.resize_bilinear
NEAREST = tf.compat.v1.image.resize_nearest_neighbor
for name, options in {
    "": {},
    "_corners": {"align_corners": True},
    "_centers": {"half_pixel_centers": True},
}.items():
    kinds = PLAIN if name == "_centers" else BYTES
    simple(f"resize_bilinear{name}", "resize", resize(BILINEAR, [8, 7], **options), IMAGE,
           kinds=kinds)
    simple(f"resize_nearest{name}", "resize", resize(NEAREST, [3, 9], **options), IMAGE,
           kinds=kinds)

MARGINS = [[0, 0], [1, 2], [2, 1], [0, 0]]
simple("pad", "pad", lambda x: tf.pad(x, MARGINS), IMAGE)
simple("pad_value", "pad", lambda x: tf.pad(x, MARGINS, constant_values=0.5), IMAGE)
simple("mirror_reflect", "pad", lambda x: tf.pad(x, MARGINS, "REFLECT"), IMAGE, kinds=BYTES)
simple("mirror_symmetric", "pad", lambda x: tf.pad(x, MARGINS, "SYMMETRIC"), IMAGE, kinds=BYTES)

simple("concat_last", "join and split", lambda a, b: tf.concat([a, b], -1), CUBE,
       floats(2, 4, 3, low=-2, high=2))
simple("concat_first", "join and split", lambda a, b, c: tf.concat([a, b, c], 0), CUBE,
       floats(1, 4, 6), floats(3, 4, 6, low=0, high=3))
simple("concat_int32", "join and split", lambda a, b: tf.concat([a, b], 1),
       ints(2, 3, high=99), ints(2, 4, high=99), kinds=FLOAT)
simple("split", "join and split", lambda x: tf.split(x, 3, -1), CUBE)
simple("split_sizes", "join and split", lambda x: tf.split(x, [1, 3], 1), CUBE, kinds=BYTES)
simple("stack", "join and split", lambda a, b: tf.stack([a, b], 1), CUBE, CUBE)
simple("unstack", "join and split", lambda x: tf.unstack(x, axis=1), CUBE, kinds=BYTES)
simple("tile", "join and split", lambda x: tf.tile(x, [1, 2, 3]), CUBE,
       kinds=("float32", "int8"))
simple("broadcast_to", "join and split", lambda x: tf.broadcast_to(x, [3, 2, 4, 6]), CUBE,
       kinds=("float32", "int8", "int16x8"))

simple("transpose", "layout", lambda x: tf.transpose(x, [0, 3, 1, 2]), IMAGE)
simple("transpose_of_rank_5", "layout", lambda x: tf.transpose(x, [4, 1, 3, 0, 2]),
       floats(2, 3, 2, 3, 2), kinds=("float32", "int8"))
simple("strided_slice", "layout", lambda x: x[:, 1:4:2, ::-1, 2:], IMAGE)
simple("strided_slice_masks", "layout", lambda x: x[..., tf.newaxis, -1], CUBE, kinds=BYTES)
simple("slice", "layout", lambda x: tf.slice(x, [0, 1, 2], [2, -1, 3]), CUBE)
simple("reverse", "layout", lambda x: tf.reverse(x, [1]), CUBE, kinds=("float32", "int8"))
simple("space_to_depth", "layout", lambda x: tf.nn.space_to_depth(x, 2), floats(1, 4, 6, 3))
simple("depth_to_space", "layout", lambda x: tf.nn.depth_to_space(x, 2), floats(1, 3, 2, 12))
simple("space_to_batch", "layout",
       lambda x: tf.space_to_batch(x, [2, 2], [[1, 0], [0, 2]]), IMAGE)
simple("batch_to_space", "layout",
       lambda x: tf.batch_to_space(x, [2, 2], [[0, 1], [1, 0]]), floats(4, 3, 3, 2))
simple("reshape", "layout", lambda x: tf.reshape(tf.expand_dims(x, 0), [-1, 8]), CUBE)
simple("squeeze", "layout", lambda x: tf.squeeze(x * 2.0), floats(1, 3, 1, 5),
       kinds=("float32", "int8"))
simple("reverse_sequence", "layout",
       lambda x, n: tf.reverse_sequence(x, n, seq_axis=1, batch_axis=0), CUBE,
       ints(2, low=1, high=5), kinds=FLOAT)
simple("matrix_diagonal", "layout",
       lambda a, b: (tf.linalg.diag(b), tf.linalg.set_diag(a, b)), floats(2, 4, 4), floats(2, 4),
       kinds=FLOAT)

simple("gather", "gather", lambda x, i: tf.gather(x, i, axis=1), CUBE, ints(5, high=4),
       kinds=BYTES)
simple("gather_batch", "gather", lambda x, i: tf.gather(x, i, batch_dims=1), CUBE,
       ints(2, 3, high=4), kinds=BYTES)
simple("gather_nd", "gather", tf.gather_nd, CUBE, ints(5, 2, high=2), kinds=BYTES)
simple("scatter_nd", "gather", lambda i, x: tf.scatter_nd(i, x, [8, 3]), ints(4, 1, high=8),
       floats(4, 3), kinds=FLOAT)
simple("scatter_update", "gather", tf.tensor_scatter_nd_update, floats(8, 3),
       ints(1, 1, high=8), floats(1, 3), kinds=FLOAT)
simple("dynamic_update_slice", "gather",
       lambda x, y, i: gen_xla_ops.xla_dynamic_update_slice(x, y, i),
       floats(6, 4), floats(2, 3), ints(2, high=6), kinds=FLOAT)
simple("segment_sum", "gather",
       lambda x: tf.math.segment_sum(x, tf.constant([0, 0, 1, 2])), floats(4, 5), kinds=FLOAT)


@case("gather", ints(2, 5, high=40), kinds=("float32", "float16", "dynamic"))
def embedding(weights):
    table = weights(40, 27)
    return lambda i: tf.gather(table, i)


@case("gather", ints(7, high=1000), kinds=("float32",))
def embedding_of_int8(_):
    table = (np.arange(1000 * 3) * 37 % 251 - 125).astype(np.int8).reshape(1000, 3)
    return lambda i: tf.gather(table, i)


@case("gather", floats(2, 32), kinds=WEIGHTS, spread=12.0)
def gather_behind_dense(weights):
    kernel = weights(32, 32)
    return lambda x: tf.gather(tf.matmul(x, kernel), [3, 1, 7], axis=1)


# The shapes of these depend on values.
simple("where", "dynamic shapes", lambda x: tf.where(x > 0), floats(3, 5), kinds=FLOAT)
simple("range", "dynamic shapes", lambda n: tf.range(n[0], 3 * n[0], 2) * 3,
       ints(1, low=1, high=9), kinds=FLOAT)
simple("fill", "dynamic shapes", lambda n, x: tf.fill(n, x[0]) + 1.0, ints(2, low=1, high=5),
       floats(1), kinds=FLOAT)
simple("reshape_by_input", "dynamic shapes", lambda x, n: tf.reshape(x, n) * 2.0, floats(4, 6),
       choice([8, 3], [2, 12], [24, 1]), kinds=FLOAT)
simple("shape_and_rank", "dynamic shapes",
       lambda x: (tf.shape(x), tf.size(x), tf.rank(x)), floats(None, 3), kinds=FLOAT,
       batches=(1, 5))
simple("unique", "dynamic shapes", lambda x: tf.unique(x), ints(12, high=5), kinds=FLOAT)
