"""TensorFlow Lite metadata of an image classifier: labels, preprocessing, what its input and output are.

A description in its own FlatBuffer is stored in the model, and the files it speaks of follow the model as a ZIP
archive, so that `unzip model.tflite` and every tool for TensorFlow Lite find them:

* `labels.txt`, one label a line, for the indices of the output;
* `preprocessing.json`, the name of the preprocessor, its mode, the size and how pictures are resized to it.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from preprocessing import MODES

ENTRY = "TFLITE_METADATA"
IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.0.0"
LABELS_FILE, PREPROCESSING_FILE = "labels.txt", "preprocessing.json"

# From the schema of the metadata: members of unions and enumerations.
NORMALIZATION, IMAGE, RGB = 1, 2, 1
DESCRIPTIONS, TENSOR_AXIS_LABELS = 1, 2


def describe(
    content: bytes,
    labels: Sequence[str] | None,
    preprocessor: str,
    mode: str,
    name: str = "image classifier",
    description: str = "",
    author: str = "",
    license: str = "",
) -> bytes:
    """The model with metadata; what it had of them before is replaced.

    `preprocessor` is a name for people, `mode` one of `preprocessing.MODES`. The size is that of the model's input.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(_without_archive(content), 0))
    graph = model.subgraphs[0]
    _, height, width, _ = (int(side) for side in graph.tensors[graph.inputs[0]].shape)
    files = {
        PREPROCESSING_FILE: json.dumps(
            {
                "preprocessor": preprocessor,
                "mode": mode,
                "width": width,
                "height": height,
                "resize": "nearest",
                "channels": "bgr" if MODES[mode].reverse else "rgb",
            }
        )
        + "\n"
    }
    if labels:
        files[LABELS_FILE] = "".join(f"{label}\n" for label in labels)
    names = (_text(graph.tensors[graph.inputs[0]].name), _text(graph.tensors[graph.outputs[0]].name))
    described = _description(
        bool(labels), preprocessor, mode, (width, height), names, (name, description, author, license)
    )

    entry = next((entry for entry in model.metadata or [] if _text(entry.name) == ENTRY), None)
    if entry is None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = ENTRY, len(model.buffers)
        model.metadata = [*(model.metadata or []), entry]
        model.buffers.append(schema.BufferT())
    model.buffers[entry.buffer].data = np.frombuffer(described, np.uint8)
    builder = _Aligned(len(content) + len(described) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()) + _archive(files, len(builder.Output()))


class _Aligned(flatbuffers.Builder):
    """Puts all bytes at multiples of 16, as the schema asks for buffers; the generated code does not see to it."""

    def CreateNumpyVector(self, array):
        if array.dtype != np.uint8:
            return super().CreateNumpyVector(array)
        self.StartVector(1, array.size, 16)
        start = self.head - array.size
        self.Bytes[start : self.head] = array.tobytes()
        self.head = start
        return self.EndVector()


def _text(name: bytes | str | None) -> str:
    return name.decode() if isinstance(name, bytes) else name or ""


def _without_archive(content: bytes) -> bytes:
    """The FlatBuffer alone. Nothing in it speaks of what follows, so it may as well stay; a second archive must not."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            starts = [info.header_offset for info in archive.infolist()]
    except zipfile.BadZipFile:
        return content
    return content[: min(starts)] if starts else content


def _archive(files: dict[str, str], offset: int) -> bytes:
    """A ZIP archive for a place behind `offset` bytes. Its dates are fixed, so that equal models are equal files."""
    written = io.BytesIO()
    written.write(bytes(offset))
    with zipfile.ZipFile(written, "a", zipfile.ZIP_STORED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return written.getvalue()[offset:]


def _description(has_labels, preprocessor, mode, size, names, about) -> bytes:
    """The FlatBuffer `ModelMetadata`."""
    build = flatbuffers.Builder(1024)
    text = build.CreateString

    def table(fields: int, **slots: Callable[[], None]) -> int:
        build.StartObject(fields)
        for write in slots.values():
            write()
        return build.EndObject()

    def at(slot: int, offset: int) -> Callable[[], None]:
        return lambda: build.PrependUOffsetTRelativeSlot(slot, offset, 0)

    def vector(offsets: Sequence[int]) -> int:
        build.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            build.PrependUOffsetTRelative(offset)
        return build.EndVector()

    def floats(numbers: Sequence[float]) -> int:
        return build.CreateNumpyVector(np.array(numbers, np.float32))

    def file(name: str, description: str, kind: int) -> int:
        title, words = text(name), text(description)
        return table(
            5,
            name=at(0, title),
            description=at(1, words),
            type=lambda: build.PrependInt8Slot(2, kind, 0),
        )

    def image() -> int:
        width, height = size
        default = table(
            2,
            width=lambda: build.PrependUint32Slot(0, width, 0),
            height=lambda: build.PrependUint32Slot(1, height, 0),
        )
        properties = table(
            2, color_space=lambda: build.PrependInt8Slot(0, RGB, 0), default_size=at(1, default)
        )
        return table(
            3,
            content_properties_type=lambda: build.PrependUint8Slot(0, IMAGE, 0),
            content_properties=at(1, properties),
        )

    def normalization() -> int:
        mean, std = floats(MODES[mode].mean), floats(MODES[mode].std)
        options = table(2, mean=at(0, mean), std=at(1, std))
        return table(
            2, options_type=lambda: build.PrependUint8Slot(0, NORMALIZATION, 0), options=at(1, options)
        )

    def tensor(name: str, description: str, files: Sequence[int], content: int = 0, units: Sequence[int] = ()) -> int:
        title, words = text(name), text(description)
        units, files = vector(units) if units else 0, vector(files) if files else 0
        return table(
            7,
            name=at(0, title),
            description=at(1, words),
            content=at(3, content),
            process_units=at(4, units),
            associated_files=at(6, files),
        )

    order = "blue, green, red" if MODES[mode].reverse else "red, green, blue"
    picture = tensor(
        names[0],
        f"The whole picture, resized with the nearest pixel, as {preprocessor} takes it (mode {mode}; {order}).",
        [file(PREPROCESSING_FILE, "The preprocessing, for programs.", DESCRIPTIONS)],
        image(),
        [normalization()],
    )
    labels = [file(LABELS_FILE, "One label for each score.", TENSOR_AXIS_LABELS)] if has_labels else []
    scores = tensor(names[1], "One score for each label; the highest wins.", labels)
    inputs, outputs = vector([picture]), vector([scores])
    graph = table(10, inputs=at(2, inputs), outputs=at(3, outputs))
    graphs = vector([graph])
    name, description, author, license = (text(words) if words else 0 for words in about)
    version = text(MIN_PARSER_VERSION)
    root = table(
        8,
        name=at(0, name),
        description=at(1, description),
        subgraphs=at(3, graphs),
        author=at(4, author),
        license=at(5, license),
        min_parser_version=at(7, version),
    )
    build.Finish(root, IDENTIFIER)
    return bytes(build.Output())
