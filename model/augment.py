"""Random views of training pictures, as batches of soft-labelled arrays.

A view is one affine map of the output's pixels into the original picture (crop, aspect, small rotation,
mirroring), read at the nearest pixel: the same sampling as in serving, with the same aliasing. Colour is
another affine map. Batches may then be blended (mixup) or pasted into each other (CutMix).

Everything follows from one generator per batch, so a run that is resumed sees the pictures that it would
have seen.
"""

import math
from typing import NamedTuple

import numpy as np

from pictures import normalize

# Luminance of ITU-R BT.601, as Pillow's "L" mode.
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


class Augmentation(NamedTuple):
    """How far views stray from the picture. Areas are shares of the picture's, angles degrees."""

    smallest_area: float
    stretch: float  # the aspect ratio is multiplied by up to this, or divided
    angle: float
    brightness: float
    contrast: float
    saturation: float
    tint: float  # gain of each channel
    mixup: float  # share of the batches
    cutmix: float


def view(image: np.ndarray, size: int, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Return a random view `[size, size, 3]` uint8 of `image`, `[height, width, 3]` uint8."""
    height, width = image.shape[:2]
    side = math.sqrt(rng.uniform(how.smallest_area, 1.0))
    stretch = math.exp(0.5 * rng.uniform(-1.0, 1.0) * math.log(how.stretch))
    box_width, box_height = width * min(1.0, side * stretch), height * min(1.0, side / stretch)
    center_x = rng.uniform(box_width / 2, width - box_width / 2)
    center_y = rng.uniform(box_height / 2, height - box_height / 2)
    angle = math.radians(rng.uniform(-how.angle, how.angle))
    mirror = -1.0 if rng.random() < 0.5 else 1.0

    # Centres of the output's pixels in units of the box. Without rotation this is Pillow's NEAREST.
    offsets = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    across, down = mirror * offsets * box_width, offsets * box_height
    cos, sin = math.cos(angle), math.sin(angle)
    x = center_x + cos * across[None, :] - sin * down[:, None]
    y = center_y + sin * across[None, :] + cos * down[:, None]
    # Beyond the edge the edge's pixel is repeated: backgrounds are mostly plain.
    columns = np.clip(np.floor(x), 0, width - 1).astype(np.int32)
    rows = np.clip(np.floor(y), 0, height - 1).astype(np.int32)
    return image[rows, columns]


def colour(pixels: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast, saturation and tint of `[height, width, 3]` in [-1, 1]."""
    saturation = 1.0 + rng.uniform(-how.saturation, how.saturation)
    gain = (1.0 + rng.uniform(-how.brightness, how.brightness)) * (1.0 + rng.uniform(-how.tint, how.tint, 3))
    contrast = 1.0 + rng.uniform(-how.contrast, how.contrast)
    grey = np.tile(LUMINANCE[:, None], (1, 3))
    matrix = (saturation * np.eye(3) + (1.0 - saturation) * grey) * gain * contrast
    mean = pixels.mean(axis=(0, 1), dtype=np.float32) + 1.0
    # Brightness scales light, so it works on [0, 2]; contrast turns about the picture's mean.
    offset = matrix.sum(axis=0) - 1.0 + (1.0 - contrast) * (mean @ (matrix / contrast))
    flat = pixels.reshape(-1, 3) @ matrix.astype(np.float32) + offset.astype(np.float32)
    return np.clip(flat, -1.0, 1.0).reshape(pixels.shape)


def mix(images: np.ndarray, labels: np.ndarray, how: Augmentation, rng: np.random.Generator):
    """Blend each picture with the one at the mirrored place of the batch, or paste a box of it, or neither."""
    chance = rng.random()
    if chance < how.mixup:
        share = rng.beta(0.4, 0.4)
        images = share * images + (1.0 - share) * images[::-1]
    elif chance < how.mixup + how.cutmix:
        height, width = images.shape[1:3]
        side = math.sqrt(1.0 - rng.beta(1.0, 1.0))
        center_x, center_y = rng.uniform(0, width), rng.uniform(0, height)
        left, right = (int(np.clip(center_x + sign * side * width / 2, 0, width)) for sign in (-1, 1))
        top, bottom = (int(np.clip(center_y + sign * side * height / 2, 0, height)) for sign in (-1, 1))
        images = images.copy()
        images[:, top:bottom, left:right] = images[::-1, top:bottom, left:right].copy()
        share = 1.0 - (right - left) * (bottom - top) / (height * width)
    else:
        return images, labels
    return images.astype(np.float32), (share * labels + (1.0 - share) * labels[::-1]).astype(np.float32)


def batch(
    images: list[np.ndarray], labels: np.ndarray, size: int, how: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return views `[N, size, size, 3]` float32 in [-1, 1] and their soft labels `[N, classes]`."""
    views = []
    for image in images:
        views.append(colour(normalize(view(image, size, how, rng)), how, rng))
    return mix(np.stack(views), labels, how, rng)
