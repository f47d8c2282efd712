"""Models and pictures that are made up: random weights, fixed seeds, and scores as far apart as after training."""

from pathlib import Path

import keras
import numpy as np
from absl import logging
from PIL import Image

# Saving as HDF5 is called outdated each time.
logging.set_verbosity(logging.ERROR)

SEED = 1
CLASSES = 10
LABELS = [f"class {index}" for index in range(CLASSES)]
# The spread of the scores, about that of a trained classifier.
SPREAD = 4.0


def pictures(folder: Path, count: int, seed: int) -> list[Path]:
    """Soft blots of colour, of different sizes, as PNG: whoever reads them sees the same pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    for index in range(count):
        blots = Image.fromarray(rng.integers(0, 256, (12, 9, 3), dtype=np.uint8))
        size = tuple(int(side) for side in rng.integers(120, 500, 2))
        paths.append(folder / f"{index:03}.png")
        blots.resize(size, Image.Resampling.BICUBIC).save(paths[-1])
    return paths


def xception() -> keras.Model:
    """The network of the book: Xception for 299 x 299, an inner layer of 100, dropout, ten classes."""
    keras.utils.set_random_seed(SEED)
    base = keras.applications.Xception(weights=None, include_top=False, input_shape=(299, 299, 3))
    return _with_head(base)


def small() -> keras.Model:
    """The same kinds of layers in a few kilobytes."""
    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    shortcut = layers.Conv2D(16, 1, strides=2, padding="same", use_bias=False)(x)
    x = layers.SeparableConv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.Add()([x, shortcut])
    return _with_head(keras.Model(inputs, x, name="small"))


def _with_head(base: keras.Model) -> keras.Model:
    inputs = keras.Input(base.input_shape[1:])
    x = base(inputs, training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(100, activation="relu")(x)
    x = keras.layers.Dropout(0.2, seed=SEED)(x)
    return keras.Model(inputs, keras.layers.Dense(CLASSES)(x))


def settle(model: keras.Model, batch: np.ndarray) -> None:
    """Give the network the statistics of a batch, and the scores a spread: else all of them would be nearly 0, and
    any two would agree."""
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    norms = [layer for layer in base.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    base(batch, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
    scores = np.array(model(batch, training=False))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * SPREAD / scores.std(), bias])


def save_all(model: keras.Model, folder: Path) -> dict[str, Path]:
    """Write the model in all kinds that can be converted."""
    kinds = {"h5": folder / "model.h5", "keras": folder / "model.keras", "savedmodel": folder / "savedmodel"}
    model.save(kinds["h5"])
    model.save(kinds["keras"])
    model.export(kinds["savedmodel"], verbose=False)
    return kinds
