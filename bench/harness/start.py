"""(b) From `exec` to the first answer, the files in the page cache or not."""

import json
import os
import subprocess
import time
from pathlib import Path

from . import stats
from .setup import pinned

MODELS = ("clothing", "xception")
THREADS = 2
ROUNDS = {"warm": 15, "cold": 5}


def sides(setup):
    """Command, and the folders and files that it reads."""

    def handler(python):
        return [python, setup.peers / "handler.py", setup.samples / "trousers.jpg"], [python.parents[1] / "lib"]

    return {
        "ours": ([setup.classify, setup.samples], [setup.classify]),
        stats.PACKED: ([setup.classify, setup.samples], [setup.classify]),
        "ai-edge-litert": handler(setup.python),
        "tflite-runtime": handler(setup.python_tflite_runtime),
    }


def forget(paths):
    """Drops these files, and no others, from the page cache."""
    for top in paths:
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with open(path, "rb") as file:
                    os.fdatasync(file.fileno())
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def first_answer(setup, command, variables):
    start = time.perf_counter()
    child = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=setup.environment(**variables),
        preexec_fn=pinned(THREADS),
    )
    with child:
        for line in child.stdout:
            answer = json.loads(line)
            # Ours says first what it will do.
            scores = answer.get("scores") or (answer if "pants" in answer else None)
            if scores:
                took = time.perf_counter() - start
                child.stdout.read()
                return took * 1e3
    raise RuntimeError(f"{command[0]}: no answer")


def measure(setup, model, cache, progress):
    variables, programs = setup.variables(model, THREADS), sides(setup)
    packed = {**variables, **setup.packed(model, variables, [setup.classify])}
    programs[stats.PACKED][1].append(Path(packed["WEIGHTS_PATH"]))

    def answer(side, command):
        return first_answer(setup, command, packed if side == stats.PACKED else variables)

    series = {side: [] for side in programs}
    for side, (command, _) in programs.items():
        answer(side, command)
    for _ in range(ROUNDS[cache]):
        for side, (command, files) in programs.items():
            if cache == "cold":
                forget([*files, Path(variables["MODEL_PATH"])])
            series[side].append(answer(side, command))
        progress()
    return stats.both("start", f"{model}, page cache {cache}", "ms", series)


def steps(setup):
    return sum(ROUNDS.values()) * len(MODELS)


def run(setup, progress):
    return [row for model in MODELS for cache in ROUNDS for row in measure(setup, model, cache, progress)]
