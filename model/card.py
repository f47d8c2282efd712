"""The figures of the model card.

    cargo xtask evaluate --images DIR/validation --json | tail -n 1 > evaluation.json
    python golden.py --model clothing.tflite --images DIR/validation --out scores.json
    python card.py --evaluation evaluation.json --scores scores.json [--svg confusion.svg]

Prints accuracy, precision and recall of each label, what it is taken for, and how well the softmax of the logits tells
the chance to be right: expected calibration error in 15 bins, and the temperature that makes the likelihood of the
labels greatest. `--svg` draws the confusion matrix.
"""

import argparse
import json
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

BINS = 15
FOLDS = 5
TEMPERATURES = np.geomspace(0.25, 4.0, 1201)

CELL, LEFT, TOP = 38, 104, 92
FONT = "font-family='system-ui, sans-serif' font-size='12'"


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def loss(logits: np.ndarray, truth: np.ndarray, temperature: float = 1.0) -> float:
    """Mean cross-entropy (natural logarithm)."""
    return float(-np.log(softmax(logits, temperature)[np.arange(len(truth)), truth]).mean())


def fitted_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The logits divided by it have the least cross-entropy."""
    return float(min(TEMPERATURES, key=lambda temperature: loss(logits, truth, temperature)))


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """How far the highest probability is from the accuracy: the mean over bins, weighted by their pictures."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    apart = [
        (bins == index).mean() * abs(confidence[bins == index].mean() - right[bins == index].mean())
        for index in np.unique(bins)
    ]
    return float(sum(apart))


def held_out(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Probabilities with a temperature that was fitted on the other folds' pictures."""
    fold = np.arange(len(truth)) % FOLDS
    probabilities = np.empty_like(logits)
    for index in range(FOLDS):
        mine = fold == index
        probabilities[mine] = softmax(logits[mine], fitted_temperature(logits[~mine], truth[~mine]))
    return probabilities


def print_calibration(scores: dict[str, list[float]], labels: list[str]) -> None:
    logits = np.array(list(scores.values()))
    truth = np.array([labels.index(name.split("/")[0]) for name in scores])
    probabilities, temperature = softmax(logits), fitted_temperature(logits, truth)
    print(f"accuracy {(logits.argmax(axis=1) == truth).mean():.4f}, cross-entropy {loss(logits, truth):.4f}")
    print(f"mean confidence {probabilities.max(axis=1).mean():.4f}")
    print(f"expected calibration error, {BINS} bins: {calibration_error(probabilities, truth):.4f}")
    print(f"fitted temperature: {temperature:.3f}, cross-entropy {loss(logits, truth, temperature):.4f}")
    error = calibration_error(softmax(logits, temperature), truth)
    fair = calibration_error(held_out(logits, truth), truth)
    print(f"  error with it {error:.4f}; fitted on four fifths for each fifth {fair:.4f}")
    ordered = np.sort(logits, axis=1)
    print(f"pictures whose two highest scores are equal: {(ordered[:, -1] == ordered[:, -2]).sum()}")


def print_classes(evaluation: dict) -> None:
    """A Markdown table: what `per_class` and `confusion` say of each label."""
    print("| label | right | of | recall | precision | taken for |\n| --- | --- | --- | --- | --- | --- |")
    labels = evaluation["labels"]
    for index, label in enumerate(labels):
        row = evaluation["per_class"][label]
        wrong = [
            (count, labels[other])
            for other, count in enumerate(evaluation["confusion"][index])
            if other != index
        ]
        taken = ", ".join(
            f"{other} {count}" for count, other in sorted(wrong, key=lambda pair: -pair[0]) if count
        )
        values = [f"{row[name]:.3f}" if row[name] is not None else "-" for name in ("recall", "precision")]
        print(f"| {label} | {row['right']} | {row['pictures']} | {' | '.join(values)} | {taken} |")


def draw(evaluation: dict) -> str:
    """The confusion matrix as SVG: a row for each label, a column for each answer; dark is a large share of the row."""
    labels, matrix = evaluation["labels"], evaluation["confusion"]
    side = CELL * len(labels)
    width, height = LEFT + side + 8, TOP + side + 8
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}' "
        f"{FONT}>",
        "<title>Confusion matrix: rows are labels, columns are answers</title>",
        f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
        f"<text x='{LEFT - 8}' y='{TOP - 8}' text-anchor='end' fill='#57606a' font-style='italic'>label \\ answer</text>",
    ]
    for index, label in enumerate(labels):
        middle = index * CELL + CELL // 2
        parts.append(f"<text x='{LEFT - 8}' y='{TOP + middle + 4}' text-anchor='end'>{escape(label)}</text>")
        x, y = LEFT + middle + 4, TOP - 8
        parts.append(f"<text x='{x}' y='{y}' transform='rotate(-45 {x} {y})'>{escape(label)}</text>")
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            share = count / max(sum(counts), 1)
            x, y = LEFT + column * CELL, TOP + row * CELL
            # Right answers are blue, wrong ones red; the root makes single mistakes visible.
            depth, (red, green, blue) = share**0.5, (9, 105, 218) if row == column else (207, 34, 46)
            fill = "#" + "".join(f"{round(255 - depth * (255 - part)):02x}" for part in (red, green, blue))
            parts.append(
                f"<rect x='{x}' y='{y}' width='{CELL}' height='{CELL}' fill='{fill}' stroke='#d0d7de'/>"
            )
            if count:
                ink = "#ffffff" if depth > 0.6 else "#1f2328"
                centre = f"x='{x + CELL // 2}' y='{y + CELL // 2 + 4}' text-anchor='middle'"
                parts.append(f"<text {centre} fill='{ink}'>{count}</text>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the figures of the model card.")
    parser.add_argument(
        "--evaluation", type=Path, required=True, metavar="FILE", help="of `cargo xtask evaluate --json`"
    )
    parser.add_argument("--scores", type=Path, required=True, metavar="FILE", help="what golden.py wrote")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="where to draw the confusion matrix")
    arguments = parser.parse_args()
    evaluation = json.loads(arguments.evaluation.read_text(encoding="utf-8"))
    print_classes(evaluation)
    print_calibration(json.loads(arguments.scores.read_text(encoding="utf-8"))["files"], evaluation["labels"])
    if arguments.svg:
        arguments.svg.write_text(draw(evaluation), encoding="utf-8")


if __name__ == "__main__":
    main()
