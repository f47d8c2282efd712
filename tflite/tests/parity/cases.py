"""What a model of the set is made from: a function, its inputs, and how to draw values for them."""

import zlib

import numpy as np
import tensorflow as tf

# Kinds that need no weights, and kinds that are different only where there are some.
FLOAT = ("float32",)
INTEGER = ("int8", "int16x8", "uint8")
PLAIN = FLOAT + INTEGER
WEIGHTS = ("float32", "float16", "dynamic", "int8", "int16x8", "uint8")

CASES = {}


class Input:
    """One argument of a model's function. A dimension of None is open."""

    def __init__(self, shape, dtype, draw, positive=False):
        self.spec = tf.TensorSpec(shape, dtype)
        self.positive = positive
        self._draw = draw

    def draw(self, random, batch=None):
        shape = [batch if dim is None else dim for dim in self.spec.shape.as_list()]
        return np.asarray(self._draw(random, shape), self.spec.dtype.as_numpy_dtype)


def floats(*shape, low=-1.0, high=1.0, positive=False):
    """`positive` if the function is not defined for other numbers."""
    return Input(
        shape, tf.float32, lambda random, shape: random.uniform(low, high, shape), positive
    )


def ints(*shape, low=0, high, dtype=tf.int32):
    return Input(shape, dtype, lambda random, shape: random.integers(low, high, shape))


def bools(*shape):
    return Input(shape, tf.bool, lambda random, shape: random.integers(0, 2, shape))


def choice(*values):
    """One of several lists of as many numbers."""
    return Input([len(values[0])], tf.int32, lambda random, _: values[random.integers(len(values))])


def strings(*shape):
    def draw(random, shape):
        words = [b"", b"a", b"yes", "naïve".encode(), b"\x00\xff", b"longer than the others"]
        return np.array(random.choice(np.array(words, object), shape), object)

    return Input(shape, tf.string, draw)


class Case:
    """A function in one or several kinds of arithmetic."""

    def __init__(self, name, family, build, inputs, kinds, batches, spread):
        self.name, self.family, self.build = name, family, build
        self.inputs, self.kinds, self.batches, self.spread = inputs, kinds, batches, spread

    def random(self, purpose):
        """The same numbers whatever other cases there are."""
        return np.random.default_rng(zlib.crc32(f"{self.name} {purpose}".encode()))

    def function(self):
        """The function with its weights, the same ones in each kind."""
        random = self.random("weights")
        return self.build(lambda *shape: random.uniform(-1, 1, shape).astype(np.float32))

    def samples(self):
        """What the converter calibrates with."""
        random = self.random("samples")
        for _ in range(20):
            yield {
                f"x{index}": value.draw(random, self.batches[0])
                for index, value in enumerate(self.inputs)
            }


def case(family, *inputs, kinds=PLAIN, batches=(None, None), spread=4.0):
    """Registers a function that takes a source of weights and returns the function to convert.

    It may return a module that can be called, which has variables, or functions by their keys,
    with as many dictionaries of inputs by name, for a model with several signatures.
    `batches` are the sizes of the open dimensions, one for each invocation. `spread` is the range
    of the tensors in the middle for uint8, which is not calibrated.
    """

    def register(build):
        name = build.__name__.rstrip("_")
        assert name not in CASES
        CASES[name] = Case(name, family, build, inputs, kinds, batches, spread)
        return build

    return register


def simple(name, family, function, *inputs, **options):
    """Registers a function without weights."""

    def build(_):
        return function

    build.__name__ = name
    case(family, *inputs, **options)(build)
