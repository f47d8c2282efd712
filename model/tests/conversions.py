"""Convert a made-up classifier from all kinds of files in all quantizations, and write what Keras and the Python
runtime score, for `cargo xtask convert-test`.

    python conversions.py --network xception|small --out DIR

DIR gets the models, the pictures, and `index.json`.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np

import convert
import made
from pictures import open_rgb
from preprocessing import to_input
from runtime import Runtime

QUANTIZATIONS = ("float32", "float16", "dynamic", "int8")
# In float32 from every kind of file; the rest of the way is the same for all.
HEAVY = [(kind, "float32") for kind in ("h5", "keras", "savedmodel")] + [
    ("keras", quantization) for quantization in QUANTIZATIONS[1:]
]
QUICK = [(kind, quantization) for kind in ("h5", "keras", "savedmodel") for quantization in QUANTIZATIONS]


def main() -> None:
    parser = argparse.ArgumentParser(description="Convert a made-up classifier in all ways.")
    parser.add_argument("--network", choices=("xception", "small"), required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty folder")
    arguments = parser.parse_args()
    out = arguments.out
    model = getattr(made, arguments.network)()
    size = model.input_shape[2:0:-1]

    calibration = made.pictures(out / "calibration", 16, seed=2)
    pictures = made.pictures(out / "pictures", 8, seed=3)
    batch = np.stack([to_input(open_rgb(path), size, "tf") for path in calibration])
    made.settle(model, batch)
    inputs = [to_input(open_rgb(path), size, "tf")[None] for path in pictures]
    keras_scores = [np.array(model(image, training=False))[0] for image in inputs]
    # Else a runtime that never looks at the picture would pass.
    if np.std(keras_scores, axis=0).max() < 0.1:
        raise SystemExit("the scores of all pictures are the same")
    kinds = made.save_all(model, out)
    labels = out / "labels.txt"
    labels.write_text("".join(f"{label}\n" for label in made.LABELS), encoding="utf-8")

    index = []
    for kind, quantization in HEAVY if arguments.network == "xception" else QUICK:
        result = out / f"{kind}-{quantization}.tflite"
        command = [kinds[kind], result, "--quantize", quantization, "--labels", labels, "--check", out / "pictures"]
        if quantization == "int8":
            command += ["--calibration", out / "calibration"]
        convert.run(convert.parse_arguments([str(argument) for argument in command]))
        # The function shall find the labels inside.
        result.with_suffix(".labels.txt").unlink()
        runtime = Runtime(result)
        python_scores = [runtime.logits(image) for image in inputs]
        scores = zip(pictures, keras_scores, python_scores, strict=True)
        index.append(
            {
                "kind": kind,
                "quantization": quantization,
                "model": result.name,
                "scores": {
                    path.name: {"keras": expected.tolist(), "python": found.tolist()}
                    for path, expected, found in scores
                },
            }
        )
    (out / "index.json").write_text(
        json.dumps({"labels": made.LABELS, "models": index}, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
