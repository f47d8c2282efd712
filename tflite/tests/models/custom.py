#!/usr/bin/env python3
"""Makes custom/*.tflite: models with operators that the runtime does not have.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python custom.py

The tests say what the operators do. Where one needs a number, it is in the node's custom options,
as four bytes.
"""

import pathlib
import struct

import numpy as np
import tensorflow as tf
from cases.build import Op, T, code, data, graph, make, model, operator, pack, schema, tensor

FOLDER = pathlib.Path(__file__).parent / "custom"


def custom(inputs, outputs, code=0, number=None):
    options = None if number is None else list(struct.pack("<f", number))
    return operator(inputs, outputs, code, customOptions=options)


def own(name, version=1):
    result = code(Op.CUSTOM, name)
    result.version = version
    return result


def binary(kind, inputs, output, code):
    return operator(
        inputs, [output], code, kind=f"{kind}Options", options=getattr(schema, f"{kind}OptionsT")()
    )


def add(inputs, output, code=1):
    return binary("Add", inputs, output, code)


def rows(name):
    """Any number of rows of four."""
    return tensor(name, [1, 4], shapeSignature=[-1, 4])


def atan():
    """atan(x + bias), as the converter writes an operator that the runtime lacks."""
    bias = np.asarray([0.5, -0.5, 0, 2], np.float32)
    function = tf.function(
        lambda x: tf.atan(x + bias), input_signature=[tf.TensorSpec([None, 4], tf.float32)]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.allow_custom_ops = True
    return converter.convert()


def scale():
    tensors = [tensor("x", shapeSignature=[-1]), tensor("y", shapeSignature=[-1])]
    return model(graph(tensors, [custom([0], [1], number=2.5)]), [own("Scale")])


def scale_version_2():
    result = scale()
    result.operatorCodes[0].version = 2
    return result


def scale_without_options():
    result = scale()
    result.subgraphs[0].operators[0].customOptions = None
    return result


def chain():
    """Between two operators that XNNPACK computes: y = (x + x) * 2.5 * -2 + x"""
    tensors = [rows("x"), rows("y"), rows("a"), rows("b"), rows("c")]
    steps = [
        add([0, 0], 2),
        custom([2], [3], number=2.5),
        custom([3], [4], number=-2),
        add([4, 0], 1),
    ]
    return model(graph(tensors, steps), [own("Scale"), code(Op.ADD)])


def several():
    """Two outputs; an input that is left out, and one that is there twice."""
    tensors = [tensor("x"), tensor("y"), tensor("z")]
    step = custom([0, -1, 0], [1, 2])
    return model(graph(tensors, [step], outputs=[1, 2]), [own("Several")])


def optional_output():
    tensors = [tensor("x"), tensor("y")]
    return model(graph(tensors, [custom([0], [-1, 1])]), [own("Several")])


def dynamic():
    """The positive ones of six numbers, twice."""
    tensors = [
        tensor("x", [6]),
        tensor("y", [1], shapeSignature=[-1]),
        tensor("positive", [1], shapeSignature=[-1]),
    ]
    return model(
        graph(tensors, [custom([0], [2]), add([2, 2], 1)]), [own("Positive"), code(Op.ADD)]
    )


def strings():
    tensors = [tensor("x", [3], T.STRING), tensor("y", [3], T.STRING)]
    return model(graph(tensors, [custom([0], [1])]), [own("Upper")])


def types():
    """One of each: bool, int32, int64, float32."""
    kinds = [T.BOOL, T.INT32, T.INT64, T.FLOAT32]
    tensors = [tensor("x", [2], T.INT32), *(tensor(f"y{i}", [2], k) for i, k in enumerate(kinds))]
    return model(graph(tensors, [custom([0], [1, 2, 3, 4])], outputs=[1, 2, 3, 4]), [own("Types")])


def constant_input():
    """The shape of the output is the contents of a constant."""
    tensors = [
        tensor("x"),
        tensor("y", [1, 1], shapeSignature=[-1, -1]),
        tensor("shape", [2], T.INT32, buffer=1),
    ]
    step = custom([0, 2], [1])
    return model(graph(tensors, [step]), [own("Spread")], data([2, 3], np.int32))


def quantized():
    def parameters(scale, zero_point):
        return make(schema.QuantizationParametersT, scale=[scale], zeroPoint=[zero_point])

    tensors = [
        tensor("x", [4], T.INT8, quantization=parameters(0.5, 1)),
        tensor("y", [4], T.INT8, quantization=parameters(0.25, -3)),
    ]
    return model(graph(tensors, [custom([0], [1], number=1.5)]), [own("Scale")])


def handed_on():
    """Input and output are the same tensor, as some operators want it."""
    tensors = [tensor("x"), tensor("y"), tensor("t")]
    steps = [add([0, 0], 2), custom([2], [2]), add([2, 2], 1)]
    return model(graph(tensors, steps), [own("HandOn"), code(Op.ADD)])


def resource():
    tensors = [tensor("x"), tensor("y", [], T.RESOURCE), tensor("z")]
    steps = [custom([0], [1]), add([0, 0], 2)]
    return model(graph(tensors, steps, outputs=[2]), [own("Handle"), code(Op.ADD)])


def loop():
    """Counts to its input, with custom operators in the body and in the condition."""

    def number(name):
        return tensor(name, [1], T.INT32)

    options = make(schema.WhileOptionsT, condSubgraphIndex=1, bodySubgraphIndex=2)
    start = operator([2, 0], [1, 3], 2, kind="WhileOptions", options=options)
    tensors = [number("to"), number("count"), tensor("zero", [1], T.INT32, buffer=1), number("end")]
    outer = graph(tensors, [start], inputs=[0], outputs=[1])
    condition = graph(
        [number("i"), number("n"), tensor("more", [], T.BOOL)], [custom([0, 1], [2])], [0, 1], [2]
    )
    body = graph([number("i"), number("n"), number("next")], [custom([0], [2], 1)], [0, 1], [2, 1])
    codes = [own("Below"), own("Next"), code(Op.WHILE)]
    return model([outer, condition, body], codes, data([0], np.int32))


def branches():
    """Scales by 2.5 or by -1."""
    options = make(schema.IfOptionsT, thenSubgraphIndex=1, elseSubgraphIndex=2)
    step = operator([0, 1], [2], 1, kind="IfOptions", options=options)
    tensors = [tensor("which", [], T.BOOL), tensor("x"), tensor("y")]
    outer = graph(tensors, [step], inputs=[0, 1], outputs=[2])

    def branch(number):
        return graph([tensor("x"), tensor("y")], [custom([0], [1], number=number)])

    return model([outer, branch(2.5), branch(-1)], [own("Scale"), code(Op.IF)])


def signatures():
    """Two functions with a subgraph each."""

    def signature(key, subgraph):
        def names(name, index):
            return [make(schema.TensorMapT, name=name, tensorIndex=index)]

        return make(
            schema.SignatureDefT,
            signatureKey=key,
            subgraphIndex=subgraph,
            inputs=names("x", 0),
            outputs=names("y", 1),
        )

    def function(number):
        return graph([rows("x"), rows("y")], [custom([0], [1], number=number)])

    result = model([function(2), function(10)], [own("Scale")])
    result.signatureDefs = [signature("double", 0), signature("tenfold", 1)]
    return result


def main():
    FOLDER.mkdir(exist_ok=True)
    models = [scale, scale_version_2, scale_without_options, chain, several, optional_output]
    models += [dynamic, strings, types, constant_input, quantized, handed_on, resource]
    models += [loop, branches, signatures]
    contents = {function.__name__: pack(function()) for function in models} | {"atan": atan()}
    for name, content in contents.items():
        (FOLDER / f"{name}.tflite").write_bytes(content)
        print(f"{name}: {len(content)} bytes")


main()
