"""Convolution, pooling, dense layers, normalisation, and small networks of them."""

import tensorflow as tf

from cases import FLOAT, PLAIN, WEIGHTS, case, floats, simple

# The converter leaves weights of fewer than 1024 elements in float in the dynamic-range kind.

IMAGE = floats(1, 7, 6, 8)


@case("conv", IMAGE, kinds=WEIGHTS + ("uint8_io",), spread=8.0)
def conv_same(weights):
    kernel, bias = weights(3, 3, 8, 17), weights(17)
    return lambda x: tf.nn.conv2d(x, kernel, 1, "SAME") + bias


@case("conv", IMAGE, kinds=WEIGHTS, spread=6.0)
def conv_valid_stride_relu6(weights):
    kernel, bias = weights(3, 3, 8, 16), weights(16)
    return lambda x: tf.nn.relu6(tf.nn.conv2d(x, kernel, 2, "VALID") + bias)


@case("conv", IMAGE, kinds=WEIGHTS, spread=8.0)
def conv_dilated(weights):
    kernel, bias = weights(3, 3, 8, 16), weights(16)
    return lambda x: tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME", dilations=2) + bias)


@case("conv", floats(1, 4, 5, 33), kinds=WEIGHTS, spread=8.0)
def conv_pointwise(weights):
    kernel, bias = weights(1, 1, 33, 32), weights(32)
    return lambda x: tf.nn.conv2d(x, kernel, 1, "SAME") + bias


@case("conv", floats(1, 6, 6, 16), kinds=WEIGHTS, spread=8.0)
def conv_grouped(weights):
    kernel, bias = weights(3, 3, 8, 16), weights(16)
    return lambda x: tf.nn.conv2d(x, kernel, 1, "SAME") + bias


@case("conv", floats(1, 11, 12), kinds=WEIGHTS, spread=8.0)
def conv_1d(weights):
    kernel, bias = weights(5, 12, 18), weights(18)
    return lambda x: tf.nn.conv1d(x, kernel, 1, "SAME") + bias


@case("conv", floats(1, 4, 4, 4, 3), kinds=("float32", "float16", "dynamic", "int8"))
def conv_3d(weights):
    kernel = weights(3, 3, 3, 3, 13)
    return lambda x: tf.nn.conv3d(x, kernel, [1, 1, 1, 1, 1], "SAME")


@case("depthwise", floats(1, 7, 5, 19), kinds=WEIGHTS + ("uint8_io",), spread=8.0)
def depthwise(weights):
    kernel, bias = weights(3, 3, 19, 1), weights(19)
    return lambda x: tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME") + bias


@case("depthwise", floats(1, 5, 5, 115), kinds=("float32", "float16", "dynamic"))
def depthwise_stride(weights):
    kernel, bias = weights(3, 3, 115, 1), weights(115)
    return lambda x: tf.nn.relu6(
        tf.nn.depthwise_conv2d(x, kernel, [1, 2, 2, 1], "VALID") + bias
    )


@case("depthwise", floats(1, 6, 6, 5), spread=8.0)
def depthwise_multiplier(weights):
    kernel, bias = weights(3, 3, 5, 3), weights(15)
    return lambda x: tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME") + bias


@case("depthwise", floats(1, 8, 8, 8), spread=8.0)
def depthwise_dilated(weights):
    kernel, bias = weights(3, 3, 8, 1), weights(8)
    return lambda x: (
        tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME", dilations=[2, 2]) + bias
    )


@case("transposed conv", floats(1, 4, 4, 12), kinds=WEIGHTS, spread=8.0)
def transposed_conv_same(weights):
    kernel, bias = weights(3, 3, 10, 12), weights(10)
    return lambda x: tf.nn.conv2d_transpose(x, kernel, [1, 8, 8, 10], 2, "SAME") + bias


@case("transposed conv", floats(1, 3, 4, 12), kinds=WEIGHTS, spread=8.0)
def transposed_conv_valid(weights):
    kernel = weights(3, 3, 10, 12)
    return lambda x: tf.nn.conv2d_transpose(x, kernel, [1, 7, 9, 10], 2, "VALID")


simple("avg_pool", "pooling", lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"), IMAGE,
       kinds=PLAIN + ("uint8_io",))
simple("avg_pool_valid", "pooling", lambda x: tf.nn.avg_pool2d(x, [2, 3], [1, 2], "VALID"), IMAGE)
simple("max_pool", "pooling", lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), IMAGE)
simple("max_pool_same", "pooling", lambda x: tf.nn.max_pool2d(x, 3, 1, "SAME"), IMAGE)
simple("l2_pool", "pooling", lambda x: tf.sqrt(tf.nn.avg_pool2d(x * x, 2, 2, "VALID")), IMAGE,
       kinds=FLOAT)


@case("dense", floats(3, 33), kinds=WEIGHTS + ("uint8_io",), spread=12.0)
def dense(weights):
    kernel, bias = weights(33, 35), weights(35)
    return lambda x: tf.matmul(x, kernel) + bias


@case("dense", floats(1, 40), kinds=WEIGHTS, spread=12.0)
def dense_relu(weights):
    kernel, bias = weights(40, 26), weights(26)
    return lambda x: tf.nn.relu(tf.matmul(x, kernel) + bias)


@case("dense", floats(2, 16), floats(16, 5), kinds=FLOAT)
def dense_without_constants(_):
    return tf.matmul


@case("dense", floats(None, 33), kinds=WEIGHTS, batches=(1, 7, 2), spread=12.0)
def dynamic_batch_dense(weights):
    kernel, bias = weights(33, 32), weights(32)
    return lambda x: tf.matmul(x, kernel) + bias


@case("conv", floats(None, 5, 5, 8), kinds=WEIGHTS, batches=(1, 3, 2), spread=8.0)
def dynamic_batch_conv(weights):
    kernel, bias = weights(3, 3, 8, 16), weights(16)
    return lambda x: tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)


simple("batch_matmul", "batch matmul", tf.matmul, floats(2, 3, 9), floats(2, 9, 5), spread=6.0)
simple("batch_matmul_adjoint", "batch matmul", lambda a, b: tf.matmul(a, b, transpose_b=True),
       floats(2, 3, 9), floats(2, 5, 9), spread=6.0)
simple("batch_matmul_broadcast", "batch matmul", tf.matmul, floats(2, 3, 4, 6), floats(1, 6, 5),
       kinds=("float32", "int8"))
simple("einsum", "batch matmul", lambda a, b: tf.einsum("bqhd,bkhd->bhqk", a, b),
       floats(1, 4, 2, 8), floats(1, 6, 2, 8), kinds=("float32", "int8"))


@case("batch matmul", floats(2, 3, 33), kinds=WEIGHTS, spread=12.0)
def dense_of_rank_3(weights):
    kernel = weights(33, 32)
    return lambda x: tf.einsum("bij,jk->bik", x, kernel)


@case("normalisation", floats(2, 5, 12), kinds=("float32", "int8", "int16x8"))
def layer_norm(weights):
    scale, offset = weights(12), weights(12)

    def function(x):
        mean = tf.reduce_mean(x, -1, keepdims=True)
        variance = tf.reduce_mean(tf.math.squared_difference(x, mean), -1, keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-3) * scale + offset

    return function


@case("normalisation", IMAGE)
def batch_norm(weights):
    scale, offset = weights(8), weights(8)
    return lambda x: x * scale + offset


simple("l2_normalize", "normalisation", lambda x: tf.math.l2_normalize(x, -1, 1e-6),
       floats(3, 9), kinds=("float32", "int8", "uint8"))
simple("local_response", "normalisation",
       lambda x: tf.nn.local_response_normalization(x, 2, 1.0, 0.5, 0.75), IMAGE, kinds=FLOAT)


@case("networks", floats(1, 12, 12, 3), kinds=WEIGHTS + ("uint8_io",), spread=6.0)
def mobile_block(weights):
    """Expansion, depthwise convolution, squeeze and excitation, projection, residual."""
    stem, expand = weights(3, 3, 3, 8) / 3, weights(1, 1, 8, 24) / 3
    middle, bias = weights(3, 3, 24, 1) / 2, weights(24) / 2
    squeeze, excite = weights(1, 1, 24, 43) / 3, weights(1, 1, 43, 24) / 3
    project, head = weights(1, 1, 24, 8) / 3, weights(8, 5)

    def function(x):
        x = tf.nn.relu6(tf.nn.conv2d(x, stem, 2, "SAME"))
        y = tf.nn.relu6(tf.nn.conv2d(x, expand, 1, "SAME"))
        y = tf.nn.relu6(tf.nn.depthwise_conv2d(y, middle, [1, 1, 1, 1], "SAME") + bias)
        gate = tf.reduce_mean(y, [1, 2], keepdims=True)
        gate = tf.nn.relu(tf.nn.conv2d(gate, squeeze, 1, "SAME"))
        y = y * tf.sigmoid(tf.nn.conv2d(gate, excite, 1, "SAME"))
        x = x + tf.nn.conv2d(y, project, 1, "SAME")
        return tf.nn.softmax(tf.matmul(tf.reduce_mean(x, [1, 2]), head))

    return function


@case("networks", floats(1, 6, 16), kinds=("float32", "float16", "dynamic", "int8", "int16x8"))
def attention(weights):
    """One head of self-attention with a feed-forward layer behind it."""
    query, key, value = (weights(16, 16) / 2 for _ in range(3))
    up, down = weights(16, 64) / 2, weights(64, 16) / 2

    def function(x):
        scores = tf.matmul(
            tf.einsum("bij,jk->bik", x, query), tf.einsum("bij,jk->bik", x, key), transpose_b=True
        )
        x = x + tf.matmul(tf.nn.softmax(scores / 4), tf.einsum("bij,jk->bik", x, value))
        return x + tf.einsum("bij,jk->bik", tf.nn.gelu(tf.einsum("bij,jk->bik", x, up)), down)

    return function
