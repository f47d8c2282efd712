"""Find pictures that are nearly the same in two folders of labelled pictures.

    python duplicates.py --train DIR --validation DIR --out FILE.json [--sheet FILE.png] [--scores JSON...]

Both folders hold `<label>/*.jpg`. Two measures, each of which sees what the other does not:

* a perceptual hash of 64 bits: the signs of the lowest frequencies of the grey picture. Nearly equal for copies
  at another size or compression; pictures of one thing from another side differ.
* the cosine of the features of EfficientNet-Lite0 with its ImageNet weights, centred on the training pictures'
  mean. High for two photographs of one thing too.

Each validation picture is compared with all training pictures, mirrored ones too; so is each folder with itself.
`--sheet` draws the closest pairs side by side, for the eye decides what is a duplicate. With `--scores`, which
`golden.py` writes, the accuracy is told with and without the validation pictures that have one.
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
# From looking at pairs: two photographs of one thing have 0.91 and more. Copies at another size and quality are at
# most 2 bits apart; from 4 on different things of one shape are that near, hence the second limit.
HASH_DISTANCE, HASH_COSINE = 6, 0.8
COSINE = 0.90
# Different things of one kind, mostly photographed by one person before one background.
ALIKE = 0.80
SIZE = (efficientnet_lite.INPUT_SIZE, efficientnet_lite.INPUT_SIZE)
BATCH_SIZE = 32
SHEET_PAIRS, SHEET_SIDE, SHEET_COLUMNS = 24, 128, 4


class Pair(NamedTuple):
    picture: str
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


def pair(examples: list[Example], others: list[Example], distances, cosines, row: int, column: int) -> Pair:
    return Pair(
        name_of(examples[row]),
        name_of(others[column]),
        int(distances[row, column]),
        float(cosines[row, column]),
    )


def duplicates(examples: list[Example], others: list[Example], distances, cosines) -> list[Pair]:
    """All pairs that are near-duplicates by one of the two measures, the nearest first."""
    near = (cosines >= COSINE) | ((distances <= HASH_DISTANCE) & (cosines >= HASH_COSINE))
    found = [
        pair(examples, others, distances, cosines, *place) for place in zip(*np.nonzero(near), strict=True)
    ]
    return sorted(found, key=lambda found: -found.cosine)


def within(examples: list[Example], hashes, features) -> list[Pair]:
    """The near-duplicates in one folder."""
    distances, cosines = closest(hashes[0], hashes, features[0], features)
    same = np.tril_indices(len(examples))  # each pair once, and none of a picture with itself
    distances[same], cosines[same] = hashes.shape[-1], -1.0
    return duplicates(examples, examples, distances, cosines)


def draw(path: Path, found: list[Pair], validation: Path, train: Path) -> None:
    """Pairs side by side, the validation picture on the left."""
    rows = -(-len(found) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * (2 * SHEET_SIDE + 12), rows * (SHEET_SIDE + 6)), "white")
    for index, pair in enumerate(found):
        left = index % SHEET_COLUMNS * (2 * SHEET_SIDE + 12)
        top = index // SHEET_COLUMNS * (SHEET_SIDE + 6)
        for offset, picture in ((0, validation / pair.picture), (SHEET_SIDE, train / pair.other)):
            small = open_rgb(picture).resize((SHEET_SIDE, SHEET_SIDE), Image.Resampling.BOX)
            sheet.paste(small, (left + offset, top))
    sheet.save(path)


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
    found = {
        "across": duplicates(validation, train, distances, cosines),
        "validation": within(validation, hashes, features),
        "training": within(train, train_hashes, train_features),
    }

    names = [name_of(example) for example in validation]
    nearest = [
        pair(validation, train, distances, cosines, row, column)
        for row, column in enumerate(cosines.argmax(axis=1))
    ]
    nearest.sort(key=lambda pair: -pair.cosine)
    print("validation pictures whose nearest training picture is at least as near:")
    for limit in (0, 2, 4, 6, 8, 10):
        print(f"  hash distance at most {limit:2}: {(distances.min(axis=1) <= limit).sum()}")
    for limit in (0.98, 0.95, 0.90, 0.85, ALIKE):
        print(f"  cosine at least {limit:.2f}: {(cosines.max(axis=1) >= limit).sum()}")
    for what, pairs in found.items():
        others = sum(pair.picture.split("/")[0] != pair.other.split("/")[0] for pair in pairs)
        print(f"near-duplicates, {what}: {len(pairs)} pairs, {others} of them with two labels")
        for near in pairs:
            print(f"  {near.picture} {near.other}: hash distance {near.distance}, cosine {near.cosine:.3f}")

    copied = {pair.picture for pair in found["across"]}
    alike = copied | {pair.picture for pair in nearest if pair.cosine >= ALIKE}
    for path in arguments.scores:
        scores = json.loads(path.read_text(encoding="utf-8"))["files"]
        for what, chosen in (
            ("all", names),
            ("without near-duplicates", [name for name in names if name not in copied]),
            (
                f"without those with a cosine of at least {ALIKE:.2f}",
                [name for name in names if name not in alike],
            ),
        ):
            right, total = accuracy(scores, chosen)
            print(f"{path.name}, {what}: {right} of {total}, {right / total:.4f}")
    result = {
        what: [pair._asdict() for pair in pairs] for what, pairs in (*found.items(), ("nearest", nearest))
    }
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if arguments.sheet:
        draw(arguments.sheet, nearest[:SHEET_PAIRS], arguments.validation, arguments.train)


if __name__ == "__main__":
    main()
