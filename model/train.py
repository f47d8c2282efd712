"""Train the clothing classifier and export it to TensorFlow Lite.

    python train.py --train DIR --validation DIR --out DIR [--views N] [--cache DIR] [--seed N]

Both input folders hold `<label>/*.jpg`. Stages:

1. EfficientNet-Lite0 with its ImageNet weights; the port is checked on the validation pictures.
2. Features of all pictures, for training of several augmented views each, from the frozen network.
3. A linear head on them, its regularization chosen on the validation pictures.
4. Export, and the check of the exported file against Keras.

Each stage takes and returns plain models or arrays, so a stage that trains the network further fits
between 3 and 4: it takes the classifier and returns it.
"""

import argparse
import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

import efficientnet_lite
import export
import head
from pictures import AUGMENTATION, LABELS, Example, batches, list_examples

BATCH_SIZE = 32
SIZE = (efficientnet_lite.INPUT_SIZE, efficientnet_lite.INPUT_SIZE)
# Logits reach about 15; float32 kernels that sum in another order differ by far less than this.
EXPORT_TOLERANCE = 1e-3
MODEL_FILE, LABELS_FILE = "clothing.tflite", "clothing.labels.txt"

# ImageNet's nearest class for some of our labels, and the share of their pictures that must get it.
# Chance is 0.001; wrong padding, normalization or weight layout brings the share near that.
PORT_CHECK = {
    "pants": (608, "jean", 0.4),
    "t-shirt": (610, "jersey, T-shirt", 0.4),
    "shorts": (842, "trunks", 0.3),
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train the clothing classifier and export it to TensorFlow Lite."
    )
    parser.add_argument(
        "--train", type=Path, required=True, metavar="DIR", help="training pictures, <label>/*.jpg"
    )
    parser.add_argument("--validation", type=Path, required=True, metavar="DIR", help="validation pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=f"where to write {MODEL_FILE}")
    parser.add_argument(
        "--views", type=int, default=6, metavar="N", help="augmented views of each training picture"
    )
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep computed features here between runs")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    arguments = parser.parse_args()
    if arguments.views < 1:
        parser.error("--views must be at least 1")
    return arguments


def predict(
    model: keras.Model, examples: list[Example], name: str, view: int = 0, seed: int = 0
) -> np.ndarray:
    """The model's output for every example, `[N, outputs]`, with a progress bar."""
    rows = []
    with tqdm(total=len(examples), desc=name, unit="img", disable=None) as bar:
        for batch in batches(examples, SIZE, BATCH_SIZE, view, seed):
            rows.append(model.predict_on_batch(batch))
            bar.update(len(batch))
    return np.concatenate(rows)


def cached(folder: Path | None, key: list, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """`compute()`, or what an earlier run saved under the same key."""
    if folder is None:
        return compute()
    path = folder / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".partial.npy")
        np.save(unfinished, compute())
        unfinished.replace(path)  # an interrupted run leaves no half file under the final name
    return np.load(path)


def check_port(imagenet: keras.Model, examples: list[Example]) -> None:
    """The ported network must still know ImageNet's classes for things that our pictures show."""
    for label, (index, name, least) in PORT_CHECK.items():
        chosen = [example for example in examples if LABELS[example.label] == label]
        share = float((predict(imagenet, chosen, f"port check: {label}").argmax(axis=1) == index).mean())
        print(f"port check: ImageNet class {index} ({name}) for {share:.2f} of {label} (at least {least})")
        if share < least:
            raise SystemExit("the ported network does not work: see the port check above")


def train_features(backbone: keras.Model, examples: list[Example], views: int, seed: int, cache: Path | None):
    """Features `[views * N, 1280]` and labels `[views * N]` of the training pictures."""
    pictures = [
        (example.path.parent.name, example.path.name, example.path.stat().st_size) for example in examples
    ]
    features = []
    for view in range(views):
        compute = partial(predict, backbone, examples, f"train view {view + 1}/{views}", view, seed)
        features.append(cached(cache, [SIZE, AUGMENTATION, seed, view, pictures], compute))
    return np.concatenate(features), np.tile([example.label for example in examples], views)


def classifier(backbone: keras.Model, trained: head.Head) -> keras.Model:
    """Put the head on the network: one model from picture to logits."""
    dense = keras.layers.Dense(len(LABELS), name="logits")
    model = keras.Model(backbone.input, dense(backbone.output), name="clothing")
    dense.set_weights([trained.weights, trained.bias])
    return model


def report(logits: np.ndarray, labels: np.ndarray) -> None:
    """Print accuracy, loss, and per label the accuracy and what its pictures were taken for."""
    result = head.score(logits, labels)
    chosen = logits.argmax(axis=1)
    print(f"{MODEL_FILE} on {len(labels)} validation pictures:")
    print(f"  accuracy {result.accuracy:.4f}, loss {result.loss:.4f}")
    for index, label in enumerate(LABELS):
        counts = np.bincount(chosen[labels == index], minlength=len(LABELS))
        wrong = [
            f"{LABELS[other]} {counts[other]}"
            for other in np.argsort(-counts)
            if other != index and counts[other]
        ]
        total = int(counts.sum())
        print(f"  {label:<11}{counts[index]:3d}/{total:<4d}{counts[index] / total:.3f}  {', '.join(wrong)}")


def main() -> None:
    arguments = parse_arguments()
    keras.utils.set_random_seed(arguments.seed)
    tf.config.experimental.enable_op_determinism()
    train, validation = list_examples(arguments.train), list_examples(arguments.validation)
    validation_labels = np.array([example.label for example in validation])
    print(f"{len(train)} training pictures, {len(validation)} validation pictures")

    backbone, imagenet = efficientnet_lite.build()
    check_port(imagenet, validation)
    train_set = train_features(backbone, train, arguments.views, arguments.seed, arguments.cache)
    validation_set = predict(backbone, validation, "validation"), validation_labels
    model = classifier(backbone, head.search(train_set, validation_set, len(LABELS), arguments.seed))

    content = export.convert(model)
    runtime = export.check_contract(content, efficientnet_lite.INPUT_SIZE, len(LABELS))
    keras_logits = predict(model, validation, "Keras")
    logits = export.compare(runtime, keras_logits, batches(validation, SIZE, BATCH_SIZE), EXPORT_TOLERANCE)
    report(logits, validation_labels)

    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / MODEL_FILE).write_bytes(content)
    (arguments.out / LABELS_FILE).write_text("".join(f"{label}\n" for label in LABELS), encoding="utf-8")
    print(f"wrote {MODEL_FILE} ({len(content):,} bytes) and {LABELS_FILE} to {arguments.out}")


if __name__ == "__main__":
    main()
