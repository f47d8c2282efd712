"""What preprocessing does to a model's answers, over a folder of pictures.

    python logits.py --model M --images DIR [--program PROGRAM]

Runs the Python interpreter on Pillow's tensor, and compares with the tensor that reduced JPEG decoding (Pillow's `draft`,
to which `reduced_jpeg` is equal) makes. `--enlarge` makes pictures large enough for that. The exact way needs no model: `tensors` counts the pictures whose tensor is equal to
keras_image_helper's to the bit.

Needs the packages of `../../model/requirements.txt` and of `../tests/golden/requirements.txt`.
"""

import argparse
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from keras_image_helper import create_preprocessor
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "model"))

from runtime import Runtime  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare logits of exact and reduced decoding.")
    parser.add_argument("--model", type=Path, default=ROOT / "model/clothing.tflite")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/examples/preprocess")
    parser.add_argument("--enlarge", type=int, default=1, metavar="N", help="first make the pictures N times as wide")
    arguments = parser.parse_args()

    runtime = Runtime(arguments.model.read_bytes(), 1)
    _, height, width, _ = (int(n) for n in runtime.input["shape"])
    assert height == width, "the program takes square inputs"
    preprocessor = create_preprocessor("xception", (width, height))
    program = subprocess.Popen(
        [arguments.program, str(width)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    labels = sorted(folder.name for folder in arguments.images.iterdir() if folder.is_dir())
    pictures = [(path, labels.index(path.parent.name)) for path in sorted(arguments.images.glob("*/*.jpg"))]
    equal, flips, largest, right = 0, 0, 0.0, [0, 0]
    folder = tempfile.mkdtemp()
    for path, label in pictures:
        if arguments.enlarge > 1:
            with Image.open(path) as image:
                size = (image.width * arguments.enlarge, image.height * arguments.enlarge)
                path = Path(folder) / "enlarged.jpg"
                image.convert("RGB").resize(size, Image.BICUBIC).save(path, quality=90)
        tensor = np.ascontiguousarray(preprocessor.from_path(path)).astype("<f4")
        print(path, file=program.stdin, flush=True)
        equal += program.stdout.readline().split()[-1] == f"{zlib.crc32(tensor.tobytes()):08x}"
        with Image.open(path) as image:
            image.draft(None, (width, height))
            reduced = preprocessor.convert_to_tensor(image)
        exact, other = np.array(runtime.logits(tensor)), np.array(runtime.logits(reduced))
        largest = max(largest, float(np.abs(exact - other).max()))
        flips += exact.argmax() != other.argmax()
        right[0] += exact.argmax() == label
        right[1] += other.argmax() == label
    count = len(pictures)
    print(f"{count} pictures, {equal} tensors equal to keras_image_helper's to the bit")
    print(f"accuracy: exact {right[0] / count:.4f}, reduced {right[1] / count:.4f}")
    print(f"reduced: largest difference of a logit {largest:.2f}, {flips} predictions change")


if __name__ == "__main__":
    main()
