#!/usr/bin/env python3
"""Makes described.tflite, and info.json: what is in the models, as two other readers see it.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/pip install --no-deps mediapipe==1.2.2
    venv/bin/python info.py

The models are read with TensorFlow's classes for the schema, archives with Python's zipfile, and
the description for people is written with MediaPipe's classes for its schema.
"""

import importlib.util
import json
import os
import pathlib
import sys
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

FOLDER = pathlib.Path(__file__).parent
MODELS = [
    "conv", "int8_conv", "int8_dense", "dynamic_batch", "strings", "string_equal", "signatures",
    "counter", "optional_input", "odd_name", "unknown_operator", "types", "no_input", "described",
]  # fmt: skip


def metadata_schema():
    """The module without its package, which needs much more."""
    file = "mediapipe/tasks/metadata/metadata_schema_py_generated.py"
    (path,) = [path for path in map(pathlib.Path, sys.path) if (path / file).exists()][:1]
    spec = importlib.util.spec_from_file_location("metadata_schema", path / file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described():
    """add_two with names, a licence, normalization, and two files of labels in two languages."""
    m = metadata_schema()

    def make(kind, **fields):
        table = kind()
        for name, value in fields.items():
            assert hasattr(table, name), name
            setattr(table, name, value)
        return table

    def file(name, kind, locale=None):
        kind = getattr(m.AssociatedFileType, kind)
        return make(m.AssociatedFileT, name=name, type=kind, locale=locale, description="words")

    normalization = make(
        m.ProcessUnitT,
        optionsType=m.ProcessUnitOptions.NormalizationOptions,
        options=make(m.NormalizationOptionsT, mean=[127.5, 1.0, 2.0], std=[128.0]),
    )
    first = make(
        m.TensorMetadataT,
        name="picture",
        description="what there is to see",
        dimensionNames=["colour"],
        processUnits=[normalization],
    )
    second = make(m.TensorMetadataT, name="mask")
    output = make(
        m.TensorMetadataT,
        name="scores",
        associatedFiles=[
            file("labels.txt", "TENSOR_AXIS_LABELS", "en"),
            file("schilder.txt", "TENSOR_AXIS_LABELS", "de"),
            file("missing.txt", "TENSOR_VALUE_LABELS"),
            file("notes.txt", "DESCRIPTIONS"),
        ],
    )
    graph = make(
        m.SubGraphMetadataT,
        name="main",
        inputTensorMetadata=[first, second],
        outputTensorMetadata=[output],
    )
    description = make(
        m.ModelMetadataT,
        name="Adder",
        description="adds",
        version="v2",
        author="a test",
        license="MIT",
        minParserVersion="1.5.0",
        subgraphMetadata=[graph],
        associatedFiles=[file("notes.txt", "DESCRIPTIONS")],
    )
    builder = flatbuffers.Builder(1024)
    builder.Finish(description.Pack(builder), b"M001")

    model = read("add_two")
    model.buffers.append(make(schema.BufferT, data=np.frombuffer(builder.Output(), np.uint8)))
    entry = make(schema.MetadataT, name="TFLITE_METADATA", buffer=len(model.buffers) - 1)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = FOLDER / "described.tflite"
    path.write_bytes(builder.Output())
    time = (2020, 1, 1, 0, 0, 0)
    with zipfile.ZipFile(path, "a") as archive:
        for name, text, method in [
            ("labels.txt", "red\ngreen\n\nblue\n", zipfile.ZIP_STORED),
            ("schilder.txt", "rot\r\ngrün\r\n" * 40 + "blau", zipfile.ZIP_DEFLATED),
            ("notes.txt", "", zipfile.ZIP_STORED),
        ]:
            archive.writestr(zipfile.ZipInfo(name, time), text, method)


def read(name):
    data = (FOLDER / f"{name}.tflite").read_bytes()
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(data), 0))


def names(kind):
    return {value: name for name, value in vars(kind).items() if isinstance(value, int)}


OPERATORS = names(schema.BuiltinOperator)
TYPES = names(schema.TensorType)


def text(value):
    return "" if value is None else bytes(value).decode("utf-8", "replace")


def integers(values):
    return [] if values is None else [int(value) for value in values]


def indices(values):
    return [None if value < 0 else value for value in integers(values)]


def tensor(item, buffers):
    quantization = item.quantization
    has_scale = quantization is not None and len(integers(quantization.zeroPoint)) > 0
    data = buffers[item.buffer].data if item.buffer else None
    return {
        "name": text(item.name),
        "dtype": TYPES[item.type].lower(),
        "shape": integers(item.shape),
        "shape_signature": integers(item.shapeSignature),
        "scales": [float(scale) for scale in quantization.scale] if has_scale else [],
        "zero_points": integers(quantization.zeroPoint) if has_scale else [],
        "axis": int(quantization.quantizedDimension) if has_scale else 0,
        "is_variable": bool(item.isVariable),
        "buffer": item.buffer,
        "constant_bytes": None if data is None else len(data),
    }


def operator(item, codes):
    code = codes[item.opcodeIndex]
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    is_custom = builtin == schema.BuiltinOperator.CUSTOM
    return {
        "name": text(code.customCode) if is_custom else OPERATORS[builtin],
        "is_custom": is_custom,
        "version": code.version,
        "inputs": indices(item.inputs),
        "outputs": indices(item.outputs),
    }


def signature(item):
    return {
        "key": text(item.signatureKey),
        "subgraph": item.subgraphIndex,
        "inputs": {text(entry.name): entry.tensorIndex for entry in item.inputs},
        "outputs": {text(entry.name): entry.tensorIndex for entry in item.outputs},
    }


def info(name):
    model = read(name)
    data = {text(entry.name): model.buffers[entry.buffer].data for entry in model.metadata or []}
    version = data.get("min_runtime_version")
    path = FOLDER / f"{name}.tflite"
    files = []
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            files = [[entry.filename, entry.file_size] for entry in archive.infolist()]
    return {
        "model": name,
        "description": text(model.description),
        "min_runtime_version": None if version is None else bytes(version).split(b"\0")[0].decode(),
        "metadata": [[key, len(value)] for key, value in data.items()],
        "signatures": [signature(item) for item in model.signatureDefs or []],
        "files": files,
        "subgraphs": [
            {
                "name": text(graph.name),
                "inputs": indices(graph.inputs),
                "outputs": indices(graph.outputs),
                "tensors": [tensor(item, model.buffers) for item in graph.tensors],
                "operators": [operator(item, model.operatorCodes) for item in graph.operators],
            }
            for graph in model.subgraphs
        ],
    }


described()
result = json.dumps([info(name) for name in MODELS], indent=None, separators=(",", ":"))
(FOLDER / "info.json").write_text(result.replace('{"model"', '\n{"model"') + "\n")
