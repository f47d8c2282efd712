"""Operators that work on each element by itself, and reductions."""

import tensorflow as tf

from cases import FLOAT, PLAIN, bools, case, floats, ints, simple

LEFT, RIGHT = floats(2, 3, 4, 5), floats(1, 3, 1, 5)
SAME = floats(2, 3, 4, 5)
POSITIVE = floats(3, 17, low=0.1, high=4.0, positive=True)
ROW = floats(3, 17, low=-4.0, high=4.0)
WIDE = floats(2, 37, low=-8.0, high=8.0)



def then_relu(function):
    return lambda a, b: tf.nn.relu(function(a, b))


def over(function, axes, **options):
    return lambda x: function(x, axes, **options)


for name, function in {
    "add": tf.add,
    "sub": tf.subtract,
    "mul": tf.multiply,
    "minimum": tf.minimum,
    "maximum": tf.maximum,
    "squared_difference": tf.math.squared_difference,
}.items():
    simple(f"{name}_broadcast", "arithmetic", function, LEFT, RIGHT)
    if name in ("add", "sub", "mul"):
        simple(f"{name}_same_relu", "arithmetic", then_relu(function), LEFT, SAME)
        simple(f"{name}_int32", "arithmetic", function, ints(2, 5, low=-99, high=99),
               ints(5, low=-99, high=99), kinds=FLOAT)

simple("add_scalar", "arithmetic", lambda x: x + 0.75, LEFT)
simple("div_broadcast", "arithmetic", tf.divide, LEFT,
       floats(1, 3, 1, 5, low=0.5, high=2.0, positive=True), kinds=("float32", "int8", "uint8"))
simple("pow", "arithmetic", tf.pow, POSITIVE, ROW, kinds=FLOAT)
simple("floor_div", "arithmetic", lambda a, b: tf.math.floordiv(a, b), ROW, POSITIVE, kinds=FLOAT)
simple("floor_mod_int32", "arithmetic", tf.math.floormod, ints(9, low=-50, high=50),
       ints(9, low=1, high=9), kinds=FLOAT)
simple("add_n", "arithmetic", lambda a, b, c: tf.add_n([a, b, c]), ROW, ROW, ROW, kinds=FLOAT)

for name, function in {
    "abs": tf.abs,
    "neg": tf.negative,
    "exp": tf.exp,
    "square": tf.square,
    "sin": tf.sin,
    "cos": tf.cos,
    "floor": tf.floor,
    "ceil": tf.math.ceil,
    "round": tf.round,
    "sign": tf.sign,
}.items():
    simple(name, "arithmetic", function, ROW,
           kinds=("float32", "int8", "int16x8") if name in ("abs", "exp") else FLOAT)
for name, function in {"log": tf.math.log, "sqrt": tf.sqrt, "rsqrt": tf.math.rsqrt}.items():
    simple(name, "arithmetic", function, POSITIVE,
           kinds=FLOAT if name == "sqrt" else ("float32", "int8", "int16x8"))

simple("relu", "activations", tf.nn.relu, WIDE)
simple("relu6", "activations", tf.nn.relu6, WIDE, kinds=PLAIN + ("uint8_io",))
simple("relu_1", "activations", lambda x: tf.clip_by_value(x, -1.0, 1.0), WIDE)
simple("hard_swish", "activations", lambda x: x * tf.nn.relu6(x + 3) / 6, WIDE, spread=8.0)
simple("leaky_relu", "activations", lambda x: tf.nn.leaky_relu(x, 0.1), WIDE, spread=8.0)
simple("elu", "activations", tf.nn.elu, WIDE, kinds=("float32", "int8"))
simple("tanh", "activations", tf.tanh, WIDE)
simple("logistic", "activations", tf.sigmoid, WIDE)
simple("gelu", "activations", lambda x: tf.nn.gelu(x, False), WIDE,
       kinds=("float32", "int8", "int16x8"))
simple("gelu_approximate", "activations", lambda x: tf.nn.gelu(x, True), WIDE,
       kinds=("float32", "int8", "int16x8"))
simple("softplus", "activations", tf.nn.softplus, WIDE, kinds=FLOAT)


@case("activations", floats(1, 4, 4, 9), spread=8.0)
def prelu(weights):
    slope = weights(1, 1, 9)
    # The pattern that the converter takes for a PRELU.
    return lambda x: tf.nn.relu(x) + -slope * tf.nn.relu(-x)


simple("softmax", "softmax", tf.nn.softmax, WIDE, kinds=PLAIN + ("uint8_io",))
simple("softmax_of_rank_4", "softmax", lambda x: tf.nn.softmax(x * 2.0), floats(1, 3, 4, 11))
simple("log_softmax", "softmax", tf.nn.log_softmax, WIDE, kinds=("float32", "int8", "uint8"))

REDUCED = floats(2, 4, 5, 6)
for name, function in {
    "mean": tf.reduce_mean,
    "sum": tf.reduce_sum,
    "reduce_max": tf.reduce_max,
    "reduce_min": tf.reduce_min,
}.items():
    simple(f"{name}_space", "reductions", over(function, [1, 2]), REDUCED, spread=8.0)
    simple(f"{name}_last_keep", "reductions", over(function, -1, keepdims=True), REDUCED,
           spread=8.0)
simple("reduce_prod", "reductions", lambda x: tf.reduce_prod(x, 1), REDUCED,
       kinds=("float32", "int8"))
simple("reduce_any_all", "reductions",
       lambda x: (tf.reduce_any(x, 1), tf.reduce_all(x, 0)), bools(3, 4), kinds=FLOAT)
simple("cumsum", "reductions", lambda x: tf.cumsum(x, 1), ROW, kinds=FLOAT)
simple("cumsum_exclusive_reverse", "reductions",
       lambda x: tf.cumsum(x, 0, exclusive=True, reverse=True), ints(4, 5, high=9), kinds=FLOAT)

simple("arg_max", "indices", lambda x: (tf.argmax(x, 1), tf.argmax(x, 0, tf.int32)), ROW)
simple("arg_min", "indices", lambda x: tf.argmin(x, 1, tf.int32), ROW)
simple("top_k", "indices", lambda x: tf.math.top_k(x, 5), ROW,
       kinds=("float32", "int8", "int16x8"))
simple("one_hot", "indices", lambda x: tf.one_hot(x, 6, 2.0, -1.0), ints(2, 5, low=-1, high=7),
       kinds=FLOAT)

simple("compare", "comparison",
       lambda a, b: (a < b, a <= b, a > b, a >= b, tf.equal(a, b), tf.not_equal(a, b)),
       floats(2, 3, 4), floats(1, 3, 1), kinds=("float32", "int8"))
simple("compare_int32", "comparison",
       lambda a, b: (a < b, a <= b, a > b, a >= b, tf.equal(a, b), tf.not_equal(a, b)),
       ints(4, 6, high=4), ints(6, high=4), kinds=FLOAT)
simple("logical", "comparison",
       lambda a, b: (tf.logical_and(a, b), tf.logical_or(a, b), tf.logical_not(a)),
       bools(3, 5), bools(3, 5), kinds=FLOAT)
simple("select", "comparison", tf.where, bools(3, 5), floats(3, 5), floats(3, 5),
       kinds=("float32", "int8", "int16x8"))
simple("select_broadcast", "comparison", tf.where, bools(3, 1), floats(3, 5), floats(1, 5),
       kinds=("float32", "int8", "int16x8"))

simple("cast", "types",
       lambda x: [tf.cast(x, t) for t in
                  (tf.float64, tf.int16, tf.int32, tf.int64, tf.int8, tf.uint8, tf.bool)],
       floats(3, 7, low=0, high=100), kinds=FLOAT)
simple("cast_back", "types",
       lambda a, b: (tf.cast(a, tf.float32), tf.cast(b, tf.float32), tf.cast(a, tf.int64)),
       ints(9, low=-999, high=999), bools(9), kinds=FLOAT)
simple("bitwise", "types",
       lambda a, b: (tf.bitwise.bitwise_xor(a, b), tf.bitwise.right_shift(a, b)),
       ints(9, high=999), ints(9, high=9), kinds=FLOAT)
simple("complex_abs", "types",
       lambda x: tf.abs(tf.signal.rfft2d(x)), floats(1, 4, 8), kinds=FLOAT)
