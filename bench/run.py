"""Compares this project with what else one would take, and writes the report.

    python run.py --setup SETUP.json --out DIR [--only invoke,start]

`cargo xtask bench` installs and builds what it needs, and calls it. Writes `result.json`, `README.md` and the charts.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from tqdm import tqdm

from harness import invoke, limits, package, preprocess, request, scaling, serve, start, wrapper
from harness.report import write
from harness.setup import Setup

WORKLOADS = {
    "invoke": invoke,
    "start": start,
    "preprocess": preprocess,
    "request": request,
    "package": package,
    "serve": serve,
    "wrapper": wrapper,
}
# Not a comparison of its own: what `bench/simulate` reads.
SCALING = "scaling"
NAMES = (*WORKLOADS, SCALING)


def busy():
    """Processors that work on something else, within two seconds. The load would count the builds before."""

    def ticks():
        user, nice, system, idle, iowait, *rest = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
        working = user + nice + system + sum(rest)
        return working, working + idle + iowait

    before = ticks()
    time.sleep(2)
    working, all_of_them = (after - since for after, since in zip(ticks(), before))
    return os.cpu_count() * working / all_of_them


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": model,
        "processors": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory, 1),
        "kernel": platform.release().split("-")[0],
        "busy_before": round(busy(), 2),
    }


def versions(setup):
    found = {name: metadata.version(name) for name in ("ai-edge-litert", "onnxruntime", "keras-image-helper", "pillow", "fastapi", "uvicorn", "awslambdaric")}
    ask = "from importlib import metadata; print(metadata.version('tflite-runtime'))"
    found["tflite-runtime"] = subprocess.run(
        [setup.python_tflite_runtime, "-c", ask], check=True, capture_output=True, text=True
    ).stdout.strip()
    lock = (setup.root / "bench" / "tract" / "Cargo.lock").read_text().split("[[package]]")
    found["tract-onnx"] = next(part.split('version = "')[1].split('"')[0] for part in lock if 'name = "tract-onnx"' in part)
    found["python"] = platform.python_version()
    commit = subprocess.run(
        ["git", "-C", setup.root, "describe", "--always", "--dirty"], check=True, capture_output=True, text=True
    )
    found["tflite-native"] = commit.stdout.strip()
    return found


def put(path, value, indent):
    """Writes a file that is there whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_suffix(".tmp")
    staging.write_text(json.dumps(value, indent=indent) + "\n")
    staging.rename(path)


def main():
    parser = argparse.ArgumentParser(description="Compare, and write the report.")
    parser.add_argument("--setup", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default=",".join(NAMES))
    arguments = parser.parse_args()
    setup = Setup.read(arguments.setup)
    names = arguments.only.split(",")
    unknown = set(names) - set(NAMES)
    if unknown:
        parser.error(f"no workload is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")

    result = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": versions(setup),
        "rounds": setup.rounds,
        "rows": [],
    }
    compared = [name for name in names if name != SCALING]
    total = sum(WORKLOADS[name].steps(setup) for name in compared) + limits.steps(setup)
    total += scaling.steps(setup) if SCALING in names else 0
    with tqdm(total=total, unit="turn", disable=None, file=sys.stderr) as bar:
        for name in compared:
            bar.set_description(name)
            result["rows"] += WORKLOADS[name].run(setup, bar.update)
        if SCALING in names:
            bar.set_description(SCALING)
            found = scaling.run(setup, bar.update)
            put(arguments.out / "measured.json", scaling.measured(found, result["machine"]), 2)
        bar.set_description("limits")
        result["peak"] = limits.run(setup, bar.update)
    result["limits"] = limits.standing(setup, result["peak"], result["rows"])
    put(arguments.out / "result.json", result, 1)
    write(result, arguments.out)


if __name__ == "__main__":
    main()
