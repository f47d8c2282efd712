"""Models that Keras 2 has written as HDF5, such as those of TensorFlow before 2.16, for Keras 3.

Keras 3 reads the format, but not every description in it. Two things are put right here: separable and depthwise
convolutions carry fields of their base class that they never had use for, and a model inside a model counts its own
making as its first call.
"""

import json
import shutil
from pathlib import Path

import h5py

# Fields that Keras 2 wrote for these layers, and that Keras 3 refuses. The values say when they may be left out.
_KERNEL = {"kernel_initializer": None, "kernel_regularizer": (None,), "kernel_constraint": (None,)}
_GROUPS = {"groups": (1,)}
UNUSED = {
    "SeparableConv1D": _GROUPS | _KERNEL,
    "SeparableConv2D": _GROUPS | _KERNEL,
    "DepthwiseConv1D": _GROUPS | _KERNEL,
    "DepthwiseConv2D": _GROUPS | _KERNEL,
    "Conv1DTranspose": _GROUPS,
    "Conv2DTranspose": _GROUPS,
}
MODELS = {"Functional", "Model", "Sequential"}


def is_from_keras2(path: Path) -> bool:
    with h5py.File(path) as file:
        version = file.attrs.get("keras_version", b"")
    version = version.decode() if isinstance(version, bytes) else str(version)
    return version.startswith(("1.", "2."))


def rewrite(path: Path, copy: Path) -> None:
    """Copy the file with a description that Keras 3 understands."""
    shutil.copyfile(path, copy)
    with h5py.File(copy, "r+") as file:
        config = file.attrs["model_config"]
        config = json.loads(config.decode() if isinstance(config, bytes) else config)
        file.attrs["model_config"] = json.dumps(modern(config)).encode()


def modern(layer: dict) -> dict:
    """The description of a layer or model as Keras 3 takes it."""
    config = dict(layer.get("config") or {})
    for field, values in UNUSED.get(layer.get("class_name"), {}).items():
        if values is None or config.get(field, None) in values:
            config.pop(field, None)
    if isinstance(config.get("layers"), list):
        nested = {inner["config"].get("name") for inner in config["layers"] if inner["class_name"] in MODELS}
        config["layers"] = [_calls(modern(inner), nested) for inner in config["layers"]]
    elif isinstance(config.get("layer"), dict):  # wrappers, like TimeDistributed
        config["layer"] = modern(config["layer"])
    return {**layer, "config": config}


def _calls(layer: dict, nested: set[str]) -> dict:
    """Number the calls of models inside the model from 0."""

    def renumber(source):
        name, node, *rest = source
        return [name, node - 1 if name in nested and node > 0 else node, *rest]

    if not layer.get("inbound_nodes"):
        return layer
    nodes = []
    for node in layer["inbound_nodes"]:
        # Older versions wrote a bare source where there is only one.
        sources = [node] if node and isinstance(node[0], str) else node
        nodes.append([renumber(source) for source in sources])
    return {**layer, "inbound_nodes": nodes}
