"""(h) What the safe API adds to the bare C calls, as `tflite/benches/overhead` measures it."""

import re
import subprocess

from . import stats
from .setup import pinned


def steps(setup):
    return 1


def run(setup, progress):
    text = subprocess.run(
        [setup.overhead, "--bench"],
        check=True,
        capture_output=True,
        text=True,
        cwd=setup.root / "tflite",
        env=setup.environment(),
        preexec_fn=pinned(1),
    ).stdout
    progress()
    found = []
    for line in text.splitlines()[1:]:
        # Model, XNNPACK, threads, C, wrapper, added, allocations, ...
        cells = re.split(r"\s{2,}", line.strip())
        if not cells[0].startswith("add"):
            continue
        name, xnnpack, _, _, _, added, allocations = cells[:7]
        case = f"{name}, XNNPACK {xnnpack}"
        for unit, value in (("ns added", added), ("allocations", allocations)):
            found += stats.rows("wrapper", case, unit, {"ours": [float(value)]})
    if not found:
        raise RuntimeError(text)
    return found
