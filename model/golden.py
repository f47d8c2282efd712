"""Write the logits of a model for a folder of pictures, as the Python runtime computes them.

    python golden.py --model M --images DIR --limit 50 --out FILE [--threads N] [--time]

The JSON file is the reference of a side-by-side test: decoding and resizing are Pillow's, inference is pip's
`ai-edge-litert`, XNNPACK on. `files` maps each picture, named relative to the folder, to its logits.
"""

import argparse
import hashlib
import json
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from picture_folder import list_pictures
from pictures import open_rgb
from preprocessing import stored_mode, to_input
from runtime import Runtime


def parse_arguments() -> argparse.Namespace:
    def positive(text: str) -> int:
        number = int(text)
        if number < 1:
            raise argparse.ArgumentTypeError("must be at least 1")
        return number

    parser = argparse.ArgumentParser(description="Write a model's logits for a folder of pictures as JSON.")
    parser.add_argument("--model", type=Path, required=True, metavar="M", help="a .tflite classifier")
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="searched with its subfolders"
    )
    parser.add_argument(
        "--limit", type=positive, metavar="N", help="take N pictures, spread evenly over the sorted list"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--threads", type=positive, default=1, metavar="N", help="threads of the runtime (default 1)"
    )
    parser.add_argument(
        "--png", type=Path, metavar="DIR", help="also write each decoded picture there, as <name>.png"
    )
    parser.add_argument("--time", action="store_true", help="measure the invocation time too")
    parser.add_argument(
        "--runs", type=positive, default=100, metavar="N", help="timed invocations (default 100)"
    )
    parser.add_argument(
        "--warmup", type=positive, default=10, metavar="N", help="invocations before them (default 10)"
    )
    return parser.parse_args()


def measure(runtime: Runtime, image: np.ndarray, warmup: int, runs: int) -> dict[str, float | int]:
    """Time `invoke` alone, in milliseconds; the input stays the same."""
    runtime.set_input(image)
    for _ in range(warmup):
        runtime.invoke()
    milliseconds = []
    for _ in tqdm(range(runs), desc="time", unit="run", disable=None):
        start = time.perf_counter_ns()
        runtime.invoke()
        milliseconds.append((time.perf_counter_ns() - start) / 1e6)
    milliseconds.sort()
    return {
        "runs": runs,
        "warmup": warmup,
        "min_ms": milliseconds[0],
        "median_ms": statistics.median(milliseconds),
        "mean_ms": statistics.fmean(milliseconds),
        "p95_ms": milliseconds[min(runs - 1, int(runs * 0.95))],
        "max_ms": milliseconds[-1],
    }


def main() -> None:
    arguments = parse_arguments()
    content = arguments.model.read_bytes()
    runtime = Runtime(content, arguments.threads)
    mode = stored_mode(content)
    _, height, width, _ = (int(n) for n in runtime.input["shape"])
    paths = list_pictures(arguments.images, arguments.limit)

    files = {}
    for path in tqdm(paths, desc="golden", unit="img", disable=None):
        picture = open_rgb(path)
        logits = runtime.logits(to_input(picture, (width, height), mode)[None])
        # A float32 is a float64 too: written in full, nothing is lost.
        name = path.relative_to(arguments.images).as_posix()
        files[name] = [float(value) for value in logits]
        if arguments.png:
            # Lossless: whoever reads it sees the pixels that this script saw.
            copy = arguments.png / f"{name}.png"
            copy.parent.mkdir(parents=True, exist_ok=True)
            # Without what the file says of transparency, which a copy in RGB cannot have.
            Image.fromarray(np.asarray(picture)).save(copy)
    result = {
        "model_sha256": hashlib.sha256(content).hexdigest(),
        "runtime": f"ai-edge-litert {version('ai-edge-litert')}",
        "pillow": version("pillow"),
        "threads": arguments.threads,
        "input": [1, height, width, 3],
        "preprocessing": mode,
        "files": files,
    }
    if arguments.time:
        image = to_input(open_rgb(paths[0]), (width, height), mode)[None]
        result["time"] = measure(runtime, image, arguments.warmup, arguments.runs)
        median = result["time"]["median_ms"]
        print(f"invoke: median {median:.2f} ms over {arguments.runs} runs, {arguments.threads} threads")
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {len(files)} pictures to {arguments.out}")


if __name__ == "__main__":
    main()
