"""Recurrent networks, control flow, state, signatures, strings."""

import tensorflow as tf

from cases import FLOAT, WEIGHTS, case, floats, ints, simple, strings

BYTES = ("float32", "float16", "dynamic", "int8", "int16x8")
STEPS, WIDTH, UNITS = 4, 10, 16


def lstm_step(x, h, c, kernel, recurrent, bias):
    i, f, g, o = tf.split(tf.matmul(x, kernel) + tf.matmul(h, recurrent) + bias, 4, 1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c


def unrolled(inputs, h, c, *weights):
    outputs = []
    for x in tf.unstack(inputs, axis=1):
        h, c = lstm_step(x, h, c, *weights)
        outputs.append(h)
    return h, tf.stack(outputs, 1), h, c, tf.constant(0.0)


def lstm_weights(weights):
    return weights(WIDTH, 4 * UNITS) / 2, weights(UNITS, 4 * UNITS) / 2, weights(4 * UNITS) / 2


@case("recurrent", floats(2, STEPS, WIDTH), kinds=BYTES)
def lstm_unrolled(weights):
    tensors, zero = lstm_weights(weights), tf.zeros([2, UNITS])
    return lambda x: unrolled(x, zero, zero, *tensors)[1]


@case("recurrent", floats(2, STEPS, WIDTH), kinds=BYTES)
def lstm_fused(weights):
    # The converter takes the name as Keras's word that this is its LSTM layer, and writes one
    # operator for it.
    attributes = {
        "api_implements": "lstm_00000000-0000-0000-0000-000000000000",
        "time_major": False,
        "go_backwards": False,
    }
    layer = tf.function(unrolled, experimental_attributes=attributes)
    tensors = lstm_weights(weights)
    return lambda x: layer(x, tf.zeros([2, UNITS]), tf.zeros([2, UNITS]), *tensors)[1]


@case("recurrent", floats(1, STEPS, WIDTH), kinds=("float32", "float16", "dynamic"))
def lstm_loop(weights):
    kernel, recurrent, bias = lstm_weights(weights)

    def function(x):
        def body(step, h, c):
            return step + 1, *lstm_step(x[:, step], h, c, kernel, recurrent, bias)

        zero = tf.zeros([1, UNITS])
        return tf.while_loop(lambda step, h, c: step < STEPS, body, [0, zero, zero])[1]

    return function


# The converter quantizes it to int8 in whole at one time and in part at another.
@case("recurrent", floats(2, STEPS, WIDTH), kinds=("float32", "float16", "dynamic", "int16x8"))
def gru_unrolled(weights):
    kernel, recurrent = weights(WIDTH, 3 * 24) / 2, weights(24, 3 * 24) / 2
    bias = weights(3 * 24) / 2

    def function(inputs):
        h = tf.zeros([2, 24])
        for x in tf.unstack(inputs, axis=1):
            xz, xr, xh = tf.split(tf.matmul(x, kernel) + bias, 3, 1)
            hz, hr, hh = tf.split(tf.matmul(h, recurrent), 3, 1)
            z = tf.sigmoid(xz + hz)
            h = z * h + (1 - z) * tf.tanh(xh + tf.sigmoid(xr + hr) * hh)
        return h

    return function


@case("recurrent", floats(1, STEPS, WIDTH), kinds=("float32", "float16", "dynamic"))
def rnn_loop(weights):
    kernel, recurrent = weights(WIDTH, 40) / 3, weights(40, 40) / 4

    def function(x):
        def body(step, h):
            return step + 1, tf.tanh(tf.matmul(x[:, step], kernel) + tf.matmul(h, recurrent))

        return tf.while_loop(lambda step, h: step < STEPS, body, [0, tf.zeros([1, 40])])[1]

    return function


def newton(x):
    """Square roots, with as many steps as it takes."""

    def goes_on(y, step):
        return tf.logical_and(step < 20, tf.reduce_any(tf.abs(y * y - x) > 1e-4))

    def body(y, step):
        return (y + x / y) * 0.5, step + 1

    return tf.while_loop(goes_on, body, [tf.ones_like(x), 0])


simple("while_newton", "control flow", newton, floats(5, low=0.5, high=9.0), kinds=FLOAT)


@case("control flow", floats(1, 32), kinds=("float32", "float16", "dynamic"))
def if_dense(weights):
    yes, no = weights(32, 32), weights(32, 32)
    return lambda x: tf.cond(
        x[0, 0] > 0, lambda: tf.matmul(x, yes), lambda: tf.nn.relu(tf.matmul(x, no))
    )


simple("if_int32", "control flow",
       lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: x - 7),
       ints(4, low=-9, high=10), kinds=FLOAT)


class Total(tf.Module):
    """Adds its inputs up."""

    def __init__(self):
        super().__init__()
        self.total = tf.Variable(tf.zeros([3, 5]))

    def __call__(self, x):
        return self.total.assign_add(x)


class Filter(tf.Module):
    """A moving average, a counter, and the last values of the input."""

    def __init__(self, start):
        super().__init__()
        self.mean = tf.Variable(start)
        self.count = tf.Variable(0)
        self.last = tf.Variable(tf.zeros([3, 4]))

    def __call__(self, x):
        self.mean.assign(self.mean * 0.75 + x * 0.25)
        self.count.assign_add(1)
        self.last.assign(tf.concat([self.last[1:], tf.expand_dims(x, 0)], 0))
        return self.mean.read_value(), self.count.read_value(), self.last.read_value()


@case("state", floats(3, 5), kinds=FLOAT, batches=(None,) * 4)
def total(_):
    return Total()


@case("state", floats(4), kinds=FLOAT, batches=(None,) * 5)
def moving_average(weights):
    return Filter(weights(4))


@case("signatures", {"y": floats(2, 32)}, {"x": floats(2, 33)},
      kinds=("float32", "float16", "dynamic"))
def encode_decode(weights):
    there, back = weights(33, 32), weights(32, 33)
    return {
        "decode": lambda y: {"x": tf.matmul(y, back), "norm": tf.norm(y, axis=1)},
        "encode": lambda x: {"y": tf.nn.relu(tf.matmul(x, there))},
    }


@case("signatures", {"a": floats(None, 3), "b": floats(3)}, {"z": ints(4, high=9)},
      {"x": floats(None, 2)}, kinds=FLOAT, batches=(1, 4, 2))
def three_functions(weights):
    offset = weights(2)
    return {
        "add": lambda a, b: {"sum": a + b, "difference": a - b},
        "reverse": lambda z: {"z": tf.reverse(z, [0])},
        "shift": lambda x: {"x": x + offset},
    }


simple("string_split", "strings", lambda x: (tf.reshape(x, [3, 2]), x[1:4], tf.equal(x, "yes")),
       strings(6), kinds=FLOAT, batches=(None,) * 3)
simple("string_gather", "strings", lambda x, i: tf.gather(x, i), strings(5), ints(2, 3, high=5),
       kinds=FLOAT)
