"""Read a PyTorch checkpoint in the legacy pickle format with numpy alone.

A legacy checkpoint (before the zip format of torch 1.6) is a row of pickles, then raw storage bytes:

1. a magic number, a protocol version and a description of the machine that wrote it;
2. the state dictionary, whose tensors refer to their storages by key;
3. the list of storage keys, in the order in which the storages follow;
4. per storage, the element count as little-endian int64, then the elements.

A tensor is a view of a storage: offset, shape and strides, counted in elements. Nothing promises that
a view is contiguous. The EfficientNet-Lite files hold transposed convolution kernels, so a reader that
skips the strides gets tensors of the right shape with scrambled numbers.
"""

import collections
import pickle
import struct
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001

STORAGE_DTYPES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}


class CheckpointError(ValueError):
    """The file is not a legacy checkpoint, or is damaged."""


class _StorageKind(NamedTuple):
    name: str


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    size: int


class _View(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(storage, offset, shape, strides, *_grad_and_hooks) -> _View:
    return _View(storage, int(offset), tuple(shape), tuple(strides))


class _RestrictedUnpickler(pickle.Unpickler):
    """Resolves only the names that a state dictionary needs.

    A pickle may name any callable, so the default unpickler would run whatever the file says.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in STORAGE_DTYPES:
            return _StorageKind(name)
        raise CheckpointError(f"the checkpoint names {module}.{name}, which no state dictionary needs")

    def persistent_load(self, saved_id: Any) -> _Storage:
        if len(saved_id) != 6 or saved_id[0] != "storage":
            raise CheckpointError(f"unknown persistent id {saved_id!r}")
        _, kind, key, _location, size, view = saved_id
        if view is not None:
            raise CheckpointError(f"storage {key} is a view of another storage, which is not supported")
        return _Storage(str(key), STORAGE_DTYPES[kind.name], int(size))


def _read_exactly(file: BinaryIO, count: int, what: str) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise CheckpointError(f"the file ends inside {what}: {len(data)} of {count} bytes")
    return data


def _materialize(view: _View, elements: np.ndarray, name: str) -> np.ndarray:
    """Copy a strided view out of its storage, after checking that it stays inside."""
    if len(view.shape) != len(view.strides) or view.offset < 0 or min(view.strides, default=0) < 0:
        raise CheckpointError(f"{name}: shape {view.shape} does not fit strides {view.strides}")
    if 0 not in view.shape:
        last = view.offset + sum((n - 1) * s for n, s in zip(view.shape, view.strides, strict=True))
        if last >= elements.size:
            raise CheckpointError(f"{name}: element {last} of a storage of {elements.size}")
    byte_strides = tuple(stride * elements.itemsize for stride in view.strides)
    strided = np.lib.stride_tricks.as_strided(elements[view.offset :], view.shape, byte_strides)
    return np.ascontiguousarray(strided).reshape(view.shape)


def load(path: Path) -> dict[str, np.ndarray]:
    """Return the state dictionary as contiguous arrays, by parameter name."""
    with open(path, "rb") as file:

        def next_pickle() -> Any:
            try:
                return _RestrictedUnpickler(file).load()
            except (pickle.UnpicklingError, EOFError) as error:
                raise CheckpointError(f"{path}: damaged pickle: {error}") from error

        if next_pickle() != MAGIC_NUMBER:
            raise CheckpointError(f"{path}: not a legacy PyTorch checkpoint (wrong magic number)")
        version = next_pickle()
        if version != PROTOCOL_VERSION:
            raise CheckpointError(f"{path}: protocol version {version}, expected {PROTOCOL_VERSION}")
        if not next_pickle().get("little_endian"):
            raise CheckpointError(f"{path}: written on a big-endian machine")
        views: dict[str, _View] = next_pickle()
        keys = next_pickle()

        storages = {view.storage.key: view.storage for view in views.values()}
        elements = {}
        for key in keys:
            if key not in storages:
                raise CheckpointError(f"{path}: no tensor uses storage {key}, so its type is unknown")
            dtype, size = storages[key].dtype, storages[key].size
            (stored,) = struct.unpack("<q", _read_exactly(file, 8, f"the size of storage {key}"))
            if stored != size:
                raise CheckpointError(f"storage {key}: {stored} elements stored, {size} declared")
            data = _read_exactly(file, size * dtype.itemsize, f"storage {key}")
            elements[key] = np.frombuffer(data, dtype)
        if file.read(1):
            raise CheckpointError(f"{path}: data after the last storage")

    missing = sorted(storages.keys() - elements.keys())
    if missing:
        raise CheckpointError(f"{path}: storages without data: {missing}")
    return {name: _materialize(view, elements[view.storage.key], name) for name, view in views.items()}
