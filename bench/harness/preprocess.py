"""(d) From a file to the input tensor: this project against keras_image_helper, on one thread."""

import importlib.util
import os

from keras_image_helper import create_preprocessor

from . import stats
from .setup import cores

SIZE = 224


def comparison(setup):
    """`keras-preprocess/bench/compare.py`, which draws the pictures and takes the turns."""
    path = setup.root / "keras-preprocess" / "bench" / "compare.py"
    spec = importlib.util.spec_from_file_location("compare", path)
    compare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compare)
    return compare


def rows(path, times):
    names = {"exact": "ours", "reduced": "ours, reduced", "theirs": "keras_image_helper"}
    series = {name: times[kind] for kind, name in names.items()}
    case = f"{path.stem} {path.suffix[1:].upper()}"
    found = stats.rows("preprocess", case, "ms", series)
    # The reduced mode has the same competitor.
    for row in found:
        if row["side"] == "ours, reduced":
            row["ratio"] = stats.ratios(times["reduced"], times["theirs"])
    return found


def steps(setup):
    return setup.rounds * 4


def run(setup, progress):
    compare = comparison(setup)
    folder = setup.work / "pictures"
    folder.mkdir(exist_ok=True)
    pictures = sorted(folder.iterdir()) or compare.draw(folder)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores(1))
    programs = {
        kind: compare.Program(setup.preprocess, SIZE, "nearest", kind, setup.environment())
        for kind in ("exact", "reduced")
    }
    try:
        theirs = create_preprocessor("xception", (SIZE, SIZE))
        return [
            row
            for path in pictures
            for row in rows(path, compare.turns(path, theirs, programs, setup.rounds, progress))
        ]
    finally:
        os.sched_setaffinity(0, before)
        for program in programs.values():
            program.close()
