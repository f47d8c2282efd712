#!/usr/bin/env python3
"""Makes arrays with NumPy, and what is in them.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

writes *.npy, *.npz and index.json beside this file. The index has the elements in row-major order, as
hexadecimal digits of little-endian bytes, or as strings.
"""

import json
import pathlib

import ml_dtypes
import numpy as np

FOLDER = pathlib.Path(__file__).parent


def describe(array):
    entry = {"shape": list(array.shape)}
    if array.dtype.kind == "S":
        entry["dtype"] = "string"
        entry["strings"] = [element.hex() for element in array.ravel().tolist()]
    elif array.dtype.kind == "U":
        entry["dtype"] = "string"
        entry["strings"] = [element.encode().hex() for element in array.ravel().tolist()]
    else:
        entry["dtype"] = array.dtype.name
        little = array.astype(array.dtype.newbyteorder("<"))
        entry["bytes"] = little.tobytes(order="C").hex()
    return entry


def numbers(dtype, shape):
    rng = np.random.default_rng(sum(map(ord, str(dtype))))
    count = int(np.prod(shape))
    kind = np.dtype(dtype).kind
    if kind == "b":
        values = rng.integers(0, 2, count)
    elif kind in "iu":
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, count, dtype=dtype, endpoint=True)
    elif kind == "c":
        values = rng.normal(size=count) + 1j * rng.normal(size=count)
    else:
        values = rng.normal(size=count)
    return values.astype(dtype).reshape(shape)


arrays = {
    dtype: numbers(dtype, (2, 3))
    for dtype in [
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128",
    ]  # fmt: skip
}
arrays["bfloat16"] = numbers("float32", (2, 3)).astype(ml_dtypes.bfloat16)
arrays |= {
    "big_endian_int32": numbers("int32", (2, 3)).astype(">i4"),
    "big_endian_complex64": numbers("complex64", (2, 3)).astype(">c8"),
    "big_endian_text": np.array(["a", "äö"]).astype(">U2"),
    "fortran_float32": np.asfortranarray(numbers("float32", (2, 3, 4))),
    "fortran_text": np.asfortranarray(np.array([["a", "bc"], ["def", ""], ["x", "y"]])),
    "scalar_float32": np.float32(1.5).reshape(()),
    "empty_int8": np.zeros((3, 0, 2), np.int8),
    "vector_float64": numbers("float64", (5,)),
    "bytes": np.array([b"one", b"", b"a\0b", b"\xff\xfe"]),
    "text": np.array([["Grüße", ""], ["漢字", "🎉 x"]]),
    "many_dimensions": numbers("int8", (1, 2, 1, 2, 1, 2, 1)),
}

index = []
for name, array in arrays.items():
    path = FOLDER / f"{name}.npy"
    np.save(path, array)
    index.append({"file": path.name, "arrays": [describe(array) | {"name": None}]})

some = {name: arrays[name] for name in ["float32", "text", "fortran_float32"]}
for file, save in [("stored.npz", np.savez), ("compressed.npz", np.savez_compressed)]:
    save(FOLDER / file, **some)
    index.append(
        {"file": file, "arrays": [describe(array) | {"name": name} for name, array in some.items()]}
    )

# A header of the second version, which has a length of four bytes.
with open(FOLDER / "version_2.npy", "wb") as file:
    np.lib.format.write_array(file, arrays["int16"], version=(2, 0))
index.append({"file": "version_2.npy", "arrays": [describe(arrays["int16"]) | {"name": None}]})
with open(FOLDER / "version_3.npy", "wb") as file:
    np.lib.format.write_array(file, arrays["int16"], version=(3, 0))
index.append({"file": "version_3.npy", "arrays": [describe(arrays["int16"]) | {"name": None}]})

text = json.dumps({"numpy": np.__version__, "files": index}, separators=(",", ":"))
(FOLDER / "index.json").write_text(text.replace('{"file"', '\n{"file"') + "\n")
