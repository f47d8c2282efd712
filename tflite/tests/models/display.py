#!/usr/bin/env python3
"""Writes display.json beside this file: how NumPy prints arrays of all types.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python display.py

Contents are short patterns of bytes that repeat until the array is full.
"""

import json
import pathlib

import ml_dtypes
import numpy as np

random = np.random.default_rng(22)
CASES = []

# The names of types in the runtime that NumPy does not have, and as what they are printed.
PRINTED_AS = {"bfloat16": np.float32, "int4": np.int8, "uint4": np.uint8, "int2": np.int8}
BITS = {"int4": 4, "uint4": 4, "int2": 2}


def packed(array, bits):
    per_byte = 8 // bits
    values = array.ravel().astype(int) & (1 << bits) - 1
    values = np.pad(values, (0, -len(values) % per_byte))
    return (values.reshape(-1, per_byte) << bits * np.arange(per_byte)).sum(axis=1).astype(np.uint8)


def case(dtype, pattern, shape=None):
    pattern = np.asarray(pattern)
    shape = pattern.shape if shape is None else shape
    array = np.resize(pattern, shape)
    if dtype == "string":
        entry = {"strings": [string.hex() for string in pattern.ravel().tolist()]}
        text = str(array)
    else:
        real = ml_dtypes.bfloat16 if dtype == "bfloat16" else PRINTED_AS.get(dtype, dtype)
        pattern, array = pattern.astype(real), array.astype(real)
        content = packed(pattern, BITS[dtype]) if dtype in BITS else pattern
        entry = {"bytes": content.tobytes().hex()}
        text = str(array.astype(PRINTED_AS.get(dtype, real)))
    CASES.append({"dtype": dtype, "shape": list(shape), **entry, "text": text})


FLOATS = ["float16", "float32", "float64", "bfloat16"]
INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]

for dtype in FLOATS:
    case(dtype, [[1, 2], [3, 4]])
    case(dtype, [1, 0.5, -2.25, 1 / 3, 0, -0.0])
    case(dtype, [1.1, 1.25e-5])
    case(dtype, [1e-5])
    case(dtype, [1e-4, 0.0999])
    case(dtype, [1e-4, 0.1001])
    case(dtype, [0.001953125, 1, 0.0009765625])
    case(dtype, [999, 998.5])
    case(dtype, [1000, 1500])
    case(dtype, [np.nan, 1.5])
    case(dtype, [np.nan, np.inf])
    case(dtype, [np.nan])
    case(dtype, [-np.inf, 123.25, np.inf])
    case(dtype, [-np.inf, 1e-7, 60000])
    case(dtype, [0.0, 0.0])
    case(dtype, random.normal(0, 1, (3, 4)))
    case(dtype, random.normal(0, 1, (2, 3, 2)) * 1e-3)
    case(dtype, random.uniform(1, 900, 30))
    case(dtype, random.normal(0, 1, 7), (25, 40))
    case(dtype, random.normal(0, 1, 7), (1001,))
    case(dtype, random.normal(0, 100, 13), (7, 8, 6, 5))
    case(dtype, [1, -3, 2.5], (40,))
    for number in (0, -0.0, 1, -2.5, 0.1, 1e-4, 9e-5, 12345, 1e-7, np.nan, -np.inf):
        case(dtype, np.array(number))

for dtype in ["float32", "float64", "bfloat16"]:
    case(dtype, [1e10])
    case(dtype, [99999999, 100000000])
    case(dtype, [999999, 1000])
    case(dtype, [1000000, 2])
    case(dtype, [12345678.5, 1e20])
    case(dtype, [3e38, -1e-38, 0])
    case(dtype, 10.0 ** random.uniform(-30, 30, (4, 3)))
    for number in (1e15, 1e16, 123456789, 1e20, 3e-38):
        case(dtype, np.array(number))

case("float64", [1e300, 1e-300, -1e100])
case("float64", [1e-100, 5e-324])
case("float64", [0.123456789012345, 123456.123456789])
case("float64", [99999999.99999999, 0.5e6])
case("float16", [0.015625])
case("float32", np.linspace(0, 1, 11))
case("float32", [16777216, 123456.789, 0.1])

for dtype in INTEGERS:
    info = np.iinfo(dtype)
    case(dtype, np.array([[info.min, info.max], [0, 7]], dtype))
    case(dtype, np.array([5, 100, 7], dtype), (30,))
    case(dtype, np.array([1, 2, 3], dtype), (1001,))
    case(dtype, np.array(info.max, dtype))
case("int32", [0], (0, 3))
case("int32", [-7, 8], (1000, 2))
case("int32", [-7, 8], (2, 1000))
case("int32", [1], (3, 3, 200))
case("int32", [1], (7, 2, 2, 50))
case("int32", [1000], (1, 1, 1, 1, 1))
case("int64", [10**18], (8,))

for dtype, low, high in (("int4", -8, 7), ("uint4", 0, 15), ("int2", -2, 1)):
    case(dtype, np.arange(low, high + 1))
    case(dtype, [high, low, 0], (3,))
    case(dtype, [low, high, 0, 1], (4, 300))
    case(dtype, np.array(high))

case("bool", [True, False])
case("bool", [[True, True], [True, False]])
case("bool", np.array(True))
case("bool", [True, False, False], (2000,))

for dtype in ("complex64", "complex128"):
    case(dtype, [1 + 2j, -0.5j, 3])
    case(dtype, [[1 / 3, 1e-3j], [100 - 7.25j, 0]])
    case(dtype, [1e-7 + 1e7j, -1j])
    case(dtype, [complex(np.nan, 1), complex(-1, -np.inf), complex(np.inf, np.nan)])
    case(dtype, [1 - 1j], (1001,))
    case(dtype, random.normal(0, 1, 9) + 1j * random.normal(0, 1, 9))
    for number in (1 + 2j, 2j, -0.5 - 0.25j, complex(-0.0, 1), 1e20 + 1e-20j, 0):
        case(dtype, np.array(number))
    case(dtype, np.array(complex(np.nan, -np.inf)))


def strings(*values):
    return np.array(values, object)


case("string", strings(b"yes", b"no", b""))
case("string", strings(b"it's", b'"', b"\"'", b"\\ \n\r\t\0\x7f\xff~"))
case("string", strings(b"x" * 100, b"y" * 20, b"z" * 60))
case("string", strings(b"a", b"bb", b"c", b"d").reshape(2, 2))

folder = pathlib.Path(__file__).parent
result = {"numpy": np.__version__, "cases": CASES}
lines = ",\n".join(json.dumps(case) for case in CASES)
(folder / "display.json").write_text(
    f'{{"numpy": "{np.__version__}", "cases": [\n{lines}\n]}}\n'
)
print(f"{len(CASES)} arrays")
