"""Time keras_image_helper and this crate side by side, in turns, and print the ratios.

    python compare.py [--runs N] [--size 224] [--filter nearest] [PICTURE...]

Needs the packages of `../tests/golden/requirements.txt`, and

    cargo build --release -p keras-preprocess --example preprocess

Without pictures it draws a 400x534 and a 12-megapixel JPEG (4:2:0, quality 90) and their PNGs. The tensors are
compared first. Both read the file, decode, resize and scale on one thread.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
from keras_image_helper import create_preprocessor
from keras_image_helper import base
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def scene(width: int, height: int) -> Image.Image:
    """Noise whose strength falls with the frequency, as in photographs, and a sensor's noise on top."""
    generator = np.random.default_rng(1)
    picture = np.full((height, width, 3), 128.0)
    cells = 4
    while cells < max(width, height):
        shape = (max(2, height * cells // max(width, height)), max(2, width * cells // max(width, height)))
        for channel, strength in enumerate((0.6, 1.0, 0.6)):
            noise = Image.fromarray(generator.normal(0, 1, shape).astype(np.float32))
            noise = np.asarray(noise.resize((width, height), Image.BICUBIC))
            picture[..., channel] += noise * strength * 160 / cells**0.8
        cells *= 2
    picture += generator.normal(0, 3, picture.shape)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def draw(folder: Path) -> list[Path]:
    paths = []
    for width, height in ((400, 534), (4032, 3024)):
        picture = scene(width, height)
        for suffix, options in ((".jpg", {"quality": 90, "subsampling": "4:2:0"}), (".png", {})):
            paths.append(folder / f"{width}x{height}{suffix}")
            picture.save(paths[-1], **options)
    return paths


class Program:
    """The example `preprocess`, in one of its modes."""

    def __init__(self, program: Path, size: int, resampling: str, kind: str, env: dict[str, str] | None = None):
        command = [program, str(size), "tf", resampling, kind]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def prepare(self, path: Path) -> tuple[float, str]:
        """Milliseconds, and the CRC-32 of the tensor."""
        print(path, file=self._child.stdin, flush=True)
        nanoseconds, crc = self._child.stdout.readline().split(maxsplit=1)
        return int(nanoseconds) / 1e6, crc.strip()

    def close(self) -> None:
        self._child.stdin.close()
        self._child.wait()


def turns(path: Path, theirs, programs: dict[str, Program], runs: int, progress=lambda: None) -> dict[str, list[float]]:
    """Milliseconds of each side's turns: `theirs`, `exact` and `reduced`. The exact tensor must be theirs."""
    times = {"theirs": [], "exact": [], "reduced": []}
    for _ in range(runs):
        begin = time.perf_counter_ns()
        tensor = theirs.from_path(path)
        times["theirs"].append((time.perf_counter_ns() - begin) / 1e6)
        milliseconds, crc = programs["exact"].prepare(path)
        times["exact"].append(milliseconds)
        expected = f"{zlib.crc32(np.ascontiguousarray(tensor).astype('<f4').tobytes()):08x}"
        assert crc == expected, f"{path}: the tensors differ"
        times["reduced"].append(programs["reduced"].prepare(path)[0])
        progress()
    return times


def main() -> None:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description="Time keras_image_helper and keras-preprocess in turns.")
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=31)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--filter", default="nearest")
    parser.add_argument("--program", type=Path, default=target / "release/examples/preprocess")
    arguments = parser.parse_args()

    size = arguments.size
    theirs = create_preprocessor("xception", (size, size))
    if arguments.filter != "nearest":
        # The package knows nearest only: the same steps with another filter.
        resampling = getattr(Image, arguments.filter.upper())
        theirs.resize_image = lambda image: image.convert("RGB").resize((size, size), resampling)
    assert base.Image is Image

    programs = {
        kind: Program(arguments.program, size, arguments.filter, kind) for kind in ("exact", "reduced")
    }

    with tempfile.TemporaryDirectory() as folder:
        paths = arguments.pictures or draw(Path(folder))
        print("| picture | kB | keras_image_helper ms | exact ms | ratio | reduced ms | ratio |")
        print("|---|---|---|---|---|---|---|")
        for path in paths:
            times = turns(path, theirs, programs, arguments.runs)

            def ratio(kind: str) -> float:
                pairs = zip(times[kind], times["theirs"], strict=True)
                return statistics.median(mine / other for mine, other in pairs)

            middle = {kind: statistics.median(values) for kind, values in times.items()}
            print(
                f"| {path.name} | {path.stat().st_size // 1000} | {middle['theirs']:.3f} | {middle['exact']:.3f} | "
                f"{ratio('exact'):.2f} | {middle['reduced']:.3f} | {ratio('reduced'):.2f} |",
                flush=True,
            )
    for program in programs.values():
        program.close()


if __name__ == "__main__":
    main()
