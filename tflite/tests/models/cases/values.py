"""Builds models of one operator with values that its kernel must not be given, and keeps them."""

import pathlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from .build import Op, T, code, data, graph, make, model, operator, pack, schema, tensor

FOLDER = pathlib.Path(__file__).parent.parent / "hostile"
NUMPY = {
    T.FLOAT32: np.float32,
    T.INT8: np.int8,
    T.UINT8: np.uint8,
    T.INT16: np.int16,
    T.INT32: np.int32,
    T.INT64: np.int64,
    T.BOOL: np.bool_,
}
INT_MIN, INT_MAX, LONG_MIN = -(2**31), 2**31 - 1, -(2**63)
CASES = []


class Tensor:
    """An input or output: shape, type, and what it holds if it is a constant."""

    def __init__(self, shape, dtype=T.FLOAT32, constant=None, **fields):
        self.shape, self.dtype, self.constant, self.fields = list(shape), dtype, constant, fields


def counted(*shape, dtype=T.FLOAT32):
    """What is computed with, if it does not matter what it is."""
    count = int(np.prod(shape))
    return Tensor(shape, dtype, list(range(1, count + 1)))


def given(*shape, dtype=T.INT32):
    """Given when the model runs."""
    return Tensor(shape, dtype)


def result(*shape, dtype=T.FLOAT32):
    """-1 where the length depends on values."""
    if -1 in shape:
        known = [1 if dim == -1 else dim for dim in shape]
        return Tensor(known, dtype, shapeSignature=list(shape))
    return Tensor(shape, dtype)


def scaled(one, count=1):
    """With so many scales, of slices along the first axis."""
    one.fields["quantization"] = make(
        schema.QuantizationParametersT, scale=[0.5] * count, zeroPoint=[0] * count
    )
    return one


def build(builtin, inputs, outputs, kind, options, version):
    """An input that is None is left out."""
    tensors, buffers, used, open_inputs = [], [], [], []
    for one in inputs + outputs:
        if one is None:
            used.append(-1)
            continue
        buffer = 0
        if one.constant is not None:
            buffers.append(data(one.constant, NUMPY[one.dtype]))
            buffer = len(buffers)
        index = len(tensors)
        tensors.append(tensor(f"t{index}", one.shape, one.dtype, buffer, **one.fields))
        if len(used) < len(inputs) and one.constant is None and "isVariable" not in one.fields:
            open_inputs.append(index)
        used.append(index)
    count = len(inputs)
    step = operator(used[:count], used[count:], kind=kind, options=options)
    operator_code = code(builtin)
    operator_code.version = version
    whole = graph(tensors, [step], open_inputs, used[count:])
    return pack(model(whole, [operator_code], *buffers))


def run(content, inputs, values):
    interpreter = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()
    for detail, value in zip(details, values):
        array = np.asarray(value, detail["dtype"]).reshape(detail["shape"])
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    outputs = []
    for detail in interpreter.get_output_details():
        shape = detail["shape"].tolist()
        # The Python runtime does not give out what is empty.
        values = interpreter.get_tensor(detail["index"]).reshape(-1).tolist() if np.prod(shape) else []
        outputs.append({"shape": shape, "data": values})
    return outputs


def case(builtin, inputs, outputs, good=(), bad=(), kind=None, options=None, name=None, version=1,
         constants=True):
    """`good` and `bad` list what the open inputs are given; `bad` goes on with the error's words."""
    operators = {number: text for text, number in vars(Op).items() if isinstance(number, int)}
    name = name or operators[builtin].lower()
    options = make(getattr(schema, f"{kind}T"), **(options or {})) if kind else None
    content = build(builtin, inputs, outputs, kind, options, version)
    (FOLDER / f"{name}.tflite").write_bytes(content)
    open_inputs = [one for one in inputs if one.constant is None]
    entry = {"model": name, "good": [], "bad": [], "constant": []}
    for values in good:
        entry["good"].append({"inputs": values, "outputs": run(content, open_inputs, values)})
    for number, (*values, words) in enumerate(bad):
        entry["bad"].append({"inputs": values, "words": words})
        if not constants:
            continue
        fixed = iter(values)
        known = [
            one if one.constant is not None else Tensor(one.shape, one.dtype, next(fixed))
            for one in inputs
        ]
        # XNNPACK and the builder of subgraphs want something to be left open.
        data_input = next((i for i, one in enumerate(inputs) if one.constant is not None), None)
        if data_input is None:
            continue
        known[data_input] = Tensor(known[data_input].shape, known[data_input].dtype)
        variant = f"{name}_constant_{number}"
        content_variant = build(builtin, known, outputs, kind, options, version)
        (FOLDER / f"{variant}.tflite").write_bytes(content_variant)
        entry["constant"].append({"model": variant, "words": words})
    CASES.append(entry)


def refused(name, builtin, inputs, outputs, words, kind=None, options=None, version=1):
    """A model that has types or ranks, rather than values, which the kernel must not be given."""
    options = make(getattr(schema, f"{kind}T"), **(options or {})) if kind else None
    content = build(builtin, inputs, outputs, kind, options, version)
    (FOLDER / f"{name}.tflite").write_bytes(content)
    constant = [{"model": name, "words": words}]
    CASES.append({"model": None, "good": [], "bad": [], "constant": constant})
