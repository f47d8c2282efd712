"""Train the clothing classifier and export it to TensorFlow Lite.

    python train.py --train DIR --validation DIR --out DIR [--work DIR] [--seed N]

Both input folders hold `<label>/*.jpg`. Stages:

1. EfficientNet-Lite0 with its ImageNet weights; the port is checked on the validation pictures.
2. A linear head on the features of the frozen network.
3. Fine-tuning of all layers. After each epoch the state is saved under `--work`; a run that was stopped
   goes on from there when it is started again.
4. Export in float32 and in int8, and the check of both files in the stand-alone runtime.

Nothing is trained on the validation pictures, and the result is the last epoch's, not the best one's.
"""

import argparse
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from tqdm import tqdm

import efficientnet_lite
import export
import finetune
import head
import metadata
from pictures import LABELS, Example, list_examples, normalize, open_rgb, resize
from preprocessing import to_input

ROOT = Path(__file__).resolve().parent.parent
BATCH_SIZE = 32
SIZE = (efficientnet_lite.INPUT_SIZE, efficientnet_lite.INPUT_SIZE)
# Only the order of additions changes: normalization is multiplied into the kernels.
FLOAT32_TOLERANCE = 1e-3
# The name of the preprocessing that the metadata tell: [-1, 1], as `keras.applications` calls it.
PREPROCESSOR = "tf"
# How much of the accuracy integers may cost.
INT8_DROP = 0.01
CALIBRATION_PICTURES = 250

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
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the models")
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "target/model",
        metavar="DIR",
        help="for features and the checkpoint, kept between runs (default target/model)",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads (default 2)")
    return parser.parse_args()


def decode(examples: list[Example], name: str) -> list[np.ndarray]:
    """The pictures as `[height, width, 3]` uint8, each at its own size."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        decoded = pool.map(lambda example: np.asarray(open_rgb(example.path)), examples)
        return list(tqdm(decoded, desc=name, total=len(examples), unit="img", disable=None))


def predict(model: keras.Model, pixels: np.ndarray, name: str) -> np.ndarray:
    """The model's output for `[N, height, width, 3]` uint8 pictures of its size: `[N, outputs]`."""
    rows = []
    with tqdm(total=len(pixels), desc=name, unit="img", disable=None) as bar:
        for start in range(0, len(pixels), BATCH_SIZE):
            rows.append(model.predict_on_batch(normalize(pixels[start : start + BATCH_SIZE])))
            bar.update(len(rows[-1]))
    return np.concatenate(rows)


def cached(path: Path, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """`compute()`, or what an earlier run saved under that path."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".partial.npy")
        np.save(unfinished, compute())
        unfinished.replace(path)  # an interrupted run leaves no half file under the final name
    return np.load(path)


def check_port(imagenet: keras.Model, pixels: np.ndarray, labels: np.ndarray) -> None:
    """The ported network must still know ImageNet's classes for things that our pictures show."""
    for label, (index, name, least) in PORT_CHECK.items():
        chosen = pixels[labels == LABELS.index(label)]
        share = float((predict(imagenet, chosen, f"port check: {label}").argmax(axis=1) == index).mean())
        print(f"port check: ImageNet class {index} ({name}) for {share:.2f} of {label} (at least {least})")
        if share < least:
            raise SystemExit("the ported network does not work: see the port check above")


def with_head(backbone: keras.Model, pictures: finetune.Pictures, seed: int, cache: Path) -> keras.Model:
    """The classifier from picture to logits: a linear head on features of plain and mirrored pictures."""
    pixels = np.stack([resize(Image.fromarray(image), SIZE) for image in pictures.images])
    pixels = np.concatenate([pixels, pixels[:, :, ::-1]])
    features = cached(cache, lambda: predict(backbone, pixels, "features"))
    trained = head.fit(features, np.tile(pictures.labels, 2), len(LABELS), seed)
    dense = keras.layers.Dense(len(LABELS), name="logits")
    model = keras.Model(backbone.input, dense(backbone.output), name="clothing")
    dense.set_weights([trained.weights, trained.bias])
    return model


def calibration(examples: list[Example]) -> list[Path]:
    """As many training pictures of each label, spread over its list: rare labels have ranges too."""
    chosen = []
    for label in range(len(LABELS)):
        paths = [example.path for example in examples if example.label == label]
        count = min(len(paths), CALIBRATION_PICTURES // len(LABELS))
        chosen.extend(paths[index * len(paths) // count] for index in range(count))
    return chosen


def described(content: bytes) -> bytes:
    """The model with what it is, its labels and its preprocessing inside."""
    return metadata.describe(
        content,
        LABELS,
        PREPROCESSOR,
        PREPROCESSOR,
        name="clothing classifier",
        description="Tells ten kinds of clothing apart in a picture.",
        license="Apache-2.0",
    )


def write(
    model: keras.Model, train: list[Example], pixels: np.ndarray, labels: np.ndarray, out: Path
) -> None:
    """Export the model in both forms, check them on the validation pictures, write them with the labels."""
    expected = predict(model, pixels, "validation")
    in_float = described(export.convert(model))
    runtime = export.check_contract(in_float, SIZE[0], len(LABELS))
    found = export.run(runtime, normalize(pixels), len(pixels))
    export.compare(found, expected, FLOAT32_TOLERANCE)

    pictures = [to_input(open_rgb(path), SIZE, PREPROCESSOR) for path in calibration(train)]
    in_int8 = described(export.convert(model, pictures))
    export.check_integer(in_int8)
    runtime = export.check_contract(in_int8, SIZE[0], len(LABELS))
    quantized = export.run(runtime, normalize(pixels), len(pixels))
    drop = head.score(found, labels).accuracy - head.score(quantized, labels).accuracy
    if drop > INT8_DROP:
        raise SystemExit(f"int8 costs {drop:.4f} of the accuracy, more than {INT8_DROP}")

    out.mkdir(parents=True, exist_ok=True)
    for name, content, logits in (("clothing", in_float, found), ("clothing-int8", in_int8, quantized)):
        (out / f"{name}.tflite").write_bytes(content)
        (out / f"{name}.labels.txt").write_text("".join(f"{label}\n" for label in LABELS), encoding="utf-8")
        accuracy, loss = head.score(logits, labels)
        print(f"{out / name}.tflite: {len(content):,} bytes, accuracy {accuracy:.4f}, loss {loss:.4f}")


def main() -> None:
    arguments = parse_arguments()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(arguments.seed)
    tf.config.experimental.enable_op_determinism()
    train, validation = list_examples(arguments.train), list_examples(arguments.validation)
    print(f"{len(train)} training pictures, {len(validation)} validation pictures")
    pictures = finetune.Pictures(
        decode(train, "decode training"), np.array([example.label for example in train])
    )
    labels = np.array([example.label for example in validation])
    opened = [open_rgb(example.path) for example in validation]
    pixels = np.stack([resize(picture, SIZE) for picture in opened])
    # What the run depends on besides the code: a checkpoint or cached features of other pictures are of no use.
    names = [(LABELS[example.label], example.path.name, example.path.stat().st_size) for example in train]
    key = hashlib.sha256(repr(names).encode()).hexdigest()[:16]

    backbone, imagenet = efficientnet_lite.build()
    check_port(imagenet, pixels, labels)
    model = with_head(backbone, pictures, arguments.seed, arguments.work / f"features-{key}.npy")

    def inspect(epoch: int, logits: Callable[[np.ndarray], np.ndarray], size: int) -> None:
        # At the size of the training, and at that of serving: for a network that has seen only small
        # pictures these are far apart.
        for side in dict.fromkeys((size, SIZE[0])):
            images = [resize(picture, (side, side)) for picture in opened]
            rows = [
                logits(normalize(np.stack(images[start : start + BATCH_SIZE])))
                for start in range(0, len(images), BATCH_SIZE)
            ]
            result = head.score(np.concatenate(rows), labels)
            print(
                f"  validation after epoch {epoch} at {side}: "
                f"accuracy {result.accuracy:.4f}, loss {result.loss:.4f}",
                flush=True,
            )

    finetune.fine_tune(
        model,
        pictures,
        len(LABELS),
        arguments.seed,
        arguments.work / "checkpoint.npz",
        key,
        inspect,
    )
    write(model, train, pixels, labels, arguments.out)


if __name__ == "__main__":
    main()
