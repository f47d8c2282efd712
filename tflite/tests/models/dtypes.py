#!/usr/bin/env python3
"""Makes models with tensors of unusual types, and what the official Python runtime computes.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python dtypes.py

writes packed.tflite, int4.tflite, narrow.tflite, complex.tflite, resource_output.tflite and
dtypes.json beside this file.
"""

import copy
import json
import os
import pathlib
from importlib import metadata

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import ml_dtypes
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cases.build import Op, T, code, data, graph, make, model, operator, pack, schema, tensor

FOLDER = pathlib.Path(__file__).parent


def scale(scale, zero_point=0):
    return make(
        schema.QuantizationParametersT,
        scale=np.array([scale], np.float32),
        zeroPoint=np.array([zero_point], np.int64),
    )


def scales(values, dimension):
    return make(
        schema.QuantizationParametersT,
        scale=np.array(values, np.float32),
        zeroPoint=np.zeros(len(values), np.int64),
        quantizedDimension=dimension,
    )


def steps(tensors, operators, inputs, outputs, *buffers):
    """`operators`: the code, inputs and outputs of each one."""
    builtins = sorted({builtin for builtin, *_ in operators})
    nodes = [operator(i, o, code=builtins.index(builtin)) for builtin, i, o in operators]
    return model(
        graph(tensors, nodes, inputs, outputs), [code(builtin) for builtin in builtins], *buffers
    )


def packed():
    """float32 to int4 and uint4 with a scale, and to int2 without."""
    tensors = [
        tensor("x", [5]),
        tensor("int4", [5], T.INT4, quantization=scale(0.25)),
        tensor("uint4", [5], T.UINT4, quantization=scale(0.5, 8)),
        tensor("int2", [5], T.INT2),
    ]
    operators = [(Op.QUANTIZE, [0], [1]), (Op.QUANTIZE, [0], [2]), (Op.CAST, [0], [3])]
    return steps(tensors, operators, [0], [1, 2, 3])


def int4():
    tensors = [tensor("x", [5], T.INT4, quantization=scale(0.5, -1)), tensor("y", [5])]
    return steps(tensors, [(Op.CAST, [0], [1])], [0], [1])


def narrow():
    """Narrow numbers to float32: what they are, and with a scale what they stand for."""
    inputs = [
        tensor("uint4", [3, 3], T.UINT4, quantization=scale(0.125, 3)),
        tensor("int2", [3, 3], T.INT2, quantization=scale(2.0, -1)),
        tensor("int4", [3, 3], T.INT4, quantization=scales([0.5, 0.25, 3.0], 1)),
        tensor("int16", [3, 3], T.INT16, quantization=scale(0.01)),
        tensor("float16", [3, 3], T.FLOAT16),
        tensor("bfloat16", [3, 3], T.BFLOAT16),
    ]
    count = len(inputs)
    outputs = [tensor("of " + t.name, [3, 3]) for t in inputs]
    # The runtime's DEQUANTIZE does not know bfloat16.
    operators = [
        (Op.CAST if i == 5 else Op.DEQUANTIZE, [i], [count + i]) for i in range(count)
    ]
    return steps(inputs + outputs, operators, range(count), range(count, 2 * count))


def complex():
    """The spectrum of eight numbers; real and imaginary part of others."""
    tensors = [
        tensor("x", [1, 8]),
        tensor("length", [2], T.INT32, buffer=1),
        tensor("spectrum", [1, 5], T.COMPLEX64),
        tensor("z", [3], T.COMPLEX128),
        tensor("real", [3], T.FLOAT64),
        tensor("imaginary", [3], T.FLOAT64),
    ]
    operators = [(Op.RFFT2D, [0, 1], [2]), (Op.REAL, [3], [4]), (Op.IMAG, [3], [5])]
    return steps(tensors, operators, [0, 3], [2, 4, 5], data([1, 8], np.int32))


def variable():
    """The handle of a variable comes out."""
    tensors = [tensor("x", [3]), tensor("handle", [], T.RESOURCE), tensor("y", [3])]
    parsed = steps(
        tensors, [(Op.VAR_HANDLE, [], [1]), (Op.ADD, [0, 0], [2])], [0], [1, 2]
    )
    step = parsed.subgraphs[0].operators[0]
    step.builtinOptionsType = schema.BuiltinOptions.VarHandleOptions
    step.builtinOptions = make(schema.VarHandleOptionsT, container="", sharedName="v")
    return parsed


MODELS = {
    "packed": packed(),
    "int4": int4(),
    "narrow": narrow(),
    "complex": complex(),
    "resource_output": variable(),
}
MODELS = {name: pack(parsed) for name, parsed in MODELS.items()}

GRID = np.arange(9).reshape(3, 3)
HALVES = np.array([[0.1, -2.5, 65504], [6e-8, -0.0, 1 / 3], [1e-5, 100.06, -7]])
CASES = {
    "packed": [
        [np.array([-9, -0.376, 0.124, 0.374, 50], np.float32)],
        [np.array([-2, -1, 0, 1, 1.5], np.float32)],
    ],
    "int4": [[np.array([-8, -1, 0, 1, 7], np.int8)]],
    "narrow": [
        [
            (GRID + 7).astype(np.uint8),
            (GRID % 4 - 2).astype(np.int8),
            (GRID - 3).astype(np.int8),
            (GRID * 8000 - 32000).astype(np.int16),
            HALVES.astype(np.float16),
            HALVES.astype(ml_dtypes.bfloat16),
        ]
    ],
    "complex": [
        [
            np.array([[1, 2, 3, 4, 0, -1, 0.5, 0]], np.float32),
            np.array([1 + 2j, -0.5j, 1e300 - 1e-300j]),
        ]
    ],
}


def numbers(array):
    if array.dtype.kind == "c":
        return [[float(z.real), float(z.imag)] for z in array.ravel()]
    return array.ravel().astype(float).tolist()


def bits(values, width):
    """Integers as bytes, the first one in the lowest bits."""
    per_byte = 8 // width
    values = [int(v) & (1 << width) - 1 for v in values]
    values += [0] * (-len(values) % per_byte)
    chunks = np.array(values).reshape(-1, per_byte)
    return (chunks << width * np.arange(per_byte)).sum(axis=1).astype(np.uint8)


def raw(array, dtype):
    """The bytes of an input, as common.h says."""
    width = {T.INT4: 4, T.UINT4: 4, T.INT2: 2}.get(dtype)
    if width:
        return bits(array.ravel(), width).tobytes()
    return array.tobytes()


def golden(name):
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(MODELS[name]), 0))
    main = parsed.subgraphs[0]
    types = [main.tensors[i].type for i in main.inputs]
    return {
        "model": name,
        "invocations": [
            {
                "inputs": [raw(a, t).hex() for a, t in zip(inputs, types, strict=True)],
                "outputs": [numbers(output) for output in run(parsed, inputs)],
            }
            for inputs in CASES[name]
        ],
    }


def run(parsed, inputs):
    parsed = copy.deepcopy(parsed)
    main = parsed.subgraphs[0]
    arrays = dict(zip(map(int, main.inputs), inputs, strict=True))
    # Python cannot set tensors of these types, but constants can be of them.
    for index in list(arrays):
        dtype = main.tensors[index].type
        if dtype in (T.INT2, T.BFLOAT16):
            main.tensors[index].buffer = len(parsed.buffers)
            content = np.frombuffer(raw(arrays.pop(index), dtype), np.uint8)
            parsed.buffers.append(make(schema.BufferT, data=content))
    main.inputs = list(arrays)
    interpreter = Interpreter(model_content=pack(parsed), num_threads=1)
    interpreter.allocate_tensors()
    for index, array in arrays.items():
        interpreter.set_tensor(index, array)
    interpreter.invoke()
    return [interpreter.get_tensor(i) for i in main.outputs]


def main():
    for name, content in MODELS.items():
        (FOLDER / f"{name}.tflite").write_bytes(content)
        print(f"{name}: {len(content)} bytes")
    result = {
        "runtime": f"ai-edge-litert {metadata.version('ai-edge-litert')}",
        "models": [golden(name) for name in CASES],
    }
    (FOLDER / "dtypes.json").write_text(json.dumps(result, indent=1) + "\n")


main()
