"""Builds small models from the schema's own objects, and keeps those that the tests want."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

T, Op = schema.TensorType, schema.BuiltinOperator
CASES = {"refused": {}, "accepted": {}}


def make(kind, **fields):
    table = kind()
    for name, value in fields.items():
        assert hasattr(table, name), name
        setattr(table, name, value)
    return table


def tensor(name, shape=(3,), dtype=T.FLOAT32, buffer=0, **fields):
    return make(
        schema.TensorT, name=name, shape=list(shape), type=dtype, buffer=buffer, **fields
    )


def data(values, dtype=np.float32):
    return make(schema.BufferT, data=np.asarray(values, dtype).reshape(-1).view(np.uint8))


def operator(inputs, outputs, code=0, kind=None, options=None, **fields):
    return make(
        schema.OperatorT,
        opcodeIndex=code,
        inputs=inputs,
        outputs=outputs,
        builtinOptionsType=getattr(schema.BuiltinOptions, kind) if kind else 0,
        builtinOptions=options,
        **fields,
    )


def code(builtin, custom=None):
    return make(
        schema.OperatorCodeT,
        builtinCode=builtin,
        deprecatedBuiltinCode=min(builtin, 127),
        version=1,
        customCode=custom,
    )


def graph(tensors, operators, inputs=(0,), outputs=(1,)):
    return make(
        schema.SubGraphT,
        name="main",
        tensors=tensors,
        operators=operators,
        inputs=list(inputs),
        outputs=list(outputs),
    )


def model(graphs, codes, *buffers, **fields):
    return make(
        schema.ModelT,
        version=3,
        subgraphs=graphs if isinstance(graphs, list) else [graphs],
        operatorCodes=codes,
        buffers=[make(schema.BufferT), *buffers],
        **fields,
    )


def add():
    """y = x + c"""
    tensors = [tensor("x"), tensor("y"), tensor("c", buffer=1)]
    step = operator([0, 2], [1], kind="AddOptions", options=schema.AddOptionsT())
    return model(graph(tensors, [step]), [code(Op.ADD)], data([1, 2, 3]))


def pack(parsed, tail=b""):
    builder = flatbuffers.Builder(1024)
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output()) + tail


def case(base, folder="refused"):
    """Changes a model; the function's name is the model's."""

    def register(change):
        parsed = base()
        CASES[folder][change.__name__] = change(parsed) or pack(parsed)

    return register


def first(parsed):
    return parsed.subgraphs[0]


def unary(builtin, source, target, *buffers, kind=None, options=None, extra=(), inputs=(0,)):
    """One operator that reads tensor 0 and writes tensor 1."""
    reads = [0, *range(2, 2 + len(extra))]
    step = operator(reads, [1], kind=kind, options=options)
    return model(graph([source, target, *extra], [step], inputs), [code(builtin)], *buffers)
