"""Turns a case into a model of a given kind.

float32    no optimisation
float16    weights in half precision
dynamic    weights in int8, activations in float32, quantized while it runs
int8       weights per channel, activations, inputs and outputs in int8
int16x8    weights per channel in int8, activations, inputs and outputs in int16
uint8_io   as int8, with inputs and outputs in uint8
uint8      everything in uint8, as the converter for TensorFlow 1 writes it
"""

import tempfile
from collections import Counter

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema


class Unavailable(Exception):
    """The converter does not make this kind out of this case."""


def convert(case, kind):
    make = convert_uint8 if kind == "uint8" else convert_saved
    try:
        model = make(case, kind)
    except Unavailable:
        raise
    except Exception as error:  # The converter raises whatever it likes.
        lines = [line for line in str(error).splitlines() if line.strip()]
        wanted = [line for line in lines if "not yet supported" in line or "error:" in line]
        line = (wanted or lines or [repr(error)])[0]
        raise Unavailable(line.rsplit("error: ")[-1].strip()[:200]) from error
    check(model, kind)
    return model


def convert_saved(case, kind):
    built = case.function()
    if isinstance(built, dict):
        return convert_signatures(case, kind, built)
    module = built if isinstance(built, tf.Module) else tf.Module()
    # plan() in make.py knows the inputs by these names.
    specs = [
        tf.TensorSpec(value.spec.shape, value.spec.dtype, f"x{index}")
        for index, value in enumerate(case.inputs)
    ]
    module.function = tf.function(built, input_signature=specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    converter.experimental_enable_resource_variables = isinstance(built, tf.Module)
    set_kind(converter, case, kind)
    return converter.convert()


def convert_signatures(case, kind, built):
    module, functions = tf.Module(), {}
    for inputs, (key, function) in zip(case.inputs, built.items(), strict=True):
        specs = [tf.TensorSpec(i.spec.shape, i.spec.dtype, n) for n, i in inputs.items()]
        functions[key] = tf.function(function, input_signature=specs)
        setattr(module, key, functions[key])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, functions)
        keys = list(functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=keys)
        set_kind(converter, case, kind)
        return converter.convert()


def set_kind(converter, case, kind):
    if kind == "float32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind in ("float16", "dynamic"):
        return
    converter.representative_dataset = case.samples
    sets = tf.lite.OpsSet
    if kind == "int16x8":
        converter.target_spec.supported_ops = [
            sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    else:
        converter.target_spec.supported_ops = [sets.TFLITE_BUILTINS_INT8]
    outside = {"int8": tf.int8, "int16x8": tf.int16, "uint8_io": tf.uint8}[kind]
    converter.inference_input_type = converter.inference_output_type = outside


def convert_uint8(case, kind):
    """Ranges are not measured: inputs are -1 to 1, what is between inputs and outputs is
    `spread` wide to both sides."""
    graph = tf.Graph()
    with graph.as_default():
        inputs = [
            tf.compat.v1.placeholder(value.spec.dtype, value.spec.shape, f"x{index}")
            for index, value in enumerate(case.inputs)
        ]
        outputs = case.function()(*inputs)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        outputs = [tf.identity(output, f"y{index}") for index, output in enumerate(outputs)]
        with tf.compat.v1.Session(graph=graph) as session:
            converter = tf.compat.v1.lite.TFLiteConverter.from_session(session, inputs, outputs)
            converter.inference_type = tf.uint8
            converter.quantized_input_stats = {
                f"x{index}": (128, 127) for index in range(len(inputs))
            }
            converter.default_ranges_stats = (-case.spread, case.spread)
            return converter.convert()


def check(model, kind):
    """Whether the model really is of its kind."""
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(model), 0))
    types, tensor_type = Counter(), schema.TensorType
    for graph in parsed.subgraphs:
        types.update(tensor.type for tensor in graph.tensors)
    expected = {
        "float16": tensor_type.FLOAT16,
        "dynamic": tensor_type.INT8,
        "int8": tensor_type.INT8,
        "int16x8": tensor_type.INT16,
        "uint8_io": tensor_type.UINT8,
        "uint8": tensor_type.UINT8,
    }
    if kind in expected and not types[expected[kind]]:
        raise Unavailable("the converter leaves it in float32")
    # LSTM keeps unused float tensors beside its integer ones.
    lstm = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
    if kind in ("int8", "int16x8", "uint8_io", "uint8") and types[tensor_type.FLOAT32]:
        if lstm not in [code.builtinCode for code in parsed.operatorCodes]:
            raise Unavailable("the converter leaves a part of it in float32")
