"""(d) From a file to the input tensor: this project against keras_image_helper, on one thread."""

import importlib.util
import os
import subprocess
import time
import zlib

import numpy as np
from keras_image_helper import create_preprocessor

from . import stats
from .setup import cores

SIZE = 224


def pictures(setup):
    """The pictures that `keras-preprocess/bench/compare.py` draws."""
    path = setup.root / "keras-preprocess" / "bench" / "compare.py"
    spec = importlib.util.spec_from_file_location("compare", path)
    compare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compare)
    folder = setup.work / "pictures"
    folder.mkdir(exist_ok=True)
    return sorted(folder.iterdir()) or compare.draw(folder)


def measure(path, theirs, programs, rounds, progress):
    series = {side: [] for side in ("ours", "ours, reduced", "keras_image_helper")}
    for _ in range(rounds):
        start = time.perf_counter_ns()
        tensor = theirs.from_path(path)
        series["keras_image_helper"].append((time.perf_counter_ns() - start) / 1e6)
        for side, kind in (("ours", "exact"), ("ours, reduced", "reduced")):
            program = programs[kind]
            print(path, file=program.stdin, flush=True)
            nanoseconds, crc = program.stdout.readline().split()
            series[side].append(int(nanoseconds) / 1e6)
            if kind == "exact" and int(crc, 16) != zlib.crc32(np.ascontiguousarray(tensor).astype("<f4").tobytes()):
                raise RuntimeError(f"{path.name}: the tensors differ")
        progress()
    case = f"{path.stem} {path.suffix[1:].upper()}"
    found = stats.rows("preprocess", case, "ms", series)
    # The reduced mode has the same competitor.
    for row in found:
        if row["side"] == "ours, reduced":
            row["ratio"] = stats.ratios(series["ours, reduced"], series["keras_image_helper"])
            row["against"] = "keras_image_helper"
    return found


def steps(setup):
    return setup.rounds * 4


def run(setup, progress):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores(1))
    programs = {
        kind: subprocess.Popen(
            [setup.preprocess, str(SIZE), "tf", "nearest", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=setup.environment(),
        )
        for kind in ("exact", "reduced")
    }
    try:
        theirs = create_preprocessor("xception", (SIZE, SIZE))
        return [
            row
            for path in pictures(setup)
            for row in measure(path, theirs, programs, setup.rounds, progress)
        ]
    finally:
        os.sched_setaffinity(0, before)
        for program in programs.values():
            program.kill()
            program.wait()
