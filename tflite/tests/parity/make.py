#!/usr/bin/env python3
"""Makes small models with the official converter, and what the official Python runtime computes
with them, for the parity test beside this file.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

writes index.json and data/ in some minutes; with names of cases, only their files. Weights and
inputs come from fixed seeds. A model is one line of index.json, NAME.KIND.tflite and NAME.KIND.bin.
The latter holds, for each invocation, the inputs, the outputs without XNNPACK, and the outputs with
XNNPACK if they differ. Numbers are little-endian; a string is its length as a 32-bit number, then
its bytes.

TensorFlow numbers what it makes, and the numbers get into the names of some subgraphs: with names
of cases, a model with branches is not made the same to the byte as with all cases.
"""

import json
import os
import pathlib
import re
import struct
import sys
from importlib import metadata

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

# Each registers its cases, in this order.
import layers  # noqa: F401
import elementwise  # noqa: F401
import shapes  # noqa: F401
import control  # noqa: F401
from cases import CASES
from convert import Unavailable, convert

FOLDER = pathlib.Path(__file__).parent
DATA = FOLDER / "data"


def interpreter(model, xnnpack):
    types = OpResolverType
    resolver = types.BUILTIN if xnnpack else types.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=resolver)


def draw(value, detail, random, batch):
    """A value for an input. For quantized inputs, any number of the type will mostly do."""
    array = value.draw(random, batch)
    wanted = detail["dtype"]
    if array.dtype == wanted or (array.dtype == object and wanted == np.bytes_):
        return array
    if array.dtype != np.float32 or wanted not in (np.int8, np.uint8, np.int16):
        raise TypeError(f"an input is {wanted}, not {array.dtype}")
    limits = np.iinfo(wanted)
    if value.positive:
        scale, zero = detail["quantization"]
        return np.clip(np.rint(array / scale) + zero, limits.min, limits.max).astype(wanted)
    return random.integers(limits.min, limits.max + 1, array.shape).astype(wanted)


def plan(case, model):
    """What to invoke the model with: signature, and inputs by index or name."""
    python, random = interpreter(model, False), case.random("inputs")
    if not isinstance(case.inputs[0], dict):
        # The converter may change the order.
        details = python.get_input_details()
        order = [int(re.search(r"x(\d+)", detail["name"])[1]) for detail in details]
        assert sorted(order) == list(range(len(case.inputs))), order
        for batch in case.batches:
            yield None, [
                draw(case.inputs[index], detail, random, batch)
                for index, detail in zip(order, details)
            ]
        return
    # The functions have no order of their own in the model.
    keys = list(case.function())
    for batch in case.batches:
        for key, inputs in zip(keys, case.inputs, strict=True):
            details = python.get_signature_runner(key).get_input_details()
            yield key, {n: draw(i, details[n], random, batch) for n, i in sorted(inputs.items())}


def run(model, invocations, xnnpack):
    """The outputs of one interpreter that is invoked several times."""
    python = interpreter(model, xnnpack)
    python.allocate_tensors()
    for key, inputs in invocations:
        if key is not None:
            outputs = python.get_signature_runner(key)(**inputs)
            yield dict(sorted(outputs.items()))
            continue
        details = python.get_input_details()
        if any(tuple(d["shape"]) != a.shape for d, a in zip(details, inputs, strict=True)):
            for detail, array in zip(details, inputs):
                python.resize_tensor_input(detail["index"], array.shape)
            python.allocate_tensors()
        for detail, array in zip(details, inputs):
            python.set_tensor(detail["index"], array)
        python.invoke()
        yield [python.get_tensor(detail["index"]) for detail in python.get_output_details()]


def arrays(tensors):
    return list(tensors.values()) if isinstance(tensors, dict) else tensors


def pack(array):
    if array.dtype != object:
        return array.tobytes()
    return b"".join(struct.pack("<I", len(text)) + text for text in array.ravel())


def describe(tensors):
    types = [
        ["string" if a.dtype == object else a.dtype.name, list(a.shape)] for a in arrays(tensors)
    ]
    return types if isinstance(tensors, list) else dict(zip(tensors, types))


def golden(case, model):
    """Each invocation as an entry of the index, and the bytes of all."""
    invocations = list(plan(case, model))
    plain = list(run(model, invocations, False))
    delegated = list(run(model, invocations, True))
    entries, packed = [], b""
    for (key, inputs), without, with_ in zip(invocations, plain, delegated, strict=True):
        groups = [b"".join(map(pack, arrays(group))) for group in (inputs, without, with_)]
        differs = groups[1] != groups[2]
        packed += b"".join(groups if differs else groups[:2])
        entry = {"inputs": describe(inputs), "outputs": describe(without), "xnnpack": differs}
        if describe(with_) != describe(without):
            raise ValueError("XNNPACK gives outputs of other shapes")
        entries.append({"signature": key, **entry} if key else entry)
    return entries, packed


def make(name):
    """Makes a case in all its kinds. Returns entries of the index: of those made, and the rest."""
    case, made, missing = CASES[name], [], []
    for kind in case.kinds:
        name = f"{case.name}.{kind}"
        try:
            model = convert(case, kind)
            entries, packed = golden(case, model)
        except (Unavailable, RuntimeError) as error:
            # A RuntimeError is the runtime's, about a model that it cannot run.
            missing.append({"name": name, "reason": str(error)})
            print(f"{name}: not made: {error}", flush=True)
            continue
        (DATA / f"{name}.tflite").write_bytes(model)
        (DATA / f"{name}.bin").write_bytes(packed)
        made.append({"name": name, "family": case.family, "kind": kind, "invocations": entries})
        print(f"{name}: {len(model)} + {len(packed)} bytes", flush=True)
    return made, missing


def main():
    wanted = sys.argv[1:]
    DATA.mkdir(exist_ok=True)
    if not wanted:
        for path in DATA.iterdir():
            path.unlink()
    results = [make(name) for name in wanted or CASES]
    if wanted:
        return
    versions = {name: metadata.version(name) for name in ("ai-edge-litert", "tensorflow-cpu")}

    def lines(which):
        return ",\n".join("  " + json.dumps(item) for result in results for item in result[which])

    parts = [
        f' "versions": {json.dumps(versions)}',
        f' "models": [\n{lines(0)}\n ]',
        f' "not_made": [\n{lines(1)}\n ]',
    ]
    (FOLDER / "index.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


main()
