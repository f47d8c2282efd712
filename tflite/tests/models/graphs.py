#!/usr/bin/env python3
"""Makes models with variables, with signatures of subgraphs that operators call, and a long one.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python graphs.py

writes states.tflite, called_signature.tflite, unnamed_input.tflite, unnamed.tflite,
kept_batch.tflite, kept_wrong.tflite and chain.tflite beside this file.
"""

import pathlib

import numpy as np
from cases.build import Op, T, code, data, graph, make, model, operator, pack, schema, tensor

FOLDER = pathlib.Path(__file__).parent


def signature(key, subgraph, inputs, outputs):
    def maps(names):
        return [make(schema.TensorMapT, name=n, tensorIndex=i) for n, i in names.items()]

    return make(
        schema.SignatureDefT,
        signatureKey=key,
        subgraphIndex=subgraph,
        inputs=maps(inputs),
        outputs=maps(outputs),
    )


def total():
    """h = x + h, by a recurrent network whose weights are ones on the diagonal; y is h."""
    tensors = [
        tensor("x", [1, 2]),
        tensor("weights", [2, 2], buffer=1),
        tensor("recurrent weights", [2, 2], buffer=1),
        tensor("bias", [2], buffer=2),
        tensor("total", [1, 2], isVariable=True),
        tensor("y", [1, 2]),
    ]
    step = operator(range(5), [5], kind="RNNOptions", options=schema.RNNOptionsT())
    return graph(tensors, [step], [0], [5])


def states():
    """Two functions, each with a variable in a subgraph of its own."""
    return model(
        [total(), total()],
        [code(Op.RNN)],
        data([[1, 0], [0, 1]]),
        data([0, 0]),
        signatureDefs=[
            signature("first", 0, {"x": 0}, {"y": 5}),
            signature("second", 1, {"x": 0}, {"y": 5}),
        ],
    )


def called_signature():
    """y = x + x until it is at least 100. The step is a function, too."""
    main = graph(
        [tensor("x", [1]), tensor("y", [1])],
        [
            operator(
                [0],
                [1],
                kind="WhileOptions",
                options=make(schema.WhileOptionsT, condSubgraphIndex=1, bodySubgraphIndex=2),
            )
        ],
    )
    condition = graph(
        [tensor("a", [1]), tensor("limit", [1], buffer=1), tensor("more", [1], T.BOOL)],
        [operator([0, 1], [2], code=1, kind="LessOptions", options=schema.LessOptionsT())],
        [0],
        [2],
    )
    step = graph(
        [tensor("b", [1]), tensor("twice", [1])],
        [operator([0, 0], [1], code=2, kind="AddOptions", options=schema.AddOptionsT())],
    )
    return model(
        [main, condition, step],
        [code(Op.WHILE), code(Op.LESS), code(Op.ADD)],
        data([100]),
        signatureDefs=[
            signature("main", 0, {"x": 0}, {"y": 1}),
            signature("step", 2, {"b": 0}, {"twice": 1}),
        ],
    )


def unnamed_input():
    """A function that does not say what its second input is."""
    tensors = [tensor("x"), tensor("z"), tensor("y")]
    step = operator([0, 1], [2], kind="AddOptions", options=schema.AddOptionsT())
    return model(
        graph(tensors, [step], [0, 1], [2]),
        [code(Op.ADD)],
        signatureDefs=[signature("half", 0, {"x": 0}, {"y": 2})],
    )


def unnamed():
    """The sum of two inputs of any length, one of which has no name. There are no signatures."""
    tensors = [
        tensor(name, [1], shapeSignature=[-1]) for name in ("", "x", "")
    ]
    step = operator([0, 1], [2], kind="AddOptions", options=schema.AddOptionsT())
    return model(graph(tensors, [step], [0, 1], [2]), [code(Op.ADD)])


def kept(read, **fields):
    """y = x + x, the second one through a variable, whose value is said to have the shape `read`."""
    tensors = [
        tensor("x", [1, 2], **fields),
        tensor("handle", [], T.RESOURCE),
        tensor("kept", read),
        tensor("y", read),
    ]
    handle = make(schema.VarHandleOptionsT, container="", sharedName="kept")
    steps = [
        operator([], [1], kind="VarHandleOptions", options=handle),
        operator([1, 0], [], code=1, kind="AssignVariableOptions", options=schema.AssignVariableOptionsT()),
        operator([1], [2], code=2, kind="ReadVariableOptions", options=schema.ReadVariableOptionsT()),
        operator([2, 0], [3], code=3, kind="AddOptions", options=schema.AddOptionsT()),
    ]
    codes = [code(op) for op in (Op.VAR_HANDLE, Op.ASSIGN_VARIABLE, Op.READ_VARIABLE, Op.ADD)]
    return model(graph(tensors, steps, [0], [3]), codes)


def kept_batch():
    """Any number of rows. The runtime takes no dimensions for unknown ones."""
    return kept([], shapeSignature=[-1, 2])


def kept_wrong():
    """More rows are said to be read than there are."""
    return kept([5000, 2])


def chain():
    """64 convolutions with tensors of 256 KB, of which two live at a time. Each turns the channels around by one."""
    steps, channels = 64, 16
    tensors = [tensor(f"t{i}", [1, 64, 64, channels]) for i in range(steps + 1)]
    tensors += [tensor("filter", [channels, 1, 1, channels], buffer=1), tensor("bias", [channels], buffer=2)]
    options = make(schema.Conv2DOptionsT, strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
    operators = [
        operator([i, steps + 1, steps + 2], [i + 1], kind="Conv2DOptions", options=options) for i in range(steps)
    ]
    around = np.roll(np.eye(channels), 1, axis=1)
    return model(graph(tensors, operators, [0], [steps]), [code(Op.CONV_2D)], data(around), data(np.zeros(channels)))


def main():
    for make_model in (states, called_signature, unnamed_input, unnamed, kept_batch, kept_wrong, chain):
        content = pack(make_model())
        (FOLDER / f"{make_model.__name__}.tflite").write_bytes(content)
        print(f"{make_model.__name__}: {len(content)} bytes")


main()
