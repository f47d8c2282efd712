"""The linear head: features in, one logit per label out."""

import math
from typing import NamedTuple

import keras
import numpy as np

BATCH_SIZE = 256
EPOCHS = 30
LEARNING_RATE = 2e-3
DROPOUT = 0.5
WEIGHT_DECAY = 0.3


class Head(NamedTuple):
    """`features @ weights + bias` are the logits."""

    weights: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        return features @ self.weights + self.bias


class Score(NamedTuple):
    accuracy: float
    loss: float


def score(logits: np.ndarray, labels: np.ndarray) -> Score:
    """Accuracy and mean cross-entropy (natural logarithm)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_likelihood = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    accuracy = float((logits.argmax(axis=1) == labels).mean())
    return Score(accuracy, float(-log_likelihood[np.arange(len(labels)), labels].mean()))


def fit(features: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> Head:
    """Train on standardized features, then fold the standardization into the weights."""
    keras.utils.set_random_seed(seed)
    mean, std = features.mean(axis=0), features.std(axis=0) + 1e-6
    inputs = keras.Input((features.shape[1],))
    logits = keras.layers.Dense(classes)(keras.layers.Dropout(DROPOUT)(inputs))
    model = keras.Model(inputs, logits)
    steps = EPOCHS * math.ceil(len(features) / BATCH_SIZE)
    model.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), weight_decay=WEIGHT_DECAY
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    standardized = (features - mean) / std
    rng = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            model.train_on_batch(standardized[chosen], labels[chosen])
    kernel, bias = model.layers[-1].get_weights()
    weights = kernel / std[:, None]
    return Head(weights.astype(np.float32), (bias - mean @ weights).astype(np.float32))
