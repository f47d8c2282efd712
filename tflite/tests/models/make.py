#!/usr/bin/env python3
"""Makes the small models of the tests, and what the official Python runtime computes with them.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

writes *.tflite and golden.json beside this file. Weights and inputs come from fixed seeds.
"""

import json
import os
import pathlib
from importlib import metadata

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import flatbuffers
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.python import schema_py_generated as schema

FOLDER = pathlib.Path(__file__).parent
random = np.random.default_rng(20)


def uniform(*shape):
    return random.uniform(-1, 1, shape).astype(np.float32)


def convert(function, *specs, setup=None):
    """One tf.function as a model, with tensors in the order of its arguments."""
    module = tf.Module()
    module.function = tf.function(function, input_signature=specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    if setup:
        setup(converter)
    return converter.convert()


def edit(model, change):
    """The model with something changed that no converter would write."""
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(model), 0))
    change(parsed)
    builder = flatbuffers.Builder(1024)
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def floats(*shape):
    return tf.TensorSpec(shape, tf.float32)


def add():
    return convert(lambda x: x + x, floats(3))


def add_two():
    return convert(lambda a, b: a + b, floats(3), floats(3))


def dynamic_batch():
    weights, bias = uniform(4, 3), uniform(3)
    return convert(lambda x: tf.matmul(x, weights) + bias, floats(None, 4))


def concat():
    return convert(
        lambda a, b: tf.concat([a, b], axis=1) * 2.0, floats(None, 2), floats(None, 3)
    )


def conv():
    """Two convolutions with something between them that XNNPACK does not compute."""
    first, second = uniform(3, 3, 3, 4), uniform(3, 3, 4, 2)

    def function(x):
        x = tf.nn.relu(tf.nn.conv2d(x, first, 1, "SAME"))
        x = tf.cumsum(x, axis=1)
        return tf.nn.conv2d(x, second, 2, "VALID")

    return convert(function, floats(1, 8, 8, 3))


def int8_dense():
    weights, bias = uniform(8, 4), uniform(4)
    samples = [uniform(1, 8) for _ in range(50)]
    return int8(lambda x: tf.matmul(x, weights) + bias, floats(1, 8), samples)


def int8(function, spec, samples, float_interface=False):
    def setup(converter):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample] for sample in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if not float_interface:
            converter.inference_input_type = converter.inference_output_type = tf.int8

    return convert(function, spec, setup=setup)


def quantize():
    """What the runtime's own QUANTIZE and DEQUANTIZE make of numbers."""
    weights = uniform(8, 8)
    model = int8(
        lambda x: tf.matmul(x, weights),
        floats(1, 8),
        [uniform(1, 8) for _ in range(50)],
        float_interface=True,
    )

    def change(model):
        graph = model.subgraphs[0]
        first, *_, last = graph.operators
        last.inputs = first.outputs
        graph.operators = [first, last]
        graph.outputs = [first.outputs[0], last.outputs[0]]
        model.signatureDefs = []

    return edit(model, change)


def int8_conv():
    """The weights, with a scale for each channel, are an output too."""
    weights = (uniform(3, 3, 2, 4) * [0.1, 1, 10, 100]).astype(np.float32)
    model = int8(
        lambda x: tf.nn.conv2d(x, weights, 1, "VALID"),
        floats(1, 5, 5, 2),
        [uniform(1, 5, 5, 2) for _ in range(50)],
    )

    def change(model):
        graph = model.subgraphs[0]
        graph.outputs = [graph.outputs[0], graph.operators[0].inputs[1]]
        model.signatureDefs = []

    return edit(model, change)


def strings():
    return convert(
        lambda x: (tf.reshape(x, [3, 1]), tf.equal(x, "yes")), tf.TensorSpec([3], tf.string)
    )


def string_equal():
    """Any number of strings."""
    return convert(lambda x: tf.equal(x, "yes"), tf.TensorSpec([None], tf.string))


def types():
    """A cast to each type that the runtime can cast to."""
    targets = [tf.float64, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint32, tf.int8, tf.bool]
    return convert(lambda x: [tf.cast(x, target) for target in targets], floats(4))


def bools():
    return convert(tf.logical_not, tf.TensorSpec([4], tf.bool))


def gather():
    """Fails when an index is not below 5."""
    table = uniform(5, 2)
    return convert(lambda i: tf.gather(table, i), tf.TensorSpec([3], tf.int32))


def count():
    """Counts to its input, one by one."""
    def function(n):
        return tf.while_loop(lambda i: tf.reduce_all(i < n), lambda i: i + 1, [tf.zeros_like(n)])[0]

    return convert(function, tf.TensorSpec([1], tf.int32))


def dynamic_output():
    """How many positions come out depends on the values that go in."""
    return convert(lambda x: tf.cast(tf.where(x > 0), tf.int32) * 2, floats(6))


def signatures():
    module = tf.Module()
    module.double = tf.function(lambda x: {"y": x * 2.0}, input_signature=[floats(2)])
    module.sum = tf.function(
        lambda a, b: {"total": a + b}, input_signature=[floats(3), floats(3)]
    )
    return convert_saved(module, {"double": module.double, "sum": module.sum})


def convert_saved(module, functions):
    folder = FOLDER / "saved"
    tf.saved_model.save(module, str(folder), functions)
    model = tf.lite.TFLiteConverter.from_saved_model(
        str(folder), signature_keys=list(functions)
    ).convert()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()
    return model


def resource_input():
    """The handle of the counter's variable comes from outside."""

    def change(model):
        graph = model.subgraphs[0]
        (handle,) = {
            int(i)
            for operator in graph.operators
            for i in operator.inputs
            if graph.tensors[i].type == schema.TensorType.RESOURCE
        }
        graph.inputs = [*graph.inputs, handle]
        graph.operators = [o for o in graph.operators if handle not in o.outputs]
        model.signatureDefs = []

    return edit(counter(), change)


def broken_signatures():
    """Signatures that lead a trusting reader astray; one is good."""

    def change(model):
        def signature(key, inputs, output):
            definition = schema.SignatureDefT()
            definition.signatureKey, definition.subgraphIndex = key, 0
            definition.inputs = [tensor_map(name, index) for name, index in inputs]
            definition.outputs = [tensor_map("y", output)]
            return definition

        def tensor_map(name, index):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, index
            return entry

        graph = model.subgraphs[0]
        (x, z), y = map(int, graph.inputs), int(graph.outputs[0])
        model.signatureDefs = [
            signature("good", [("x", x), ("z", z)], y),
            signature("an output as input", [("x", y)], y),
            signature("an input as output", [("x", x)], x),
            signature("twice", [("x", x)], x),
            signature("twice", [("x", x)], y),
        ]

    return edit(add_two(), change)


def dynamic_signatures():
    """Two functions of any number of rows, each with its own subgraph."""
    module = tf.Module()
    module.join = tf.function(
        lambda a, b: {"y": tf.concat([a, b], axis=1) + 1.0},
        input_signature=[floats(None, 2), floats(None, 3)],
    )
    module.double = tf.function(lambda x: {"y": x * 2.0}, input_signature=[floats(None, 2)])
    return convert_saved(module, {"double": module.double, "join": module.join})


def counter():
    """Adds its inputs up in a variable."""
    module = tf.Module()
    module.total = tf.Variable([0.0], dtype=tf.float32)

    def function(x):
        return module.total.assign_add(x)

    module.function = tf.function(function, input_signature=[floats(1)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    converter.experimental_enable_resource_variables = True
    return converter.convert()


def duplicate_input():
    """One tensor, twice an input."""

    def change(model):
        graph = model.subgraphs[0]
        graph.inputs = [graph.inputs[0]] * 2
        graph.operators[0].inputs = graph.inputs
        model.signatureDefs = []

    return edit(add_two(), change)


def optional_input():
    """The first of two inputs is left out."""

    def change(model):
        graph = model.subgraphs[0]
        graph.inputs = [-1, graph.inputs[0]]
        model.signatureDefs = []

    return edit(add(), change)


def with_constant(inputs, outputs):
    """y = x + c, where c is an input or an output too."""
    constant = np.array([1, 2, 3], np.float32)
    model = convert(lambda x: x + constant, floats(3))

    def change(model):
        graph = model.subgraphs[0]
        (index,) = [i for i in graph.operators[0].inputs if i not in graph.inputs]
        if inputs:
            graph.inputs = [*graph.inputs, index]
        if outputs:
            graph.outputs = [*graph.outputs, index]
        model.signatureDefs = []

    return edit(model, change)


def input_is_output():
    """The input is also the second output."""

    def change(model):
        graph = model.subgraphs[0]
        graph.outputs = [*graph.outputs, graph.inputs[0]]
        model.signatureDefs = []

    return edit(add(), change)


def no_input():
    """A constant alone: no inputs, no operators."""

    def change(model):
        graph = model.subgraphs[0]
        (index,) = [i for i in graph.operators[0].inputs if i not in graph.inputs]
        graph.inputs, graph.outputs, graph.operators = [], [index], []
        model.signatureDefs = []

    return edit(convert(lambda x: x + np.array([1, 2, 3], np.float32), floats(3)), change)


def odd_name():
    """The input's name is not UTF-8."""

    def change(model):
        graph = model.subgraphs[0]
        graph.tensors[graph.inputs[0]].name = b"caf\xe9"
        model.signatureDefs = []

    return edit(add(), change)


def unknown_operator():
    """The only operator is a custom one that nobody has."""

    def change(model):
        code = model.operatorCodes[0]
        code.builtinCode = schema.BuiltinOperator.CUSTOM
        code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode = b"Nonesuch"
        operator = model.subgraphs[0].operators[0]
        operator.builtinOptionsType, operator.builtinOptions = 0, None

    return edit(add(), change)


MODELS = {
    "add": add(),
    "add_two": add_two(),
    "dynamic_batch": dynamic_batch(),
    "concat": concat(),
    "conv": conv(),
    "int8_dense": int8_dense(),
    "quantize": quantize(),
    "int8_conv": int8_conv(),
    "strings": strings(),
    "string_equal": string_equal(),
    "types": types(),
    "bools": bools(),
    "gather": gather(),
    "count": count(),
    "dynamic_output": dynamic_output(),
    "signatures": signatures(),
    "broken_signatures": broken_signatures(),
    "dynamic_signatures": dynamic_signatures(),
    "resource_input": resource_input(),
    "counter": counter(),
    "duplicate_input": duplicate_input(),
    "optional_input": optional_input(),
    "constant_input": with_constant(True, False),
    "constant_output": with_constant(False, True),
    "input_is_output": input_is_output(),
    "no_input": no_input(),
    "odd_name": odd_name(),
    "unknown_operator": unknown_operator(),
}

# Each list is one sequence of invocations of one interpreter: a list of inputs for each.
CASES = {
    "add": [[[1, 2, 3]], [[-1, 0, 1e30]]],
    "add_two": [[uniform(3), uniform(3)]],
    "dynamic_batch": [[uniform(1, 4)], [uniform(7, 4)], [uniform(2, 4)]],
    "concat": [[uniform(1, 2), uniform(1, 3)], [uniform(4, 2), uniform(4, 3)]],
    "conv": [[uniform(1, 8, 8, 3)], [uniform(1, 8, 8, 3)]],
    "int8_dense": [[random.integers(-128, 128, (1, 8))] for _ in range(5)],
    "quantize": [[uniform(1, 8) * scale] for scale in (1, 1, 1, 2, 1e3, 1e-3)],
    "int8_conv": [[random.integers(-128, 128, (1, 5, 5, 2))] for _ in range(3)],
    "types": [[[0, 1.5, 100, 7.9]]],
    "bools": [[[True, False, False, True]]],
    "gather": [[[0, 4, 2]]],
    "count": [[[5]], [[0]], [[-3]]],
    "dynamic_output": [[[1, 0, 0, 0, 0, 1]], [[1] * 6], [[0] * 6], [[0, 0, 1, 0, 0, 0]]],
    "counter": [[[1]], [[2.5]], [[-0.5]]],
    "duplicate_input": [[[1, 2, 3], [1, 2, 3]]],
    "constant_output": [[[1, 2, 3]]],
    "input_is_output": [[[1, 2, 3]]],
    "no_input": [[]],
}


def tensor(array):
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "data": array.ravel().tolist(),
    }


def golden(name):
    interpreter = Interpreter(model_content=MODELS[name], num_threads=1)
    interpreter.allocate_tensors()
    invocations = []
    for values in CASES[name]:
        details = interpreter.get_input_details()
        arrays = [np.asarray(v, d["dtype"]) for v, d in zip(values, details, strict=True)]
        if any(tuple(d["shape"]) != a.shape for d, a in zip(details, arrays)):
            for detail, array in zip(details, arrays):
                interpreter.resize_tensor_input(detail["index"], array.shape)
            interpreter.allocate_tensors()
        for detail, array in zip(details, arrays):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        outputs = [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]
        invocations.append(
            {
                "inputs": [tensor(array) for array in arrays],
                "outputs": [tensor(output) for output in outputs],
            }
        )
    details = interpreter.get_input_details(), interpreter.get_output_details()
    quantization = [[list(map(float, d["quantization"])) for d in some] for some in details]
    return {
        "model": name,
        "quantization": quantization,
        "channels": [channels(d["quantization_parameters"]) for d in details[1]],
        "invocations": invocations,
    }


def channels(parameters):
    return {
        "scales": parameters["scales"].astype(float).tolist(),
        "zero_points": parameters["zero_points"].tolist(),
        "dimension": parameters["quantized_dimension"],
    }


def main():
    for name, model in MODELS.items():
        (FOLDER / f"{name}.tflite").write_bytes(model)
        print(f"{name}: {len(model)} bytes")
    runtime = f"ai-edge-litert {metadata.version('ai-edge-litert')}"
    result = {"runtime": runtime, "models": [golden(name) for name in CASES]}
    (FOLDER / "golden.json").write_text(json.dumps(result, indent=1) + "\n")


main()
