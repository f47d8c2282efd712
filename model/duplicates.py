"""Find pictures that are nearly the same in two folders of labelled pictures.

    python duplicates.py --train DIR --validation DIR --out FILE.json [--sheet FILE.jpg] [--scores GOLDEN.json]

Both folders hold `<label>/*.jpg`. Two measures, each of which sees what the other does not:

* a perceptual hash of 64 bits: the signs of the lowest frequencies of the grey picture. Equal for copies at another
  size or compression; pictures of one thing from another side differ.
* the cosine of the features of EfficientNet-Lite0 with its ImageNet weights, centred on the training pictures' mean.
  High for two photographs of one thing too.

Each validation picture is compared with all training pictures, mirrored ones too, and with the other validation
pictures. `--sheet` draws the closest pairs side by side, for the eye decides what is a duplicate. With `--scores`, which
`golden.py` writes, the accuracy is told with and without the pictures that have one.
"""

import argparse
import json
import os
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported

import numpy as np
from PIL import Image
from tqdm import tqdm

import efficientnet_lite
from pictures import LABELS, Example, list_examples, normalize, open_rgb, resize

HASH_SIDE, HASH_PIXELS = 8, 32
# From looking at the closest pairs of the data set.
HASH_DISTANCE = 6
COSINE = 0.90
SIZE = (efficientnet_lite.INPUT_SIZE, efficientnet_lite.INPUT_SIZE)
BATCH_SIZE = 32
SHEET_PAIRS, SHEET_SIDE, SHEET_COLUMNS = 24, 128, 4


class Pair(NamedTuple):
    validation: str
    other: str
    distance: int
    cosine: float


def cosines_basis(count: int) -> np.ndarray:
    """The matrix of the type-II discrete cosine transform, unscaled."""
    index = np.arange(count)
    return np.cos(np.pi * np.outer(index, index + 0.5) / count)


def perceptual_hash(pixels: np.ndarray) -> np.ndarray:
    """64 bits of an RGB picture `[height, width, 3]` uint8, as booleans."""
    grey = Image.fromarray(pixels).convert("L").resize((HASH_PIXELS, HASH_PIXELS), Image.Resampling.BOX)
    basis = cosines_basis(HASH_PIXELS)[: HASH_SIDE + 1]
    # The constant and its row and column say only how bright the picture and its edges are.
    low = (basis @ np.asarray(grey, np.float64) @ basis.T)[1:, 1:]
    return (low > np.median(low)).ravel()


def describe(examples: list[Example], name: str, backbone) -> tuple[np.ndarray, np.ndarray]:
    """Hashes `[2, N, 64]` and features `[2, N, 1280]`: of the pictures, and of them mirrored."""
    hashes, features = [], []
    with tqdm(total=len(examples), desc=name, unit="img", disable=None) as bar:
        for start in range(0, len(examples), BATCH_SIZE):
            pictures = [
                np.asarray(open_rgb(example.path)) for example in examples[start : start + BATCH_SIZE]
            ]
            for mirrored in (False, True):
                views = [picture[:, ::-1] if mirrored else picture for picture in pictures]
                hashes.append((mirrored, [perceptual_hash(np.ascontiguousarray(view)) for view in views]))
                inputs = np.stack([resize(Image.fromarray(view), SIZE) for view in views])
                features.append((mirrored, backbone.predict_on_batch(normalize(inputs))))
            bar.update(len(pictures))

    def both(rows):
        return np.stack(
            [np.concatenate([row for side, row in rows if side == mirrored]) for mirrored in (False, True)]
        )

    return both(hashes), both(features)


def closest(hashes, others, features, other_features) -> tuple[np.ndarray, np.ndarray]:
    """Hash distances and cosines `[N, M]`, each the better one of the plain and the mirrored other picture."""
    signs = [np.where(bits, 1.0, -1.0).astype(np.float32) for bits in (hashes, *others)]
    distances = [(hashes.shape[-1] - signs[0] @ other.T) / 2 for other in signs[1:]]

    def unit(rows):
        return rows / np.linalg.norm(rows, axis=-1, keepdims=True)

    cosines = [unit(features) @ unit(other).T for other in other_features]
    return np.minimum(*distances).round().astype(int), np.maximum(*cosines)


def name_of(example: Example) -> str:
    return f"{LABELS[example.label]}/{example.path.name}"


def pairs(validation: list[Example], others: list[Example], distances, cosines) -> list[Pair]:
    """All pairs that one of the two measures calls near, the nearest first."""
    rows, columns = np.nonzero((distances <= HASH_DISTANCE) | (cosines >= COSINE))
    found = [
        Pair(
            name_of(validation[row]),
            name_of(others[column]),
            int(distances[row, column]),
            float(cosines[row, column]),
        )
        for row, column in zip(rows, columns, strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.cosine, pair.distance))


def draw(path: Path, found: list[Pair], validation: Path, others: Path) -> None:
    """The first pairs side by side, the validation picture on the left."""
    found = found[:SHEET_PAIRS]
    rows = -(-len(found) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * (2 * SHEET_SIDE + 12), rows * (SHEET_SIDE + 6)), "white")
    for index, pair in enumerate(found):
        left = index % SHEET_COLUMNS * (2 * SHEET_SIDE + 12)
        top = index // SHEET_COLUMNS * (SHEET_SIDE + 6)
        for offset, picture in ((0, validation / pair.validation), (SHEET_SIDE, others / pair.other)):
            small = open_rgb(picture).resize((SHEET_SIDE, SHEET_SIDE), Image.Resampling.BOX)
            sheet.paste(small, (left + offset, top))
    sheet.save(path, quality=80)


def accuracy(scores: dict[str, list[float]], names: list[str]) -> tuple[int, int]:
    """How many of the pictures are right, and how many there are."""
    right = [LABELS[int(np.argmax(scores[name]))] == name.split("/")[0] for name in names]
    return sum(right), len(right)


def main() -> None:
    parser = argparse.ArgumentParser(description="Find pictures that are nearly the same in two folders.")
    parser.add_argument(
        "--train", type=Path, required=True, metavar="DIR", help="training pictures, <label>/*.jpg"
    )
    parser.add_argument("--validation", type=Path, required=True, metavar="DIR", help="validation pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the pairs as JSON")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="draw the closest pairs there")
    parser.add_argument(
        "--scores", type=Path, nargs="*", default=[], metavar="FILE", help="what golden.py wrote"
    )
    arguments = parser.parse_args()

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    train, validation = list_examples(arguments.train), list_examples(arguments.validation)
    backbone, _ = efficientnet_lite.build()
    train_hashes, train_features = describe(train, "training pictures", backbone)
    hashes, features = describe(validation, "validation pictures", backbone)
    # All pictures have much in common, which would bring every cosine near 1.
    mean = train_features.mean(axis=(0, 1))
    train_features, features = train_features - mean, features - mean

    distances, cosines = closest(hashes[0], train_hashes, features[0], train_features)
    across = pairs(validation, train, distances, cosines)
    own_distances, own_cosines = closest(hashes[0], hashes, features[0], features)
    later = np.tril_indices(len(validation))  # each pair once, and none of a picture with itself
    own_distances[later], own_cosines[later] = hashes.shape[-1], -1.0
    within = pairs(validation, validation, own_distances, own_cosines)

    print("validation pictures whose nearest training picture is as near as that:")
    for limit in (0, 2, 4, 6, 8, 10):
        print(f"  hash distance at most {limit:2}: {(distances.min(axis=1) <= limit).sum()}")
    for limit in (0.98, 0.95, 0.925, 0.90, 0.875, 0.85, 0.80):
        print(f"  cosine at least {limit:.3f}: {(cosines.max(axis=1) >= limit).sum()}")
    touched = sorted({pair.validation for pair in across})
    names = [name_of(example) for example in validation]
    other_label = sum(pair.validation.split("/")[0] != pair.other.split("/")[0] for pair in across)
    print(
        f"near-duplicates (hash at most {HASH_DISTANCE} or cosine at least {COSINE}): {len(across)} pairs with "
        f"training pictures, {other_label} of them with another label; {len(touched)} of {len(names)} validation "
        f"pictures; {len(within)} pairs among the validation pictures"
    )
    for path in arguments.scores:
        scores = json.loads(path.read_text(encoding="utf-8"))["files"]
        kept = [name for name in names if name not in set(touched)]
        for what, chosen in (
            ("all", names),
            ("without near-duplicates", kept),
            ("near-duplicates alone", touched),
        ):
            right, total = accuracy(scores, chosen)
            print(f"  {path.name}, {what}: {right} of {total}, {right / max(total, 1):.4f}")
    result = {"across": [pair._asdict() for pair in across], "within": [pair._asdict() for pair in within]}
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if arguments.sheet:
        draw(arguments.sheet, across, arguments.validation, arguments.train)


if __name__ == "__main__":
    main()
