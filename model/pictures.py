"""Labelled pictures: listing and preprocessing.

Serving resizes as `keras_image_helper` does: the whole picture, aspect ratio not kept, to the model's size
with the nearest pixel, then `x / 127.5 - 1`. Evaluation uses this same function; training reads its random
views at the nearest pixel too, so that the model sees in training what it will see when it is served.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

LABELS = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
SUFFIXES = {".jpg", ".jpeg", ".png"}


class Example(NamedTuple):
    """A picture file and the index of its label in `LABELS`."""

    path: Path
    label: int


def list_examples(root: Path) -> list[Example]:
    """List `root/<label>/*.jpg` in a fixed order.

    Each label must have pictures, and no other folder may be there.
    """
    folders = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    if tuple(folders) != LABELS:
        raise SystemExit(
            f"{root}: the folders must be {', '.join(LABELS)}; found {', '.join(folders) or 'none'}"
        )
    examples = []
    for index, label in enumerate(LABELS):
        paths = sorted(path for path in (root / label).iterdir() if path.suffix.lower() in SUFFIXES)
        if not paths:
            raise SystemExit(f"{root / label}: no pictures")
        examples.extend(Example(path, index) for path in paths)
    return examples


def open_rgb(path: Path) -> Image.Image:
    """Decode a picture as RGB. EXIF orientation is left alone, as in serving."""
    with Image.open(path) as image:
        return image.convert("RGB")


def resize(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Return the whole picture at `size` (width, height): `[height, width, 3]` uint8, nearest pixel."""
    return np.asarray(image.resize(size, Image.Resampling.NEAREST))


def normalize(pixels: np.ndarray) -> np.ndarray:
    """Return float32 in [-1, 1] of uint8 RGB, of any shape."""
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
