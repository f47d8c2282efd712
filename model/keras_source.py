"""Image classifiers as Keras has them: files `.h5` and `.keras`, and folders in the SavedModel format."""

import importlib.util
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import keras
import numpy as np
import tensorflow as tf

import keras2
from convert_error import SourceError

HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"


class Source(NamedTuple):
    """An image classifier: `[1, height, width, 3]` float32 in, `[1, classes]` float32 out."""

    kind: str
    size: tuple[int, int]  # width, height
    classes: int
    predict: Callable[[np.ndarray], np.ndarray]
    save: Callable[[str], None]
    """Write a SavedModel of it whose only function takes one picture."""


def load(
    path: Path, size: tuple[int, int] | None = None, signature: str | None = None, custom: Path | None = None
) -> Source:
    """Read whatever is at `path`.

    `size` is (width, height), for models that leave it open. `signature` is the function of a SavedModel. `custom` is a
    Python file with the layers that are the model's own.
    """
    if path.is_dir():
        return _from_saved_model(path, size, signature)
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder")
    if signature:
        raise SourceError(f"{path}: only a SavedModel has signatures")
    with open(path, "rb") as file:
        start = file.read(8)
    if start == HDF5:
        return _from_keras(_load_keras(path, ".h5", custom), "Keras HDF5", size)
    if start.startswith(ZIP):
        return _from_keras(_load_keras(path, ".keras", custom), "Keras archive", size)
    if start[4:8] == b"TFL3":
        raise SourceError(f"{path}: this is a .tflite model already")
    if path.name == "saved_model.pb":
        raise SourceError(f"{path}: give the folder that it is in, a SavedModel is all of it")
    raise SourceError(f"{path}: neither a Keras model (.h5, .keras) nor the folder of a SavedModel")


def _load_keras(path: Path, suffix: str, custom: Path | None) -> keras.Model:
    _check_whole(path, suffix)
    objects = _own_layers(custom) if custom else {}
    with tempfile.TemporaryDirectory() as folder:
        # Keras goes by the name, not by what is in the file.
        named = Path(folder) / f"model{suffix}"
        try:
            if suffix == ".h5" and keras2.is_from_keras2(path):
                keras2.rewrite(path, named)
            else:
                named.symlink_to(path.resolve())
            return keras.models.load_model(named, custom_objects=objects, compile=False)
        except Exception as error:
            raise SourceError(f"{path}: {_explain(error)}") from error


def _check_whole(path: Path, suffix: str) -> None:
    """Weights alone, without the layers they belong to, are a common mistake."""
    advice = "it may hold weights alone; save the whole model with `model.save`"
    try:
        if suffix == ".h5":
            with h5py.File(path) as file:
                found = "model_config" in file.attrs
        else:
            with zipfile.ZipFile(path) as file:
                found = "config.json" in file.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path}: damaged, {error}") from error
    if not found:
        raise SourceError(f"{path}: no layers inside; {advice}")


def _explain(error: Exception) -> str:
    """What to do about an error of Keras, or its own words."""
    text = str(error)
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    if "Lambda" in text and "unsafe" in text:
        return (
            "a Lambda layer holds Python code, which is not run from a file; "
            "where the model was made, write it as a SavedModel with `model.export`"
        )
    unknown = re.search(r"(?:Unknown \w+: |Could not locate (?:class|function) )['\"]?(\w+)", text)
    if unknown:
        return (
            f"{unknown[1]} is no part of Keras; give the Python file that defines it with --custom, "
            "or write the model as a SavedModel with `model.export`"
        )
    last = text.strip().splitlines()[-1] if text.strip() else ""
    return f"Keras cannot read it: {first}" + (f"\n{last}" if last != first else "")


def _own_layers(path: Path) -> dict[str, type]:
    """Run a Python file, and return the layers that it defines; whatever it registers is known then too."""
    spec = importlib.util.spec_from_file_location("custom_layers", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SourceError(f"{path}: no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SourceError(f"{path}: {type(error).__name__}: {error}") from error
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, keras.Layer) and value.__module__ == "custom_layers"
    }


def _from_keras(model: keras.Model, kind: str, size: tuple[int, int] | None) -> Source:
    try:
        inputs, outputs = model.inputs, model.outputs
    except AttributeError:
        inputs = outputs = None
    if not inputs or not outputs:
        raise SourceError("the model does not say what goes in and comes out; call it once before it is saved")
    if len(inputs) != 1 or len(outputs) != 1:
        raise SourceError(_several(len(inputs), len(outputs)))
    shape = _input_shape(tuple(inputs[0].shape), size)
    spec = tf.TensorSpec(shape, tf.float32, name="image")
    classes = _classes(tuple(outputs[0].shape))
    # Some models have their input in a list or by its name.
    structure = keras.tree.map_structure(lambda _: None, model._inputs_struct) if _nested(model) else None

    def call(image):
        if structure is not None:
            image = keras.tree.pack_sequence_as(structure, [image])
        scores = model(image, training=False)
        return {"scores": keras.tree.flatten(scores)[0]}

    def save(folder: str) -> None:
        # Keras keeps its variables out of sight of `tf.saved_model.save`, which would then leave the weights out;
        # the archive tracks them.
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", call, [spec])
        archive.write_out(folder, verbose=False)

    return Source(kind, (shape[2], shape[1]), classes, lambda image: np.array(call(image)["scores"]), save)


def _nested(model: keras.Model) -> bool:
    return not isinstance(getattr(model, "_inputs_struct", None), (keras.KerasTensor, type(None)))


def _from_saved_model(path: Path, size: tuple[int, int] | None, signature: str | None) -> Source:
    if not (path / "saved_model.pb").is_file():
        raise SourceError(f"{path}: no saved_model.pb inside, so this is no SavedModel")
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:
        raise SourceError(f"{path}: TensorFlow cannot read it: {str(error).strip().splitlines()[0]}") from error
    names = sorted(loaded.signatures)
    if signature is None and "serving_default" not in names and len(names) == 1:
        (signature,) = names
    name = signature or "serving_default"
    if name not in names:
        has = f"it has {', '.join(names)}" if names else "it has none; write it with `model.export`"
        raise SourceError(f"{path}: no signature {json.dumps(name)}; {has}")
    function = loaded.signatures[name]
    _, inputs = function.structured_input_signature
    outputs = function.structured_outputs
    if len(inputs) != 1 or len(outputs) != 1:
        raise SourceError(_several(len(inputs), len(outputs)))
    ((argument, given),) = inputs.items()
    (result,) = outputs
    if given.dtype != tf.float32:
        raise SourceError(f"the input is {given.dtype.name}; it must be float32")
    shape = _input_shape(tuple(given.shape), size)

    module = tf.Module()
    module.loaded = loaded  # its weights live as long as it does

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name="image")])
    def call(image):
        scores = function(**{argument: image})[result]
        return {"scores": scores}

    classes = _classes(tuple(call.get_concrete_function().structured_outputs["scores"].shape))

    def save(folder: str) -> None:
        tf.saved_model.save(module, folder, signatures={"serving_default": call})

    return Source("SavedModel", (shape[2], shape[1]), classes, lambda image: call(image)["scores"].numpy(), save)


def _several(inputs: int, outputs: int) -> str:
    return f"an image classifier has one input and one output, this model has {inputs} and {outputs}"


def _input_shape(shape: tuple, size: tuple[int, int] | None) -> tuple[int, int, int, int]:
    if len(shape) != 4 or shape[0] not in (None, 1) or shape[3] != 3:
        raise SourceError(f"the input must be [1, height, width, 3], this model has {list(shape)}")
    sides = []
    for fixed, asked, name in zip(shape[1:3], (size or (None, None))[::-1], ("height", "width"), strict=True):
        if fixed is None and asked is None:
            raise SourceError(f"the model leaves its {name} open; give --size")
        if None not in (fixed, asked) and fixed != asked:
            raise SourceError(f"--size has the {name} {asked}, the model has {fixed}")
        sides.append(fixed or asked)
    return (1, *sides, 3)


def _classes(shape: tuple) -> int:
    if len(shape) != 2 or not shape[1]:
        raise SourceError(f"the output must be [1, classes], this model has {list(shape)}")
    return shape[1]
