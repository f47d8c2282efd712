"""Convert a Keras image classifier to TensorFlow Lite, and check the result.

    python convert.py MODEL OUT.tflite [--quantize float32|float16|dynamic|int8] [--calibration DIR]
                      [--labels FILE] [--preprocessor xception] [--check DIR]

MODEL is a file `.h5` or `.keras`, or the folder of a SavedModel. Its labels and its preprocessing are stored in the
result as TensorFlow Lite metadata. Keras and the stand-alone runtime then score the same pictures; nothing is written
if they differ by more than they should. See CONVERT.md.
"""

import argparse
import math
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it says so on every start, and adds in another order
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
from PIL import Image

import conversion
import keras_source
import metadata
import preprocessing
from convert_error import ConversionError, ConvertError, InputError
from picture_folder import list_pictures
from pictures import open_rgb

# Pictures that are made up if none are given: the check needs some.
RANDOM_PICTURES = 8


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    def positive(text: str) -> int:
        number = int(text)
        if number < 1:
            raise argparse.ArgumentTypeError("must be at least 1")
        return number

    def size(text: str) -> tuple[int, int]:
        match = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", text)
        sides = match and (int(match[1]), int(match[2] or match[1]))
        if not sides or 0 in sides:
            raise argparse.ArgumentTypeError("must be like 299 or 320x240, width and height")
        return sides

    def tolerance(text: str) -> float:
        number = float(text)
        if not (math.isfinite(number) and number >= 0):
            raise argparse.ArgumentTypeError("must be a number of at least 0")
        return number

    def preprocessor(text: str) -> str:
        if preprocessing.mode_of(text) is None:
            known = ", ".join([*preprocessing.MODES, *preprocessing.MODELS])
            raise argparse.ArgumentTypeError(f"{text!r} is none of {known}")
        return text

    parser = argparse.ArgumentParser(description="Convert a Keras image classifier to TensorFlow Lite.")
    parser.add_argument("model", type=Path, metavar="MODEL", help=".h5, .keras, or the folder of a SavedModel")
    parser.add_argument("out", type=Path, metavar="OUT", help="the .tflite file to write")
    parser.add_argument(
        "--quantize",
        choices=conversion.QUANTIZATIONS,
        default="float32",
        help="float16: half the size; dynamic: a quarter, weights in 8 bits; int8: a quarter and all in 8 bits, "
        "needs --calibration (default float32)",
    )
    parser.add_argument(
        "--calibration", type=Path, metavar="DIR", help="pictures like those that will come, for int8"
    )
    parser.add_argument(
        "--calibration-pictures", type=positive, default=200, metavar="N", help="how many of them (default 200)"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="one label a line, in the order of the outputs")
    parser.add_argument(
        "--preprocessor",
        type=preprocessor,
        default="xception",
        metavar="NAME",
        help="a model of keras.applications, or tf, caffe, torch, raw (default xception)",
    )
    parser.add_argument("--size", type=size, metavar="WxH", help="of the input, if the model leaves it open")
    parser.add_argument("--signature", metavar="NAME", help="of a SavedModel (default serving_default)")
    parser.add_argument("--custom", type=Path, metavar="FILE", help="Python file with the model's own layers")
    parser.add_argument(
        "--check", type=Path, metavar="DIR", help="pictures to compare with (default: those of --calibration, or noise)"
    )
    parser.add_argument(
        "--check-pictures", type=positive, default=50, metavar="N", help="how many of them (default 50)"
    )
    parser.add_argument(
        "--tolerance", type=tolerance, metavar="X", help="the largest difference of two scores that passes"
    )
    parser.add_argument("--verbose", action="store_true", help="show what TensorFlow says")
    chosen = parser.parse_args(arguments)
    if (chosen.quantize == "int8") != (chosen.calibration is not None):
        parser.error("--quantize int8 needs --calibration DIR, and nothing else takes it")
    return chosen


def read_labels(path: Path, classes: int) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    labels = [line.strip() for line in lines]
    if "" in labels:
        raise InputError(f"{path}: line {labels.index('') + 1} is blank")
    # The function's answer has a field for each. ImageNet has two cranes, for instance.
    for index, line in enumerate(labels):
        count = 1
        while labels[index] in labels[:index]:
            count += 1
            labels[index] = f"{line} ({count})"
    if len(labels) != classes:
        raise InputError(f"{path}: {len(labels)} labels, but the model has {classes} outputs")
    return labels


def inputs(paths: list[Path], size: tuple[int, int], mode: str):
    """Each picture as `[1, height, width, 3]`."""
    for path in paths:
        try:
            picture = open_rgb(path)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise InputError(f"{path}: {error}") from error
        yield preprocessing.to_input(picture, size, mode)[None]


def noise(size: tuple[int, int], mode: str):
    """Made-up pictures: soft blots, more like photographs than single pixels of noise are."""
    rng = np.random.default_rng(1)
    for _ in range(RANDOM_PICTURES):
        blots = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        yield preprocessing.to_input(blots.resize(size, Image.Resampling.BICUBIC), size, mode)[None]


def run(arguments: argparse.Namespace) -> None:
    calibration = None
    if arguments.calibration:
        calibration = list_pictures(arguments.calibration, arguments.calibration_pictures)
    check = list_pictures(arguments.check, arguments.check_pictures) if arguments.check else calibration
    source = keras_source.load(arguments.model, arguments.size, arguments.signature, arguments.custom)
    labels = read_labels(arguments.labels, source.classes) if arguments.labels else None
    mode = preprocessing.mode_of(arguments.preprocessor)
    width, height = source.size
    print(f"{arguments.model}: {source.kind}, input [1, {height}, {width}, 3], {source.classes} classes")

    content = conversion.convert(
        source,
        arguments.quantize,
        lambda: inputs(calibration, source.size, mode),
        arguments.verbose,
    )
    content = metadata.describe(content, labels, arguments.preprocessor, mode)

    if check:
        check = check[: arguments.check_pictures]
        images, total = inputs(check, source.size, mode), len(check)
    else:
        images, total = noise(source.size, mode), RANDOM_PICTURES
    result = conversion.agreement(*conversion.run_both(source, content, images, total, arguments.verbose))
    limit = result.limit(arguments.quantize) if arguments.tolerance is None else arguments.tolerance
    low, high = result.range
    print(
        f"largest difference between Keras and the .tflite: {result.largest:.2e} "
        f"over {result.pictures} {'pictures' if check else 'made-up pictures'} "
        f"(mean {result.mean:.2e}; scores from {low:.3g} to {high:.3g}; at most {limit:.2e} passes)"
    )
    print(f"the same label for {result.same} of {result.pictures} pictures")
    if not result.largest <= limit:  # true for NaN too
        raise ConversionError(
            f"the .tflite differs from Keras by {result.largest:.2e}, more than {limit:.2e}; nothing is written"
        )
    write(arguments.out, content)
    print(f"wrote {arguments.out} ({len(content):,} bytes, {arguments.quantize})")
    if labels:
        beside = arguments.out.with_suffix(".labels.txt")
        write(beside, "".join(f"{label}\n" for label in labels).encode())
        print(f"wrote {beside}")


def write(path: Path, content: bytes) -> None:
    """All of it or nothing."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def main() -> None:
    try:
        run(parse_arguments())
    except ConvertError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
