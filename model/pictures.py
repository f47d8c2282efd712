"""Labelled pictures: listing, preprocessing, augmentation.

Serving resizes as `keras_image_helper` does: the whole picture, aspect ratio not kept, to the model's size
with the nearest pixel, then `x / 127.5 - 1`. Training and evaluation use this same function, so that the
model sees in training what it will see when it is served.
"""

import math
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageEnhance

LABELS = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
# Raise it when `augment` changes, so that features cached from its earlier form are not used.
AUGMENTATION = 1
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


def to_input(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Return `[height, width, 3]` float32 in [-1, 1] of an RGB image; `size` is (width, height)."""
    pixels = np.asarray(image.resize(size, Image.Resampling.NEAREST), dtype=np.float32)
    return pixels / np.float32(127.5) - np.float32(1.0)


def _random_box(width: int, height: int, rng: random.Random) -> tuple[int, int, int, int]:
    """A box of 70 to 100 % of the picture's area with its aspect ratio changed by at most 15 %."""
    side = math.sqrt(rng.uniform(0.7, 1.0))
    stretch = math.sqrt(rng.uniform(1 / 1.15, 1.15))
    box_width = min(width, round(width * side * stretch))
    box_height = min(height, round(height * side / stretch))
    left = rng.randint(0, width - box_width)
    top = rng.randint(0, height - box_height)
    return left, top, left + box_width, top + box_height


def augment(image: Image.Image, view: int, seed: str) -> Image.Image:
    """View 0 is the picture, view 1 its mirror image, further views are random crops.

    `seed` names the picture: the same picture, view and seed always give the same pixels, in whatever
    order the threads run.
    """
    if view == 0:
        return image
    if view == 1:
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    rng = random.Random(f"{seed}/{view}")
    image = image.crop(_random_box(*image.size, rng))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.8, 1.2))
    return ImageEnhance.Color(image).enhance(rng.uniform(0.8, 1.2))


def batches(
    examples: list[Example], size: tuple[int, int], batch_size: int, view: int = 0, seed: int = 0
) -> Iterator[np.ndarray]:
    """Yield `[N, height, width, 3]` batches in the order of `examples`; two threads decode ahead of use."""

    def load(example: Example) -> np.ndarray:
        name = f"{seed}/{example.path.parent.name}/{example.path.name}"
        return to_input(augment(open_rgb(example.path), view, name), size)

    with ThreadPoolExecutor(max_workers=2) as pool:
        chunks = [examples[start : start + batch_size] for start in range(0, len(examples), batch_size)]
        pending = [pool.submit(load, example) for example in chunks[0]] if chunks else []
        for following in [*chunks[1:], []]:
            ahead = [pool.submit(load, example) for example in following]
            yield np.stack([future.result() for future in pending])
            pending = ahead
