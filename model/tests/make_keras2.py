"""Write `keras2.h5` with Keras 2, a small model inside a model as in the book, and `keras2.npz` with what it scores.

    pip install --no-deps tf-keras==2.21.0    # beside ../requirements.txt, in an environment of its own
    python make_keras2.py
"""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported

import numpy as np
import tf_keras as keras

HERE = Path(__file__).resolve().parent


def build() -> keras.Model:
    layers = keras.layers
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 16, 3))
    x = layers.SeparableConv2D(4, 3, strides=2, use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    base = keras.Model(inputs, x, name="base")
    inputs = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(base(inputs, training=False))
    x = layers.Dropout(0.2)(layers.Dense(8, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(3)(x))


def main() -> None:
    model = build()
    rng = np.random.default_rng(3)
    for weight in model.weights:
        shape = weight.shape
        # Variances are positive; the rest may be anything.
        weight.assign(rng.uniform(0.5, 1.5, shape) if "normalization" in weight.name else rng.normal(0, 0.8, shape))
    model.compile(optimizer="adam", loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    model.save(HERE / "keras2.h5", include_optimizer=False)
    images = rng.uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
    np.savez_compressed(HERE / "keras2.npz", images=images, scores=model.predict(images, verbose=0))


if __name__ == "__main__":
    main()
