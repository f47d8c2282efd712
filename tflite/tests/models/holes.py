#!/usr/bin/env python3
"""Makes models that other wrappers stumble over, into holes/.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python holes.py

They do not contradict themselves: the verifier has nothing against them.
"""

import pathlib

from cases.build import Op, T, add, code, data, graph, model, pack, tensor, unary

FOLDER = pathlib.Path(__file__).parent / "holes"


def newer_operator():
    """Of a runtime to come: nobody knows this number yet."""
    parsed = add()
    parsed.operatorCodes = [code(9999)]
    step = parsed.subgraphs[0].operators[0]
    step.builtinOptionsType, step.builtinOptions = 0, None
    return parsed


def newer_version():
    """A known operator in a version to come."""
    parsed = add()
    parsed.operatorCodes[0].version = 99
    return parsed


def many_dimensions():
    """More dimensions than C arrays of fixed length in other wrappers have."""
    shape = [1] * 11 + [3]
    sizes = tensor("sizes", (12,), T.INT32, 1)
    return unary(
        Op.RESHAPE, tensor("x"), tensor("y", shape), data(shape, "int32"), extra=(sizes,)
    )


def nameless():
    """Tensors, subgraph and buffer tables with as little in them as the format allows."""
    parsed = add()
    parsed.description = None
    parsed.subgraphs[0].name = None
    for table in parsed.subgraphs[0].tensors:
        table.name = None
    return parsed


def nothing_at_all():
    """No inputs, no outputs, no operators."""
    return model(graph([], [], (), ()), [])


MODELS = [newer_operator, newer_version, many_dimensions, nameless, nothing_at_all]

FOLDER.mkdir(exist_ok=True)
for make in MODELS:
    (FOLDER / f"{make.__name__}.tflite").write_bytes(pack(make()))
